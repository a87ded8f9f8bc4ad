import { REGEX_INPUT_MAX } from './path-regex.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** UTF-8 bytes of a configured text. At compile time only. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * `bytes[start … end - 1]` as text for a regular expression: UTF-8, broken sequences replaced. Null
 * where it is longer than REGEX_INPUT_MAX. Allocates: for conditions that need a text only.
 */
export function decodeText(bytes: Uint8Array, start: number, end: number): string | null {
  return end - start > REGEX_INPUT_MAX ? null : decoder.decode(bytes.subarray(start, end));
}

/** Lower-case of an ASCII letter, any other byte itself. */
export function lowerByte(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
