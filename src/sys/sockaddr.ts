/** Socket addresses as the kernel has them. Must match <netinet/in.h> and <sys/un.h>. */
import type { BindPlan } from '../config/plan.ts';
import { BallastError } from '../base/errors.ts';

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** Bytes of the largest address (sockaddr_un). */
export const SOCKADDR_BYTES = 112;
const UNIX_PATH_MAX = 107;

/** Encodes an address; the array's length is the length to pass to the kernel. */
export function encodeSockaddr(address: BindPlan): Uint8Array {
  if (address.family === 'unix') return encodeUnix(address.host);
  const size = address.family === 'ipv4' ? 16 : 28;
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  view.setUint16(0, address.family === 'ipv4' ? AF_INET : AF_INET6, true);
  view.setUint16(2, address.port, false);
  if (address.family === 'ipv4') out.set(ipv4Bytes(address.host), 4);
  else out.set(ipv6Bytes(address.host), 8);
  return out;
}

function encodeUnix(path: string): Uint8Array {
  const name = new TextEncoder().encode(path);
  if (name.length > UNIX_PATH_MAX) {
    throw new BallastError(
      'BAL_LISTEN_PATH',
      `cannot use the socket path "${path}": it has ${name.length} bytes, at most ${UNIX_PATH_MAX} are allowed`,
    );
  }
  const out = new Uint8Array(2 + name.length + 1);
  new DataView(out.buffer).setUint16(0, AF_UNIX, true);
  out.set(name, 2);
  return out;
}

function ipv4Bytes(text: string): number[] {
  return text.split('.').map(Number);
}

function ipv6Bytes(text: string): Uint8Array {
  const out = new Uint8Array(16);
  const [head = '', tail] = text.split('::');
  const front = ipv6Groups(head);
  const back = tail === undefined ? [] : ipv6Groups(tail);
  [...front].forEach((byte, i) => (out[i] = byte));
  back.forEach((byte, i) => (out[16 - back.length + i] = byte));
  return out;
}

function ipv6Groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return ipv4Bytes(group);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}

/** Decodes an address of IPv4 or IPv6 at `offset`; any other family is a unix socket without name. */
export function decodeSockaddr(bytes: Uint8Array, offset: number): BindPlan {
  const family = bytes[offset]! | (bytes[offset + 1]! << 8);
  const port = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
  if (family === AF_INET) {
    return { family: 'ipv4', host: bytes.subarray(offset + 4, offset + 8).join('.'), port };
  }
  if (family !== AF_INET6) return { family: 'unix', host: '', port: 0 };
  return { family: 'ipv6', host: formatIpv6(bytes, offset + 8), port };
}

/** RFC 5952 text of 16 bytes; IPv4-mapped addresses in dotted form. */
export function formatIpv6(bytes: Uint8Array, offset: number): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) {
    groups.push((bytes[offset + i]! << 8) | bytes[offset + i + 1]!);
  }
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > bestLength) [bestStart, bestLength] = [i, length];
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart < 0) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}
