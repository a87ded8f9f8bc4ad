/**
 * The PROXY protocol, version 1: one line of text (section 2.1).
 *
 *   PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 CRLF
 *   PROXY TCP6 2001:db8::1 2001:db8::2 56324 443 CRLF
 *   PROXY UNKNOWN [anything] CRLF
 */
import { COLON, CR, DIGIT_0, DOT, LF, SP, asciiBytes } from './ascii.ts';
import { HEX_VALUE } from './char-class.ts';
import { parseIpv4, parseIpv6 } from './ip-address.ts';
import { PROXY_FAMILY, PROXY_FAULT, PROXY_TRANSPORT, PROXY_V1_BYTES_MAX } from './proxy-header.ts';
import type { ProxyAddresses, ProxyHeader } from './proxy-header.ts';

const TCP4 = asciiBytes('PROXY TCP4 ');
const TCP6 = asciiBytes('PROXY TCP6 ');
const UNKNOWN = asciiBytes('PROXY UNKNOWN');
const ENDED = asciiBytes('\r\n');
/** Where TCP4, TCP6 and UNKNOWN begin to differ, and TCP4 from TCP6. */
const KIND_AT = 6;
const FAMILY_AT = 9;
const LETTER_U = 0x55;
const DIGIT_6 = 0x36;
const PORT_MAX = 65_535;
const BAD = -PROXY_FAULT.badLine;

/** The index after what was read, 0 where the bytes end within it, or BAD. */
type Place = number;

/**
 * Reads a line from `bytes[at … at+length)`: its length, 0 while it is incomplete, or minus a
 * PROXY_FAULT id. `out` has a meaning only after a length. Starts anew each time it is called.
 */
export function readProxyV1(
  bytes: Uint8Array,
  at: number,
  length: number,
  out: ProxyHeader,
): number {
  const stop = at + Math.min(length, PROXY_V1_BYTES_MAX);
  out.clear(1);
  const end = readLine(bytes, at, stop, out);
  if (end > 0) return end - at;
  return end === 0 && length >= PROXY_V1_BYTES_MAX ? -PROXY_FAULT.tooLong : end;
}

function readLine(bytes: Uint8Array, at: number, stop: number, out: ProxyHeader): Place {
  if (stop - at > KIND_AT && bytes[at + KIND_AT] === LETTER_U) return readUnknown(bytes, at, stop);
  const is6 = stop - at > FAMILY_AT && bytes[at + FAMILY_AT] === DIGIT_6;
  let i = skip(bytes, at, stop, is6 ? TCP6 : TCP4);
  if (i <= 0) return i;
  i = readAddress(bytes, i, stop, is6 ? out.sourceBytes : null);
  if (i <= 0) return i;
  if (!is6) storeIpv4(out.sourceBytes);
  i = readAddress(bytes, i, stop, is6 ? out.destinationBytes : null);
  if (i <= 0) return i;
  if (!is6) storeIpv4(out.destinationBytes);
  i = readPort(bytes, i, stop, SP);
  if (i <= 0) return i;
  out.sourcePort = port;
  i = readPort(bytes, i, stop, CR);
  if (i <= 0) return i;
  out.destinationPort = port;
  out.family = is6 ? PROXY_FAMILY.inet6 : PROXY_FAMILY.inet;
  out.transport = PROXY_TRANSPORT.stream;
  if (i >= stop) return 0;
  return bytes[i] === LF ? i + 1 : BAD;
}

/** Whatever stands between UNKNOWN and CRLF is to be ignored. */
function readUnknown(bytes: Uint8Array, at: number, stop: number): Place {
  const first = skip(bytes, at, stop, UNKNOWN);
  if (first <= 0 || first >= stop) return Math.min(first, 0);
  if (bytes[first] !== SP && bytes[first] !== CR) return BAD;
  for (let i = first; i < stop; i++) {
    if (bytes[i] === LF) return BAD;
    if (bytes[i] !== CR) continue;
    return skip(bytes, i, stop, ENDED);
  }
  return 0;
}

