/** Sockets for datagrams: those that are listened on, and those towards servers. udp(7). */
import { BallastError } from '../base/errors.ts';
import type { BindPlan } from '../config/plan.ts';
import * as libc from './libc.ts';
import { AF_INET, AF_INET6, encodeSockaddr } from './sockaddr.ts';
import { ListenError, SOCK_CLOEXEC, SOCK_NONBLOCK, SOL_SOCKET } from './sockets.ts';
import { bindText, setFreebind } from './sockets.ts';

// Must match <asm-generic/socket.h>, <linux/in.h> and <linux/in6.h>.
const SOCK_DGRAM = 2;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_MEMINFO = 55;
const SK_MEMINFO_DROPS = 8;
const SK_MEMINFO_WORDS = 9;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IP_RECVERR = 11;
const IPPROTO_IPV6 = 41;
const IPV6_RECVERR = 25;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;

/** What waits in a listening socket for its worker, and what the kernel has still to send. */
export const SOCKET_BUFFER_BYTES = 4 << 20;

const ANY_HOST = { ipv4: '0.0.0.0', ipv6: '::', unix: '' } as const;

const value = new Int32Array(1);
const valueAddress = libc.addressOf(value);

function set(fd: number, level: number, option: number, to: number): boolean {
  value[0] = to;
  return libc.setsockopt(fd, level, option, valueAddress, 4) === 0;
}

/** Whether a socket that is bound there receives what is sent to any of our addresses. */
export function isWildcard(bind: BindPlan): boolean {
  return bind.host === ANY_HOST[bind.family];
}

export type DatagramListenOptions = {
  /**
   * Whether others may be bound to the address already: sockets of our own group. Else the address
   * must be free, for the kernel would share out what arrives without a word.
   */
  readonly joins: boolean;
  /** Whether the address may be one that no interface has yet. */
  readonly freebind?: boolean;
};

/**
 * Opens a non-blocking socket for datagrams to `bind`, one of a group of sockets over which the
 * kernel spreads the flows (SO_REUSEPORT). Throws ListenError.
 */
export function openDatagramListener(bind: BindPlan, options: DatagramListenOptions): number {
  if (bind.family === 'unix') {
    throw new BallastError(
      'BAL_LISTEN_FAILED',
      `cannot take datagrams on ${bindText(bind)}: an IPv4 or IPv6 address is needed`,
    );
  }
  const fd = openUnbound(bind);
  const address = encodeSockaddr(bind);
  if (options.joins) set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (options.freebind === true) setFreebind(fd, bind.family);
  if (libc.bindSocket(fd, libc.addressOf(address), address.length) < 0) {
    const error = new ListenError(bind, libc.errno());
    libc.close(fd);
    throw error;
  }
  // The kernel takes note of it when the next one joins.
  set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  return fd;
}

function openUnbound(bind: BindPlan): number {
  const isIpv4 = bind.family === 'ipv4';
  const fd = libc.socket(isIpv4 ? AF_INET : AF_INET6, DATAGRAM_TYPE, 0);
  if (fd < 0) throw new ListenError(bind, libc.errno());
  if (!isIpv4) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (isWildcard(bind)) {
    if (isIpv4) set(fd, IPPROTO_IP, IP_PKTINFO, 1);
    else set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  }
  // With CAP_NET_ADMIN past net.core.rmem_max, else up to it.
  const bytes = SOCKET_BUFFER_BYTES;
  if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes)) set(fd, SOL_SOCKET, SO_RCVBUF, bytes);
  if (!set(fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes)) set(fd, SOL_SOCKET, SO_SNDBUF, bytes);
  return fd;
}

const DATAGRAM_TYPE = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

/** An address as the kernel has it, in memory that does not move. */
export type RawAddress = { readonly at: number; readonly length: number };

export type ConnectOptions = {
  /** AF_INET or AF_INET6. */
  readonly family: number;
  /** Local address to bind to, with or without a port; null leaves it to the kernel. */
  readonly source: Uint8Array | null;
  /** Whether sockets of our own group may be bound to `source` already. */
  readonly joins: boolean;
};

/**
 * Opens a socket that sends to and receives from `peer` alone; -1 where the kernel refuses: no
 * descriptor, no port, no route. Every ICMP message that tells of a failure comes back as an error.
 */
export function connectDatagram(peer: RawAddress, options: ConnectOptions): number {
  const { family, source, joins } = options;
  const fd = libc.socket(family, DATAGRAM_TYPE, 0);
  if (fd < 0) return -1;
  if (family === AF_INET) set(fd, IPPROTO_IP, IP_RECVERR, 1);
  else set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
  if (joins) set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  const isBound =
    source === null || libc.bindSocket(fd, libc.addressOf(source), source.length) === 0;
  if (isBound && libc.connect(fd, peer.at, peer.length) === 0) return fd;
  libc.close(fd);
  return -1;
}

const memInfo = new Int32Array(SK_MEMINFO_WORDS);
const memInfoAddress = libc.addressOf(memInfo);

/** Datagrams that the kernel has thrown away on a socket since it was opened, modulo 2^32. */
export function kernelDrops(fd: number): number {
  value[0] = SK_MEMINFO_WORDS * 4;
  if (libc.getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memInfoAddress, valueAddress) < 0) return 0;
  return memInfo[SK_MEMINFO_DROPS]! >>> 0;
}
