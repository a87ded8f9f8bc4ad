/** Bytes that the text protocols give a meaning, by name. */
export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const QUOTE = 0x22;
export const PERCENT = 0x25;
export const ASTERISK = 0x2a;
export const COMMA = 0x2c;
export const DASH = 0x2d;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const DIGIT_0 = 0x30;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const QUESTION = 0x3f;
export const BRACKET_OPEN = 0x5b;
export const BACKSLASH = 0x5c;
export const BRACKET_CLOSE = 0x5d;

/** The bytes of an ASCII text; made once at start-up for the literals that parsers compare with. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** `bytes[start..end)` as a text, one character per byte. For rare paths: it allocates. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/**
 * Whether `bytes[start..end)` is `lower` in any case. `lower` is lower-case ASCII.
 *
 * The bytes must hold no control characters but HTAB, which every field value and token fulfils:
 * the comparison sets bit 5, which would make CR look like "-".
 */
export function equalsIgnoreCase(
  bytes: Uint8Array,
  start: number,
  end: number,
  lower: Uint8Array,
): boolean {
  const size = lower.length;
  if (end - start !== size) return false;
  for (let i = 0; i < size; i++) {
    if ((bytes[start + i]! | 0x20) !== lower[i]!) return false;
  }
  return true;
}

/** Whether two tokens of one buffer are the same in any case. Both have `size` bytes. */
export function sameToken(bytes: Uint8Array, a: number, b: number, size: number): boolean {
  for (let i = 0; i < size; i++) {
    const x = bytes[a + i]!;
    const y = bytes[b + i]!;
    if (x !== y && ((x | 0x20) !== (y | 0x20) || (x | 0x20) < 0x61 || (x | 0x20) > 0x7a)) {
      return false;
    }
  }
  return true;
}
