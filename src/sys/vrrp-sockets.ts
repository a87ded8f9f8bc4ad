/** Raw sockets of IP protocol 112, one to hear and one to speak: raw(7), ip(7), ipv6(7). */
import { IPPROTO_VRRP, type IpFamily } from '../codec/vrrp/advert.ts';
import { EADDRNOTAVAIL } from './errno.ts';
import * as libc from './libc.ts';
import { attachFilter, openRaw, rawError, setIntOption, setOption } from './raw-sockets.ts';
import { AF_INET, AF_INET6 } from './sockaddr.ts';
import { closeFd, SOL_SOCKET } from './sockets.ts';

// Must match <asm-generic/socket.h>, <linux/in.h> and <linux/in6.h>.
const SO_RCVBUF = 8;
const SO_BINDTODEVICE = 25;
const IPPROTO_IP = 0;
const IP = { tos: 1, ttl: 2, interface: 32, groupTtl: 33, loop: 34, join: 35, all: 49 } as const;
const IPPROTO_IPV6 = 41;
const IPV6 = {
  hops: 16,
  interface: 17,
  groupHops: 18,
  loop: 19,
  join: 20,
  all: 29,
  recvPktInfo: 49,
  pktInfo: 50,
  recvHops: 51,
  hopLimit: 52,
  trafficClass: 67,
} as const;
const HOPS = 255;
/** Internetwork control, as keepalived has it. */
const TOS_CONTROL = 0xc0;
/** What a flood may fill while the guardian does something else. */
const RECEIVE_BYTES = 1 << 20;

export type VrrpSocketOptions = {
  readonly family: IpFamily;
  readonly interface: string;
  readonly index: number;
};

const familyNumber = (family: IpFamily): number => (family === 'ipv4' ? AF_INET : AF_INET6);

function openBound(options: VrrpSocketOptions): number {
  const fd = openRaw(familyNumber(options.family), IPPROTO_VRRP);
  const name = Buffer.from(`${options.interface}\0`, 'latin1');
  if (!setOption(fd, SOL_SOCKET, SO_BINDTODEVICE, name)) {
    const error = rawError(`use the interface ${options.interface} for VRRP`, libc.errno());
    closeFd(fd);
    throw error;
  }
  return fd;
}

/** struct ip_mreqn and struct ipv6_mreq. */
function membership(family: IpFamily, group: Uint8Array, index: number): Uint8Array {
  const out = Buffer.alloc(family === 'ipv4' ? 12 : 20);
  out.set(group, 0);
  out.writeInt32LE(index, family === 'ipv4' ? 8 : 16);
  return out;
}

/**
 * Hears what comes to the interface; `group` is joined where it is not null. Throws
 * BAL_ADDRESS_PERMISSION or BAL_ADDRESS_SOCKET.
 */
export function openVrrpReceiver(options: VrrpSocketOptions, group: Uint8Array | null): number {
  const fd = openBound(options);
  setIntOption(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BYTES);
  const isFour = options.family === 'ipv4';
  const level = isFour ? IPPROTO_IP : IPPROTO_IPV6;
  // Only groups that this socket has joined.
  setIntOption(fd, level, isFour ? IP.all : IPV6.all, 0);
  if (!isFour) {
    setIntOption(fd, level, IPV6.recvPktInfo, 1);
    setIntOption(fd, level, IPV6.recvHops, 1);
  }
  if (group === null) return fd;
  const join = membership(options.family, group, options.index);
  if (!setOption(fd, level, isFour ? IP.join : IPV6.join, join)) {
    const error = rawError(`join the group of VRRP on ${options.interface}`, libc.errno());
    closeFd(fd);
    throw error;
  }
  return fd;
}

/**
 * Speaks from `source`, an address of the interface; -1 where it may not be used yet: IPv6 looks for
 * duplicates first. It receives nothing. Throws as above.
 */
export function openVrrpSender(options: VrrpSocketOptions, source: Uint8Array): number {
  const fd = openBound(options);
  attachFilter(fd, [[0x06, 0, 0, 0]]);
  const index = Buffer.alloc(4);
  index.writeInt32LE(options.index, 0);
  if (options.family === 'ipv4') {
    setOption(fd, IPPROTO_IP, IP.interface, membership('ipv4', new Uint8Array(4), options.index));
    setIntOption(fd, IPPROTO_IP, IP.groupTtl, HOPS);
    setIntOption(fd, IPPROTO_IP, IP.ttl, HOPS);
    setIntOption(fd, IPPROTO_IP, IP.loop, 0);
    setIntOption(fd, IPPROTO_IP, IP.tos, TOS_CONTROL);
  } else {
    setOption(fd, IPPROTO_IPV6, IPV6.interface, index);
    setIntOption(fd, IPPROTO_IPV6, IPV6.groupHops, HOPS);
    setIntOption(fd, IPPROTO_IPV6, IPV6.hops, HOPS);
    setIntOption(fd, IPPROTO_IPV6, IPV6.loop, 0);
    setIntOption(fd, IPPROTO_IPV6, IPV6.trafficClass, TOS_CONTROL);
  }
  const address = ipSockaddr(source, options.index);
  if (libc.bindSocket(fd, libc.addressOf(address), address.length) < 0) {
    const errno = libc.errno();
    closeFd(fd);
    if (errno === EADDRNOTAVAIL) return -1;
    throw rawError(`send VRRP from an address of ${options.interface}`, errno);
  }
  return fd;
}

