/**
 * The PROXY protocol, version 2 (section 2.2).
 *
 *   0            12          13         14      16
 *   │ signature  │ ver | cmd │ fam | tr │ length │ addresses, ports │ TLVs │
 */
import { asciiBytes, asciiText } from './ascii.ts';
import { crc32c } from './crc32c.ts';
import {
  PROXY_AUTHORITY_BYTES_MAX,
  PROXY_FAMILY,
  PROXY_FAULT,
  PROXY_RANGE,
  PROXY_TRANSPORT,
  PROXY_UNIQUE_ID_BYTES_MAX,
  PROXY_V2_BYTES_MAX,
  PROXY_V2_FIXED_BYTES,
} from './proxy-header.ts';
import type { ProxyAddresses, ProxyHeader } from './proxy-header.ts';
import { TLV_FIXED_BYTES, TLV_TYPE, readTlvs } from './proxy-tlv.ts';

/** The first 12 bytes. */
export const PROXY_V2_SIGNATURE = asciiBytes('\r\n\r\n\0\r\nQUIT\n');

const VERSION_BITS = 0x20;
const COMMAND = { local: 0, proxy: 1 } as const;
const UNIX_PATH_BYTES = 108;
/** Bytes of both addresses and ports, by PROXY_FAMILY. */
const ADDRESS_BYTES = [0, 12, 36, 2 * UNIX_PATH_BYTES] as const;
const NUL = 0;

/**
 * Reads a header from `bytes[at … at+length)`: its length, 0 while it is incomplete, or minus a
 * PROXY_FAULT id, each as soon as it is certain. `out` has a meaning only after a length.
 *
 * What follows the fixed part of a LOCAL command, and of an unspecified family or transport, is
 * passed over unread: where addresses end and TLVs begin is not defined there.
 */
export function readProxyV2(
  bytes: Uint8Array,
  at: number,
  length: number,
  out: ProxyHeader,
): number {
  for (let i = 0; i < PROXY_V2_SIGNATURE.length; i++) {
    if (i >= length) return 0;
    if (bytes[at + i] !== PROXY_V2_SIGNATURE[i]) return -PROXY_FAULT.notHeader;
  }
  if (length <= 12) return 0;
  const command = bytes[at + 12]! & 15;
  if ((bytes[at + 12]! & 0xf0) !== VERSION_BITS) return -PROXY_FAULT.badVersion;
  if (command > COMMAND.proxy) return -PROXY_FAULT.badCommand;
  if (length <= 13) return 0;
  const family = bytes[at + 13]! >> 4;
  const transport = bytes[at + 13]! & 15;
  const isProxy = command === COMMAND.proxy;
  const isUnknown = family > PROXY_FAMILY.unix || transport > PROXY_TRANSPORT.datagram;
  if (isProxy && isUnknown) return -PROXY_FAULT.badFamily;
  if (length < PROXY_V2_FIXED_BYTES) return 0;
  const size = PROXY_V2_FIXED_BYTES + ((bytes[at + 14]! << 8) | bytes[at + 15]!);
  if (size > PROXY_V2_BYTES_MAX) return -PROXY_FAULT.tooLong;
  out.clear(2);
  out.isLocal = !isProxy;
  if (!isProxy || family === 0 || transport === 0) return length < size ? 0 : size;
  const tlvStart = at + PROXY_V2_FIXED_BYTES + ADDRESS_BYTES[family]!;
  if (at + size < tlvStart) return -PROXY_FAULT.tooShort;
  if (length < size) return 0;
  out.family = family;
  out.transport = transport;
  readAddresses(bytes, at + PROXY_V2_FIXED_BYTES, out);
  if (at + size === tlvStart) return size;
  out.tlvStart = tlvStart;
  out.tlvEnd = at + size;
  if (!readTlvs(bytes, tlvStart, at + size, out)) return -PROXY_FAULT.badTlv;
  return hasGoodChecksum(bytes, at, size, out) ? size : -PROXY_FAULT.badChecksum;
}

function readAddresses(bytes: Uint8Array, at: number, out: ProxyHeader): void {
  if (out.family === PROXY_FAMILY.unix) {
    out.sourcePath = pathText(bytes, at);
    out.destinationPath = pathText(bytes, at + UNIX_PATH_BYTES);
    return;
  }
  const size = out.family === PROXY_FAMILY.inet ? 4 : 16;
  for (let i = 0; i < size; i++) {
    out.sourceBytes[i] = bytes[at + i]!;
    out.destinationBytes[i] = bytes[at + size + i]!;
  }
  const ports = at + 2 * size;
  out.sourcePort = (bytes[ports]! << 8) | bytes[ports + 1]!;
  out.destinationPort = (bytes[ports + 2]! << 8) | bytes[ports + 3]!;
}

