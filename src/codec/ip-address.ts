import { COLON, DIGIT_0, DOT, asciiBytes } from './ascii.ts';
import { HEX_VALUE } from './char-class.ts';

/** Longest text of an address: six groups of four, and an IPv4 tail. */
const TEXT_MAX = 45;
/** ::ffff:0:0/96, the IPv4-mapped addresses (RFC 4291 §2.5.5.2). */
const MAPPED_PREFIX_BYTES = 12;

/**
 * The value of dotted-decimal IPv4 in `bytes[start..end)`, 0 to 2^32 - 1; -1 where it is not one.
 * Four numbers to 255 without leading zeros, as RFC 3986 §3.2.2 has them.
 */
export function parseIpv4(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  let address = 0;
  for (let part = 0; part < 4; part++) {
    if (part > 0) {
      if (i >= end || bytes[i] !== DOT) return -1;
      i++;
    }
    const first = i;
    let value = 0;
    while (i < end && i - first < 4 && bytes[i]! >= DIGIT_0 && bytes[i]! <= DIGIT_0 + 9) {
      value = value * 10 + bytes[i]! - DIGIT_0;
      i++;
    }
    const digits = i - first;
    if (digits === 0 || value > 255 || (digits > 1 && bytes[first] === DIGIT_0)) return -1;
    address = address * 256 + value;
  }
  return i === end ? address : -1;
}

function storeIpv4(out: Uint8Array, at: number, address: number): void {
  for (let k = 0; k < 4; k++) out[at + k] = (address >>> (24 - 8 * k)) & 255;
}

/**
 * Reads IPv6 text (RFC 4291 §2.2, without zone) from `bytes[start..end)` into `out[0..16)`; false
 * where it is not an address, `out` then has no meaning.
 */
export function parseIpv6(bytes: Uint8Array, start: number, end: number, out: Uint8Array): boolean {
  let i = start;
  let filled = 0;
  let gap = -1;
  if (end - start < 2 || end - start > TEXT_MAX) return false;
  if (bytes[i] === COLON) {
    if (bytes[i + 1] !== COLON) return false;
    i++;
  }
  while (i < end) {
    if (bytes[i] === COLON) {
      if (gap >= 0) return false;
      gap = filled;
      i++;
      continue;
    }
    const first = i;
    let group = 0;
    while (i < end && HEX_VALUE[bytes[i]!]! < 16) {
      group = (group << 4) | HEX_VALUE[bytes[i]!]!;
      if (++i - first > 4) return false;
    }
    if (i < end && bytes[i] === DOT) {
      const tail = parseIpv4(bytes, first, end);
      if (filled > 12 || tail < 0) return false;
      storeIpv4(out, filled, tail);
      filled += 4;
      break;
    }
    if (i === first || filled > 14) return false;
    out[filled++] = group >> 8;
    out[filled++] = group & 255;
    if (i === end) break;
    if (bytes[i] !== COLON || i + 1 === end) return false;
    i++;
  }
  if (gap < 0) return filled === 16;
  if (filled > 14) return false;
  out.copyWithin(16 - (filled - gap), gap, filled);
  out.fill(0, gap, 16 - (filled - gap));
  return true;
}

/**
 * The bytes of an address given as text, 4 or 16; null where it is none. Brackets, zones and
 * prefixes are not part of it. For configuration and tests: it allocates.
 */
export function parseIp(text: string): Uint8Array | null {
  if (text.length > TEXT_MAX || !/^[0-9a-fA-F:.]+$/.test(text)) return null;
  const bytes = asciiBytes(text);
  if (text.includes(':')) {
    const out = new Uint8Array(16);
    return parseIpv6(bytes, 0, bytes.length, out) ? out : null;
  }
  const address = parseIpv4(bytes, 0, bytes.length);
  if (address < 0) return null;
  const out = new Uint8Array(4);
  storeIpv4(out, 0, address);
  return out;
}

/** Whether 16 bytes are an IPv4-mapped address, ::ffff:a.b.c.d. */
export function isMappedIpv4(address: Uint8Array): boolean {
  if (address.length !== 16 || address[10] !== 0xff || address[11] !== 0xff) return false;
  for (let i = 0; i < 10; i++) if (address[i] !== 0) return false;
  return true;
}