/** A socket address without port; a link-local one of IPv6 needs the interface. */
export function ipSockaddr(ip: Uint8Array, index: number): Uint8Array {
  const isFour = ip.length === 4;
  const out = Buffer.alloc(isFour ? 16 : 28);
  out.writeUInt16LE(isFour ? AF_INET : AF_INET6, 0);
  out.set(ip, isFour ? 4 : 8);
  if (!isFour) out.writeUInt32LE(index, 24);
  return out;
}

/** Sends a message to a socket address; false where the kernel does not take it. */
export function sendVrrp(fd: number, message: Uint8Array, to: Uint8Array): boolean {
  const { length } = message;
  const sent = libc.sendto(fd, libc.addressOf(message), length, 0, libc.addressOf(to), to.length);
  return sent === length;
}

const DATA_BYTES = 2048;
const MSGHDR_BYTES = 56;
const NAME_AT = MSGHDR_BYTES + 16;
const CONTROL_AT = NAME_AT + 32;
const CONTROL_BYTES = 128;
const DATA_AT = CONTROL_AT + CONTROL_BYTES;

const block = Buffer.from(new ArrayBuffer(DATA_AT + DATA_BYTES));
const blockAddress = libc.lastingAddressOf(block);

export type ReceivedVrrp = {
  /** Views of memory that the next receive writes to. */
  readonly message: Uint8Array;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** Time to live, or hop limit. */
  readonly hops: number;
};

/** The next message, or null where none waits. struct msghdr as in fd-passing.ts. */
export function receiveVrrp(fd: number, family: IpFamily): ReceivedVrrp | null {
  for (;;) {
    block.fill(0, 0, MSGHDR_BYTES);
    block.writeBigUInt64LE(BigInt(blockAddress + NAME_AT), 0);
    block.writeUInt32LE(28, 8);
    block.writeBigUInt64LE(BigInt(blockAddress + MSGHDR_BYTES), 16);
    block.writeBigUInt64LE(1n, 24);
    block.writeBigUInt64LE(BigInt(blockAddress + CONTROL_AT), 32);
    block.writeBigUInt64LE(BigInt(CONTROL_BYTES), 40);
    block.writeBigUInt64LE(BigInt(blockAddress + DATA_AT), MSGHDR_BYTES);
    block.writeBigUInt64LE(BigInt(DATA_BYTES), MSGHDR_BYTES + 8);
    const got = libc.recvmsg(fd, blockAddress, 0);
    if (got < 0) return null;
    const received = family === 'ipv4' ? fromIpv4(got) : fromIpv6(got);
    if (received !== null) return received;
  }
}

/** A raw socket of IPv4 gets the IP head too. */
function fromIpv4(got: number): ReceivedVrrp | null {
  const packet = block.subarray(DATA_AT, DATA_AT + got);
  const headBytes = (packet[0]! & 15) * 4;
  if (got < 20 || headBytes < 20 || got < headBytes) return null;
  return {
    message: packet.subarray(headBytes),
    source: packet.subarray(12, 16),
    destination: packet.subarray(16, 20),
    hops: packet[8]!,
  };
}

function fromIpv6(got: number): ReceivedVrrp | null {
  const end = CONTROL_AT + Number(block.readBigUInt64LE(40));
  let destination: Uint8Array | null = null;
  let hops = 0;
  for (let at = CONTROL_AT; at + 16 <= end;) {
    const length = Number(block.readBigUInt64LE(at));
    if (length < 16) break;
    const type = block.readInt32LE(at + 12);
    if (type === IPV6.pktInfo) destination = block.subarray(at + 16, at + 32);
    if (type === IPV6.hopLimit) hops = block.readInt32LE(at + 16);
    at += (length + 7) & ~7;
  }
  if (destination === null) return null;
  const message = block.subarray(DATA_AT, DATA_AT + got);
  return { message, source: block.subarray(NAME_AT + 8, NAME_AT + 24), destination, hops };
}
