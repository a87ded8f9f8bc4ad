/** Sockets for the control plane: listeners, pairs. The data plane has its own thin wrappers. */
import type { BindPlan } from '../config/plan.ts';
import { BallastError } from '../base/errors.ts';
import { EACCES, EADDRINUSE, EADDRNOTAVAIL, ENOENT, errnoText } from './errno.ts';
import * as libc from './libc.ts';
import { AF_INET, AF_INET6, AF_UNIX, decodeSockaddr, encodeSockaddr } from './sockaddr.ts';
import { SOCKADDR_BYTES } from './sockaddr.ts';

// Must match <sys/socket.h> and <netinet/tcp.h>.
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

const FAMILIES = { ipv4: AF_INET, ipv6: AF_INET6, unix: AF_UNIX } as const;

const oneAddress = libc.lastingAddressOf(new Int32Array([1]));

export type ListenOptions = { readonly backlog: number; readonly nodelay: boolean };

/** An address as a person writes it: `10.0.0.1:80`, `[::1]:80`, `unix:/run/x.sock`. */
export function bindText(bind: BindPlan): string {
  if (bind.family === 'unix') return `unix:${bind.host}`;
  return bind.family === 'ipv6' ? `[${bind.host}]:${bind.port}` : `${bind.host}:${bind.port}`;
}

/** Opens a non-blocking listening socket. Throws BallastError BAL_LISTEN_* with a remedy. */
export function openListener(bind: BindPlan, options: ListenOptions): number {
  const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = libc.socket(FAMILIES[bind.family], type, 0);
  if (fd < 0) throw listenError(bind, libc.errno());
  libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, oneAddress, 4);
  if (bind.family === 'ipv6') libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, oneAddress, 4);
  // An urgent byte would end each receive at its mark; inherited by accepted sockets too.
  libc.setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, oneAddress, 4);
  // Accepted sockets inherit TCP_NODELAY, which saves a call for each connection.
  if (options.nodelay && bind.family !== 'unix') {
    libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, oneAddress, 4);
  }
  const address = encodeSockaddr(bind);
  const bound = libc.bindSocket(fd, libc.addressOf(address), address.length);
  if (bound < 0 || libc.listen(fd, options.backlog) < 0) {
    const error = listenError(bind, libc.errno());
    libc.close(fd);
    throw error;
  }
  return fd;
}

const REMEDIES: Readonly<Record<number, readonly [string, string]>> = {
  [EADDRINUSE]: [
    'BAL_LISTEN_IN_USE',
    'another process listens there: find it with "ss -ltnp", stop it or choose another address',
  ],
  [EACCES]: [
    'BAL_LISTEN_PERMISSION',
    'ports below 1024 need root or the capability CAP_NET_BIND_SERVICE',
  ],
  [EADDRNOTAVAIL]: [
    'BAL_LISTEN_NOT_HERE',
    'no interface has this address: add it, listen on 0.0.0.0, or set net.ipv4.ip_nonlocal_bind=1',
  ],
  [ENOENT]: ['BAL_LISTEN_PATH', 'the folder of the socket does not exist: create it'],
};

/** What the kernel's refusal of a listening socket means, and what to do. */
export function listenError(
  bind: BindPlan,
  error: number,
  kind: 'stream' | 'datagrams' = 'stream',
): BallastError {
  const [code, remedy] = REMEDIES[error] ?? ['BAL_LISTEN_FAILED', 'see the message above'];
  const hint = kind === 'stream' ? remedy : remedy.replace('ss -ltnp', 'ss -lunp');
  return new BallastError(code, `cannot listen on ${bindText(bind)}: ${errnoText(error)}`, {
    hint,
  });
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
