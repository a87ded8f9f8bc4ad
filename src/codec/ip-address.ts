import { COLON, DIGIT_0, DOT, asciiBytes } from './ascii.ts';
import { HEX_VALUE } from './char-class.ts';

/** Longest text of an address: six groups of four, and an IPv4 tail. */
const TEXT_MAX = 45;
/** ::ffff:0:0/96, the IPv4-mapped addresses (RFC 4291 §2.5.5.2). */
const MAPPED_PREFIX_BYTES = 12;

/**
 * Reads dotted-decimal IPv4 from `bytes[start..end)` into `out[at..at+4)`; false where it is not
 * one. Four numbers to 255 without leading zeros, as RFC 3986 §3.2.2 has them.
 */
export function parseIpv4(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at = 0,
): boolean {
  let i = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0) {
      if (i >= end || bytes[i] !== DOT) return false;
      i++;
    }
    const first = i;
    let value = 0;
    while (i < end && i - first < 4 && bytes[i]! >= DIGIT_0 && bytes[i]! <= DIGIT_0 + 9) {
      value = value * 10 + bytes[i]! - DIGIT_0;
      i++;
    }
    const digits = i - first;
    if (digits === 0 || value > 255 || (digits > 1 && bytes[first] === DIGIT_0)) return false;
    out[at + part] = value;
  }
  return i === end;
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
      if (filled > 12 || !parseIpv4(bytes, first, end, out, filled)) return false;
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
  const v6 = text.includes(':');
  const out = new Uint8Array(v6 ? 16 : 4);
  const good = v6 ? parseIpv6(bytes, 0, bytes.length, out) : parseIpv4(bytes, 0, bytes.length, out);
  return good ? out : null;
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
