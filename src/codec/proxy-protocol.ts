import { asciiBytes } from './ascii.ts';
import { PROXY_FAULT } from './proxy-header.ts';
import type { ProxyHeader } from './proxy-header.ts';
import { readProxyV1 } from './proxy-protocol-v1.ts';
import { PROXY_V2_SIGNATURE, readProxyV2 } from './proxy-protocol-v2.ts';

const V1_START = asciiBytes('PROXY ');
const LETTER_P = 0x50;
const CR = 0x0d;

/**
 * Reads the header at the beginning of a connection from `bytes[at … at+length)`, version 1 or 2:
 * its length in bytes, 0 while it is incomplete, or minus a PROXY_FAULT id as soon as no further
 * bytes could make it good. `out` has a meaning only after a length. Never throws, never reads
 * outside its input, and never needs more than PROXY_V2_BYTES_MAX bytes.
 *
 * Called once per connection from a listed network, and again, from the start, when more has come.
 */
export function parseProxyHeader(
  bytes: Uint8Array,
  at: number,
  length: number,
  out: ProxyHeader,
): number {
  if (length === 0) return 0;
  if (bytes[at] === CR) return readProxyV2(bytes, at, length, out);
  if (bytes[at] === LETTER_P) return readProxyV1(bytes, at, length, out);
  return -PROXY_FAULT.notHeader;
}

/** Results of `looksLikeProxyHeader`. */
export const PROXY_LOOK = { no: 0, perhaps: 1, yes: 2 } as const;

/**
 * Whether a connection begins with a header that it must not have, since its network is not listed:
 * `yes` once all of "PROXY " or of the signature of version 2 is there, `perhaps` while all bytes so
 * far are the beginning of one of them. What follows is not looked at.
 */
export function looksLikeProxyHeader(bytes: Uint8Array, at: number, length: number): number {
  if (length === 0) return PROXY_LOOK.perhaps;
  const start = bytes[at] === CR ? PROXY_V2_SIGNATURE : V1_START;
  for (let i = 0; i < start.length; i++) {
    if (i >= length) return PROXY_LOOK.perhaps;
    if (bytes[at + i] !== start[i]) return PROXY_LOOK.no;
  }
  return PROXY_LOOK.yes;
}