/** The 4 bytes of an IPv4-mapped address; any other address as it is. */
export function unmapIpv4(address: Uint8Array): Uint8Array {
  return isMappedIpv4(address) ? address.subarray(MAPPED_PREFIX_BYTES) : address;
}

/** Text of an address of 4 or 16 bytes, IPv6 in the form of RFC 5952. */
export function formatIp(address: Uint8Array): string {
  if (address.length === 4) return address.join('.');
  if (isMappedIpv4(address)) return `::ffff:${address.subarray(MAPPED_PREFIX_BYTES).join('.')}`;
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((address[i]! << 8) | address[i + 1]!);
  let gap = 0;
  let gapSize = 0;
  for (let i = 0; i < 8; i++) {
    let size = 0;
    while (i + size < 8 && groups[i + size] === 0) size++;
    if (size > gapSize) {
      gap = i;
      gapSize = size;
    }
  }
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return gapSize < 2 ? text(0, 8) : `${text(0, gap)}::${text(gap + gapSize, 8)}`;
}

/**
 * Bytes of a compiled network: the length of its prefix, then its address in 16 bytes. IPv4 stands
 * there as IPv4-mapped, its prefix 96 longer.
 */
export const CIDR_BYTES = 17;

const MAPPED_BITS = 96;

/**
 * Compiles a network ("10.0.0.0/8", "fd00::/8"; an address alone is a network of one); null where
 * it is none. Bits past the prefix do not count. For the configuration.
 */
export function parseCidr(text: string): Uint8Array | null {
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return null;
  const bits = address.length * 8;
  const prefixText = slash < 0 ? String(bits) : text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(prefixText) || Number(prefixText) > bits) return null;
  const out = new Uint8Array(CIDR_BYTES);
  out[0] = Number(prefixText) + (128 - bits);
  if (bits === 32) out.fill(0xff, 11, 13);
  out.set(address, CIDR_BYTES - address.length);
  return out;
}

/**
 * Compiles a list of networks for `cidrListContains`; null where one of them is none. For reloads;
 * the configuration has checked each with `parseCidr` before.
 */
export function compileCidrList(texts: readonly string[]): Uint8Array | null {
  const list = new Uint8Array(texts.length * CIDR_BYTES);
  for (const [index, text] of texts.entries()) {
    const cidr = parseCidr(text);
    if (cidr === null) return null;
    list.set(cidr, index * CIDR_BYTES);
  }
  return list;
}

/**
 * Whether an address of 4 or 16 bytes is in the compiled network at `at` of `list`.
 *
 * An IPv4-mapped address is its IPv4 address. IPv4 is only in IPv4 networks and in networks within
 * ::ffff:0:0/96: whoever trusts ::/0 has said nothing about IPv4.
 */
export function cidrContains(list: Uint8Array, address: Uint8Array, at = 0): boolean {
  const prefix = list[at]!;
  const isIpv4 = address.length === 4;
  if (prefix < MAPPED_BITS && (isIpv4 || isMappedIpv4(address))) return false;
  for (let bit = 0; bit < prefix; bit += 8) {
    const index = bit >> 3;
    const own = isIpv4 ? mappedByte(address, index) : address[index]!;
    const mask = prefix - bit >= 8 ? 0xff : (0xff00 >> (prefix - bit)) & 0xff;
    if (((own ^ list[at + 1 + index]!) & mask) !== 0) return false;
  }
  return true;
}

/** Byte `index` of the 16 of an IPv4 address as IPv4-mapped. */
function mappedByte(address: Uint8Array, index: number): number {
  if (index >= MAPPED_PREFIX_BYTES) return address[index - MAPPED_PREFIX_BYTES]!;
  return index < 10 ? 0 : 0xff;
}

/** Whether an address of 4 or 16 bytes is in one of the networks. Once per connection. */
export function cidrListContains(list: Uint8Array, address: Uint8Array): boolean {
  for (let at = 0; at < list.length; at += CIDR_BYTES) {
    if (cidrContains(list, address, at)) return true;
  }
  return false;
}
