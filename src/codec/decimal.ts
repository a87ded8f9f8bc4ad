import { DIGIT_0 } from './ascii.ts';

/** Most digits of a length: those of 2^53 - 1. */
const DIGITS_MAX = 16;

/**
 * The value of `bytes[start..end)` as 1*DIGIT, 0 to 2^53 - 1; -1 where it is anything else (empty,
 * signed, hexadecimal, a list, too large). Once per message with a Content-Length (RFC 9110 §8.6).
 */
export function parseDecimal(bytes: Uint8Array, start: number, end: number): number {
  const size = end - start;
  if (size < 1 || size > DIGITS_MAX) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - DIGIT_0;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value > Number.MAX_SAFE_INTEGER ? -1 : value;
}
