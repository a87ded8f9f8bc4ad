/** Sockets for the control plane: listeners, pairs. The data plane has its own thin wrappers. */
import type { BindPlan } from '../config/plan.ts';
import { BallastError } from '../base/errors.ts';
import {
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EMFILE,
  ENAMETOOLONG,
  ENFILE,
  ENOENT,
  ENOTDIR,
  EPERM,
  EROFS,
  errnoText,
} from './errno.ts';
import * as libc from './libc.ts';
import { AF_INET, AF_INET6, AF_UNIX, decodeSockaddr, encodeSockaddr } from './sockaddr.ts';
import { SOCKADDR_BYTES } from './sockaddr.ts';

// Must match <sys/socket.h>, <netinet/tcp.h>, <linux/in.h> and <linux/in6.h>.
export const SOCK_STREAM = 1;
export const SOCK_SEQPACKET = 5;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
const SO_OOBINLINE = 10;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_FREEBIND = 78;
const IPPROTO_IP = 0;
const IP_FREEBIND = 15;

const FAMILIES = { ipv4: AF_INET, ipv6: AF_INET6, unix: AF_UNIX } as const;

const oneAddress = libc.lastingAddressOf(new Int32Array([1]));

export type ListenOptions = {
  readonly backlog: number;
  readonly nodelay: boolean;
  /** Whether the address may be one that no interface has yet. */
  readonly freebind?: boolean;
};

/** An address as a person writes it: `10.0.0.1:80`, `[::1]:80`, `unix:/run/x.sock`. */
export function bindText(bind: BindPlan): string {
  if (bind.family === 'unix') return `unix:${bind.host}`;
  return bind.family === 'ipv6' ? `[${bind.host}]:${bind.port}` : `${bind.host}:${bind.port}`;
}

const CODES: Readonly<Record<number, string>> = {
  [EADDRINUSE]: 'BAL_LISTEN_IN_USE',
  [EACCES]: 'BAL_LISTEN_PERMISSION',
  [EPERM]: 'BAL_LISTEN_PERMISSION',
  [EADDRNOTAVAIL]: 'BAL_LISTEN_NOT_HERE',
  [EAFNOSUPPORT]: 'BAL_LISTEN_FAMILY',
  [EMFILE]: 'BAL_LISTEN_DESCRIPTORS',
  [ENFILE]: 'BAL_LISTEN_DESCRIPTORS',
  [ENOENT]: 'BAL_LISTEN_PATH',
  [ENOTDIR]: 'BAL_LISTEN_PATH',
  [EROFS]: 'BAL_LISTEN_PATH',
  [ENAMETOOLONG]: 'BAL_LISTEN_PATH',
};

/** Why `bind` cannot be listened on: a code BAL_LISTEN_*, and the kernel's error number. */
export class ListenError extends BallastError {
  readonly bind: BindPlan;
  readonly errno: number;

  constructor(bind: BindPlan, errno: number) {
    const code = CODES[errno] ?? 'BAL_LISTEN_FAILED';
    super(code, `cannot listen on ${bindText(bind)}: ${errnoText(errno)}`);
    this.bind = bind;
    this.errno = errno;
  }
}

/** Opens a non-blocking listening socket. Throws ListenError. */
export function openListener(bind: BindPlan, options: ListenOptions): number {
  const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = libc.socket(FAMILIES[bind.family], type, 0);
  if (fd < 0) throw new ListenError(bind, libc.errno());
  libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, oneAddress, 4);
  if (bind.family === 'ipv6') libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, oneAddress, 4);
  // An urgent byte would end each receive at its mark; inherited by accepted sockets too.
  libc.setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, oneAddress, 4);
  // Accepted sockets inherit TCP_NODELAY, which saves a call for each connection.
  if (options.nodelay && bind.family !== 'unix') {
    libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, oneAddress, 4);
  }
  if (options.freebind === true) setFreebind(fd, bind.family);
  const address = encodeSockaddr(bind);
  const bound = libc.bindSocket(fd, libc.addressOf(address), address.length);
  if (bound < 0 || libc.listen(fd, options.backlog) < 0) {
    const error = new ListenError(bind, libc.errno());
    libc.close(fd);
    throw error;
  }
  return fd;
}

/** Lets a socket be bound to an address that no interface has yet: ip(7), IP_FREEBIND. */
export function setFreebind(fd: number, family: BindPlan['family']): void {
  if (family === 'ipv4') libc.setsockopt(fd, IPPROTO_IP, IP_FREEBIND, oneAddress, 4);
  if (family === 'ipv6') libc.setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, oneAddress, 4);
}

/**
 * Whether a TCP address can be had now: binds a socket to it, which never listens, and closes it.
 * Throws ListenError.
 */
export function tryToBind(bind: BindPlan, options: { readonly freebind: boolean }): void {
  const fd = libc.socket(FAMILIES[bind.family], SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new ListenError(bind, libc.errno());
  libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, oneAddress, 4);
  if (bind.family === 'ipv6') libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, oneAddress, 4);
  if (options.freebind) setFreebind(fd, bind.family);
  const address = encodeSockaddr(bind);
  const refusal =
    libc.bindSocket(fd, libc.addressOf(address), address.length) < 0 ? libc.errno() : 0;
  libc.close(fd);
  if (refusal !== 0) throw new ListenError(bind, refusal);
}

/** The address that a listening socket really has (port 0 asks the kernel to choose). */
export function boundAddress(fd: number): BindPlan {
  const out = new Uint8Array(SOCKADDR_BYTES);
  const length = new Int32Array([SOCKADDR_BYTES]);
  libc.getsockname(fd, libc.addressOf(out), libc.addressOf(length));
  return decodeSockaddr(out, 0);
}

/** Two connected unix sockets, non-blocking and closed on exec. */
export function socketPair(kind: 'stream' | 'seqpacket'): [number, number] {
  const pair = new Int32Array(2);
  const type = (kind === 'stream' ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  if (libc.socketpair(AF_UNIX, type, 0, libc.addressOf(pair)) < 0) {
    throw new BallastError(
      'BAL_SYS_SOCKET',
      `cannot make a socket pair: ${errnoText(libc.errno())}`,
    );
  }
  return [pair[0]!, pair[1]!];
}

/** Closes a descriptor that this process owns. */
export function closeFd(fd: number): void {
  libc.close(fd);
}