/** Reads exactly `literal`. */
function skip(bytes: Uint8Array, at: number, stop: number, literal: Uint8Array): Place {
  for (let k = 0; k < literal.length; k++) {
    if (at + k >= stop) return 0;
    if (bytes[at + k] !== literal[k]) return BAD;
  }
  return at + literal.length;
}

/** The IPv4 address and the port that were read last. */
let ipv4 = 0;
let port = 0;

/** Reads an address and the space after it, of IPv6 into `out6`. */
function readAddress(bytes: Uint8Array, at: number, stop: number, out6: Uint8Array | null): Place {
  for (let i = at; i < stop; i++) {
    const byte = bytes[i]!;
    if (byte === SP) {
      if (out6 !== null) return parseIpv6(bytes, at, i, out6) ? i + 1 : BAD;
      ipv4 = parseIpv4(bytes, at, i);
      return ipv4 < 0 ? BAD : i + 1;
    }
    const limit = out6 === null ? 10 : 16;
    const isPunctuation = byte === DOT || (byte === COLON && out6 !== null);
    if (HEX_VALUE[byte]! >= limit && !isPunctuation) return BAD;
  }
  return 0;
}

function storeIpv4(out: Uint8Array): void {
  for (let k = 0; k < 4; k++) out[k] = (ipv4 >>> (24 - 8 * k)) & 255;
}

/** Reads a port, without leading zeros, and the byte `after` it. */
function readPort(bytes: Uint8Array, at: number, stop: number, after: number): Place {
  let value = 0;
  for (let i = at; i < stop; i++) {
    const byte = bytes[i]!;
    if (byte === after && i > at) {
      port = value;
      return i + 1;
    }
    const digit = byte - DIGIT_0;
    if (digit < 0 || digit > 9 || (i > at && value === 0)) return BAD;
    value = value * 10 + digit;
    if (value > PORT_MAX) return BAD;
  }
  return 0;
}

/**
 * Writes a line at `at` and returns the index after it, at most PROXY_V1_BYTES_MAX further. What
 * is neither TCP over IPv4 nor over IPv6 is UNKNOWN.
 */
export function writeProxyV1(bytes: Uint8Array, at: number, addresses: ProxyAddresses): number {
  if (addresses.isLocal || !addresses.hasIp) {
    bytes.set(UNKNOWN, at);
    bytes.set(ENDED, at + UNKNOWN.length);
    return at + UNKNOWN.length + ENDED.length;
  }
  const is6 = addresses.family === PROXY_FAMILY.inet6;
  bytes.set(is6 ? TCP6 : TCP4, at);
  let i = at + TCP4.length;
  i = is6 ? putIpv6(bytes, i, addresses.source) : putIpv4(bytes, i, addresses.source);
  bytes[i++] = SP;
  i = is6 ? putIpv6(bytes, i, addresses.destination) : putIpv4(bytes, i, addresses.destination);
  bytes[i++] = SP;
  i = putNumber(bytes, i, addresses.sourcePort, 10);
  bytes[i++] = SP;
  i = putNumber(bytes, i, addresses.destinationPort, 10);
  bytes[i++] = CR;
  bytes[i++] = LF;
  return i;
}

function putIpv4(bytes: Uint8Array, at: number, address: Uint8Array): number {
  let i = at;
  for (let k = 0; k < 4; k++) {
    if (k > 0) bytes[i++] = DOT;
    i = putNumber(bytes, i, address[k]!, 10);
  }
  return i;
}

/** Eight groups: the one form that every receiver reads, also of an IPv4-mapped address. */
function putIpv6(bytes: Uint8Array, at: number, address: Uint8Array): number {
  let i = at;
  for (let k = 0; k < 16; k += 2) {
    if (k > 0) bytes[i++] = COLON;
    i = putNumber(bytes, i, address[k]! * 256 + address[k + 1]!, 16);
  }
  return i;
}

function putNumber(bytes: Uint8Array, at: number, value: number, base: 10 | 16): number {
  let digits = 1;
  for (let rest = value; rest >= base; rest = Math.floor(rest / base)) digits++;
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const digit = rest % base;
    bytes[i] = digit < 10 ? DIGIT_0 + digit : 0x61 + digit - 10;
    rest = Math.floor(rest / base);
  }
  return at + digits;
}
