/*
 * Names of the DNS (RFC 1035 §3.1, §4.1.4) between their bytes and their text.
 *
 *   bytes   3 w w w 7 e x a m p l e 3 c o m 0      a label each, with its length; 0 ends the name
 *           3 w w w 0xc0 offset                    or a pointer to what was written before does
 *   text    www.example.com                        lower-case, no dot at the end; the root is ""
 *
 * A byte of a label that is a dot, a backslash or not printable ASCII stands as \DDD in the text.
 */

/** Bytes of a name as it is sent, its last 0 included (RFC 1035 §2.3.4). */
export const DNS_NAME_BYTES_MAX = 255;
/** Bytes of one label. */
export const DNS_LABEL_BYTES_MAX = 63;
/** Pointers followed in one name: as many as a name of the greatest length can have labels. */
export const DNS_POINTERS_MAX = 127;

/** Length of a text that can still be a name: each byte escaped. */
const TEXT_CHARS_MAX = DNS_NAME_BYTES_MAX * 4;

const POINTER_BITS = 0xc0;
const BACKSLASH = '\\';

/** A name and where what follows it begins; a text says what is wrong. */
export type DnsNameResult = { readonly name: string; readonly end: number } | string;

/**
 * Reads the name at `start`. Pointers must lead backwards, to before the part of the name that they
 * end: a name that is read ends. Called for each record of an answer.
 */
export function readDnsName(bytes: Uint8Array, start: number): DnsNameResult {
  let name = '';
  let at = start;
  let partStart = start;
  let end = -1;
  let size = 1;
  let pointers = 0;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) return 'a name is cut off';
    if (length === 0) return { name, end: end < 0 ? at + 1 : end };
    if ((length & POINTER_BITS) === POINTER_BITS) {
      const low = bytes[at + 1];
      if (low === undefined) return 'a name is cut off';
      const target = ((length & ~POINTER_BITS) << 8) | low;
      if (target >= partStart) return 'a name has a pointer that does not lead backwards';
      if (++pointers > DNS_POINTERS_MAX) return `a name has more than ${DNS_POINTERS_MAX} pointers`;
      if (end < 0) end = at + 2;
      at = target;
      partStart = target;
      continue;
    }
    if (length > DNS_LABEL_BYTES_MAX) return 'a name has a label of an unknown kind';
    size += length + 1;
    if (size > DNS_NAME_BYTES_MAX) return `a name has more than ${DNS_NAME_BYTES_MAX} bytes`;
    if (at + 1 + length > bytes.length) return 'a name is cut off';
    name += `${name === '' ? '' : '.'}${labelText(bytes, at + 1, at + 1 + length)}`;
    at += 1 + length;
  }
}

function labelText(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte >= 0x41 && byte <= 0x5a) text += String.fromCharCode(byte + 0x20);
    else if (byte <= 0x20 || byte >= 0x7f || byte === 0x2e || byte === 0x5c) {
      text += `\\${String(byte).padStart(3, '0')}`;
    } else text += String.fromCharCode(byte);
  }
  return text;
}

/**
 * The bytes of a name given as text, without pointers; null where it is none. A dot at the end is
 * allowed and changes nothing. For questions, which are few.
 */
export function writeDnsName(text: string): Uint8Array | null {
  if (text === '' || text === '.') return new Uint8Array(1);
  if (text.length > TEXT_CHARS_MAX) return null;
  const out: number[] = [];
  let label: number[] = [];
  const endLabel = (): boolean => {
    if (label.length === 0 || label.length > DNS_LABEL_BYTES_MAX) return false;
    out.push(label.length, ...label);
    label = [];
    return true;
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '.') {
      if (!endLabel()) return null;
    } else if (char === BACKSLASH) {
      const digits = text.slice(i + 1, i + 4);
      if (!/^[0-9]{3}$/.test(digits) || Number(digits) > 255) return null;
      label.push(Number(digits));
      i += 3;
    } else {
      const code = text.charCodeAt(i);
      if (code <= 0x20 || code >= 0x7f) return null;
      label.push(code);
    }
  }
  if (label.length > 0 && !endLabel()) return null;
  out.push(0);
  return out.length > DNS_NAME_BYTES_MAX ? null : Uint8Array.from(out);
}

/** The one form of a name that comparisons use: lower-case, without a dot at its end. */
export function canonicalDnsName(text: string): string {
  const lower = text.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}
