const DIGITS = '0123456789abcdef';

/**
 * Writes `value` (an integer from 0 to 2^53 - 1) in lower-case hexadecimal digits at `at`, as a
 * chunk size has them (RFC 9112 §7.1); returns the index just past them. The caller has 14 bytes of
 * room there.
 */
export function writeHexadecimal(bytes: Uint8Array, at: number, value: number): number {
  let end = at + 1;
  for (let rest = value; rest >= 16; rest = Math.floor(rest / 16)) end++;
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    const next = Math.floor(rest / 16);
    bytes[i] = DIGITS.charCodeAt(rest - next * 16);
    rest = next;
  }
  return end;
}
