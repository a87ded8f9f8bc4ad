/** The values that may follow the addresses in the PROXY protocol, version 2 (section 2.2). */
import {
  PROXY_AUTHORITY_BYTES_MAX,
  PROXY_RANGE,
  PROXY_UNIQUE_ID_BYTES_MAX,
} from './proxy-header.ts';
import type { ProxyHeader } from './proxy-header.ts';

export const TLV_TYPE = {
  alpn: 0x01,
  authority: 0x02,
  checksum: 0x03,
  noop: 0x04,
  uniqueId: 0x05,
  ssl: 0x20,
  sslVersion: 0x21,
  sslCommonName: 0x22,
  sslCipher: 0x23,
  sslSignature: 0x24,
  sslKey: 0x25,
  netns: 0x30,
} as const;

/** Bytes of type and length, and those of PP2_TYPE_SSL before the values within it. */
export const TLV_FIXED_BYTES = 3;
const SSL_FIXED_BYTES = 5;
const CHECKSUM_BYTES = 4;

const ANY_SIZE = 0xffff;
const TOP = 0;
const IN_SSL = 1;

/** By type: place in `ranges` (-1: of no interest), level, least and greatest size. */
const ROWS = new Int32Array(256 * 4).fill(-1);

function row(type: number, range: number, level: number, sizes: readonly [number, number]): void {
  ROWS.set([range, level, ...sizes], type * 4);
}

row(TLV_TYPE.alpn, PROXY_RANGE.alpn, TOP, [0, ANY_SIZE]);
row(TLV_TYPE.authority, PROXY_RANGE.authority, TOP, [0, PROXY_AUTHORITY_BYTES_MAX]);
row(TLV_TYPE.checksum, PROXY_RANGE.checksum, TOP, [CHECKSUM_BYTES, CHECKSUM_BYTES]);
row(TLV_TYPE.uniqueId, PROXY_RANGE.uniqueId, TOP, [0, PROXY_UNIQUE_ID_BYTES_MAX]);
row(TLV_TYPE.netns, PROXY_RANGE.netns, TOP, [0, ANY_SIZE]);
row(TLV_TYPE.ssl, PROXY_RANGE.ssl, TOP, [SSL_FIXED_BYTES, ANY_SIZE]);
row(TLV_TYPE.sslVersion, PROXY_RANGE.sslVersion, IN_SSL, [0, ANY_SIZE]);
row(TLV_TYPE.sslCommonName, PROXY_RANGE.sslCommonName, IN_SSL, [0, ANY_SIZE]);
row(TLV_TYPE.sslCipher, PROXY_RANGE.sslCipher, IN_SSL, [0, ANY_SIZE]);
row(TLV_TYPE.sslSignature, PROXY_RANGE.sslSignature, IN_SSL, [0, ANY_SIZE]);
row(TLV_TYPE.sslKey, PROXY_RANGE.sslKey, IN_SSL, [0, ANY_SIZE]);

/**
 * Notes where in `bytes[start..end)` which value stands, those within PP2_TYPE_SSL too; false where
 * one is malformed, runs past the end, or is given twice. Unknown types are passed over.
 */
export function readTlvs(bytes: Uint8Array, start: number, end: number, out: ProxyHeader): boolean {
  if (!readLevel(bytes, start, end, out)) return false;
  if (!out.has(PROXY_RANGE.ssl)) return true;
  const ssl = out.ranges[PROXY_RANGE.ssl * 2]!;
  out.sslClient = bytes[ssl]!;
  out.sslVerify =
    ((bytes[ssl + 1]! << 24) |
      (bytes[ssl + 2]! << 16) |
      (bytes[ssl + 3]! << 8) |
      bytes[ssl + 4]!) >>>
    0;
  return readLevel(bytes, ssl + SSL_FIXED_BYTES, out.ranges[PROXY_RANGE.ssl * 2 + 1]!, out);
}

function readLevel(bytes: Uint8Array, start: number, end: number, out: ProxyHeader): boolean {
  const { ranges } = out;
  // Within PP2_TYPE_SSL only once that is known, which is after the top level has been read.
  const level = out.has(PROXY_RANGE.ssl) ? IN_SSL : TOP;
  let i = start;
  while (i < end) {
    if (end - i < TLV_FIXED_BYTES) return false;
    const at = bytes[i]! * 4;
    const size = (bytes[i + 1]! << 8) | bytes[i + 2]!;
    const from = i + TLV_FIXED_BYTES;
    i = from + size;
    if (i > end) return false;
    const range = ROWS[at]! * 2;
    if (range < 0 || ROWS[at + 1] !== level) continue;
    if (size < ROWS[at + 2]! || size > ROWS[at + 3]! || ranges[range]! >= 0) return false;
    ranges[range] = from;
    ranges[range + 1] = i;
  }
  return true;
}
