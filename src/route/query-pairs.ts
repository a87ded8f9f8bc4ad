/**
 * Reading of `application/x-www-form-urlencoded` query texts in place: pairs between "&", name and
 * value around the first "=", "+" is a space, broken escapes stand for themselves.
 */
const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PLUS = 0x2b;
const PERCENT = 0x25;
const SPACE = 0x20;

/** End of the pair that begins at `start`: the next "&", or `end`. */
export function pairEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== AMPERSAND) at++;
  return at;
}

/** End of the name of the pair `bytes[start … end - 1]`: its first "=", or `end`. */
export function nameEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== EQUALS) at++;
  return at;
}

/** Whether `bytes[start … end - 1]`, decoded, is `expected`. Makes no copy. */
export function equalsDecoded(
  bytes: Uint8Array,
  start: number,
  end: number,
  expected: Uint8Array,
): boolean {
  let at = start;
  for (let i = 0; i < expected.length; i++) {
    if (at >= end || decodedByte(bytes, at, end) !== expected[i]) return false;
    at += isEscape(bytes, at, end) ? 3 : 1;
  }
  return at === end;
}

/** A decoded copy of `bytes[start … end - 1]`. */
export function decodeQuery(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const decoded = new Uint8Array(end - start);
  let length = 0;
  for (let at = start; at < end; at += isEscape(bytes, at, end) ? 3 : 1) {
    decoded[length++] = decodedByte(bytes, at, end);
  }
  return decoded.subarray(0, length);
}

function decodedByte(bytes: Uint8Array, at: number, end: number): number {
  const byte = bytes[at]!;
  if (byte === PLUS) return SPACE;
  if (!isEscape(bytes, at, end)) return byte;
  return hexDigit(bytes[at + 1]!) * 16 + hexDigit(bytes[at + 2]!);
}

function isEscape(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    bytes[at] === PERCENT &&
    at + 2 < end &&
    hexDigit(bytes[at + 1]!) >= 0 &&
    hexDigit(bytes[at + 2]!) >= 0
  );
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
