import { REASON } from '../base/reasons.ts';
import { ASTERISK, QUESTION, SLASH, asciiBytes } from './ascii.ts';
import { parseAuthority } from './authority.ts';
import { HEAD_FLAG, METHOD } from './http1-head.ts';
import type { RequestHead } from './http1-head.ts';

const HTTP = asciiBytes('http://');
const HTTPS = asciiBytes('https://');

/**
 * Sorts out a target that does not begin with "/" (RFC 9112 §3.2.2-§3.2.4): "*" for OPTIONS, and
 * absolute-form, whose authority then counts instead of Host. Returns 0 or badTarget. The method is
 * not CONNECT. Slow path: clients send these to forward proxies.
 *
 * An absolute-form without a path gets "/", for OPTIONS without a query "*".
 */
export function readUnusualTarget(bytes: Uint8Array, head: RequestHead): number {
  const { targetStart: start, targetEnd: end } = head;
  if (bytes[start] === ASTERISK && end - start === 1) {
    return head.method === METHOD.options ? 0 : REASON.badTarget;
  }
  const size = startsWith(bytes, start, end, HTTP) || startsWith(bytes, start, end, HTTPS);
  if (size === 0) return REASON.badTarget;
  const authority = start + size;
  let i = authority;
  while (i < end && bytes[i] !== SLASH && bytes[i] !== QUESTION) i++;
  const hostNameEnd = parseAuthority(bytes, authority, i);
  if (hostNameEnd < 0) return REASON.badTarget;
  head.hostStart = authority;
  head.hostEnd = i;
  head.hostNameEnd = hostNameEnd;
  head.flags |= HEAD_FLAG.absoluteForm | HEAD_FLAG.targetChanged;
  if (i < end && bytes[i] === SLASH) {
    head.pathStart = i;
    return 0;
  }
  // The last byte of "://" serves as the path that is missing.
  head.pathStart = authority - 1;
  head.pathEnd = authority;
  head.pathSuspect = false;
  if (head.method === METHOD.options && i === end) bytes[head.pathStart] = ASTERISK;
  return 0;
}

/** Size of `lower` where `bytes[start..end)` begins with it in any case, else 0. */
function startsWith(bytes: Uint8Array, start: number, end: number, lower: Uint8Array): number {
  if (end - start < lower.length) return 0;
  for (let i = 0; i < lower.length; i++) {
    if ((bytes[start + i]! | 0x20) !== lower[i]!) return 0;
  }
  return lower.length;
}