/** A path ends before its first NUL; an abstract name, which begins with one, before the last. */
function pathText(bytes: Uint8Array, at: number): string {
  let end = at + UNIX_PATH_BYTES;
  if (bytes[at] === NUL) {
    while (end > at && bytes[end - 1] === NUL) end--;
  } else {
    const nul = bytes.indexOf(NUL, at);
    if (nul >= 0 && nul < end) end = nul;
  }
  return asciiText(bytes, at, end);
}

function hasGoodChecksum(bytes: Uint8Array, at: number, size: number, out: ProxyHeader): boolean {
  if (!out.has(PROXY_RANGE.checksum)) return true;
  const sumAt = out.ranges[PROXY_RANGE.checksum * 2]!;
  const high = (bytes[sumAt]! << 8) | bytes[sumAt + 1]!;
  const low = (bytes[sumAt + 2]! << 8) | bytes[sumAt + 3]!;
  return crc32c(bytes, at, size, sumAt) === high * 65_536 + low;
}

/** What is sent besides the addresses. */
export type ProxyExtras = {
  /** PP2_TYPE_AUTHORITY, ASCII; "" sends none, as does one of more than 255 characters. */
  readonly authority: string;
  /** PP2_TYPE_UNIQUE_ID, ASCII; "" sends none, as does one of more than 128 characters. */
  readonly uniqueId: string;
  /** Whether PP2_TYPE_CRC32C is sent. */
  readonly checksum: boolean;
};

/** Longest header that `writeProxyV2` writes: unix sockets with every TLV. */
export const PROXY_V2_WRITE_BYTES_MAX =
  PROXY_V2_FIXED_BYTES +
  2 * UNIX_PATH_BYTES +
  3 * TLV_FIXED_BYTES +
  PROXY_AUTHORITY_BYTES_MAX +
  PROXY_UNIQUE_ID_BYTES_MAX +
  4;

/** Writes a header at `at`; returns the index after it. */
export function writeProxyV2(
  bytes: Uint8Array,
  at: number,
  addresses: ProxyAddresses,
  extras: ProxyExtras,
): number {
  const { isLocal } = addresses;
  const family = isLocal ? PROXY_FAMILY.unspecified : addresses.family;
  const transport = family === 0 ? PROXY_TRANSPORT.unspecified : addresses.transport;
  bytes.set(PROXY_V2_SIGNATURE, at);
  bytes[at + 12] = VERSION_BITS | (isLocal ? COMMAND.local : COMMAND.proxy);
  bytes[at + 13] = (family << 4) | transport;
  let i = at + PROXY_V2_FIXED_BYTES;
  if (family === PROXY_FAMILY.unix) {
    i = putPath(bytes, i, addresses.sourcePath);
    i = putPath(bytes, i, addresses.destinationPath);
  } else if (family !== PROXY_FAMILY.unspecified) {
    i = putIps(bytes, i, addresses);
  }
  const { authority, uniqueId } = extras;
  if (authority !== '' && authority.length <= PROXY_AUTHORITY_BYTES_MAX) {
    i = putTlv(bytes, i, TLV_TYPE.authority, authority);
  }
  if (uniqueId !== '' && uniqueId.length <= PROXY_UNIQUE_ID_BYTES_MAX) {
    i = putTlv(bytes, i, TLV_TYPE.uniqueId, uniqueId);
  }
  if (extras.checksum) i = putTlv(bytes, i, TLV_TYPE.checksum, '\0\0\0\0');
  const rest = i - at - PROXY_V2_FIXED_BYTES;
  bytes[at + 14] = rest >> 8;
  bytes[at + 15] = rest & 255;
  if (extras.checksum) {
    const sum = crc32c(bytes, at, i - at);
    for (let k = 0; k < 4; k++) bytes[i - 4 + k] = sum >>> (24 - 8 * k);
  }
  return i;
}

function putIps(bytes: Uint8Array, at: number, addresses: ProxyAddresses): number {
  const { source, destination, sourcePort, destinationPort } = addresses;
  let i = at;
  for (let k = 0; k < source.length; k++) bytes[i++] = source[k]!;
  for (let k = 0; k < destination.length; k++) bytes[i++] = destination[k]!;
  bytes[i++] = sourcePort >> 8;
  bytes[i++] = sourcePort & 255;
  bytes[i++] = destinationPort >> 8;
  bytes[i++] = destinationPort & 255;
  return i;
}

function putPath(bytes: Uint8Array, at: number, path: string): number {
  for (let i = 0; i < UNIX_PATH_BYTES; i++) {
    bytes[at + i] = i < path.length ? path.charCodeAt(i) : NUL;
  }
  return at + UNIX_PATH_BYTES;
}

function putTlv(bytes: Uint8Array, at: number, type: number, value: string): number {
  bytes[at] = type;
  bytes[at + 1] = value.length >> 8;
  bytes[at + 2] = value.length & 255;
  for (let i = 0; i < value.length; i++) bytes[at + TLV_FIXED_BYTES + i] = value.charCodeAt(i);
  return at + TLV_FIXED_BYTES + value.length;
}
