import { REASON } from '../base/reasons.ts';
import { COMMA, HTAB, SEMICOLON, SP, asciiBytes, equalsIgnoreCase } from './ascii.ts';
import { TOKEN } from './char-class.ts';

const CHUNKED = asciiBytes('chunked');

/**
 * Judges the value of a request's one Transfer-Encoding (RFC 9112 §6.1): 0 where it is "chunked",
 * else a REASON id. Only a well-formed list that ends in one "chunked" after other codings is
 * answered with 501; empty items, parameters of chunked, quotes and all else are 400.
 */
export function judgeTransferCoding(bytes: Uint8Array, start: number, end: number): number {
  if (equalsIgnoreCase(bytes, start, end, CHUNKED)) return 0;
  let i = start;
  for (;;) {
    const first = i;
    while (i < end && TOKEN[bytes[i]!] !== 0) i++;
    if (i === first) return REASON.badTransferEncoding;
    const isChunked = equalsIgnoreCase(bytes, first, i, CHUNKED);
    while (i < end && (bytes[i] === SP || bytes[i] === HTAB)) i++;
    if (isChunked) {
      return i === end ? REASON.unsupportedTransferCoding : REASON.badTransferEncoding;
    }
    if (i < end && bytes[i] === SEMICOLON) {
      while (i < end && bytes[i] !== COMMA) i++;
    }
    if (i >= end || bytes[i] !== COMMA) return REASON.badTransferEncoding;
    i++;
    while (i < end && (bytes[i] === SP || bytes[i] === HTAB)) i++;
  }
}
