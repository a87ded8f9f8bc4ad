/** Sockets that somebody else opened and passed to this program when it was started. */
import type { BindPlan } from '../config/plan.ts';
import * as libc from './libc.ts';
import { AF_UNIX, SOCKADDR_BYTES, decodeSockaddr } from './sockaddr.ts';
import { IPPROTO_TCP, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET, TCP_NODELAY } from './sockets.ts';

// Must match <sys/socket.h> and <fcntl.h>.
const SOCK_DGRAM = 2;
const SO_TYPE = 3;
const SO_OOBINLINE = 10;
const SO_REUSEPORT = 15;
const SO_ACCEPTCONN = 30;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const FD_CLOEXEC = 1;

/** Where it listens, or takes datagrams. */
export type PassedSocket = {
  readonly fd: number;
  readonly kind: 'stream' | 'datagrams';
  readonly bind: BindPlan;
};

const one = libc.lastingAddressOf(new Int32Array([1]));

function option(fd: number, name: number): number {
  const value = new Int32Array(1);
  const length = new Int32Array([4]);
  const at = libc.addressOf(value);
  if (libc.getsockopt(fd, SOL_SOCKET, name, at, libc.addressOf(length)) < 0) return -1;
  return value[0]!;
}

/**
 * What a descriptor is, which is made fit for use: non-blocking, closed on exec, and with the options
 * that listening sockets of our own have. Null where it does not listen.
 */
export function usePassedSocket(fd: number): PassedSocket | null {
  libc.fcntl(fd, F_SETFD, FD_CLOEXEC);
  const type = option(fd, SO_TYPE);
  const bind = addressOfSocket(fd);
  const isStream = type === SOCK_STREAM && option(fd, SO_ACCEPTCONN) === 1;
  if (!isStream && (type !== SOCK_DGRAM || bind.family === 'unix')) return null;
  libc.fcntl(fd, F_SETFL, libc.fcntl(fd, F_GETFL, 0) | SOCK_NONBLOCK);
  if (!isStream) {
    // Further ones, of other workers, are to be bound to the same address.
    libc.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, one, 4);
    return { fd, kind: 'datagrams', bind };
  }
  libc.setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, one, 4);
  if (bind.family !== 'unix') libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, one, 4);
  return { fd, kind: 'stream', bind };
}

/** The address of any socket, the path of a unix one included. */
function addressOfSocket(fd: number): BindPlan {
  const out = new Uint8Array(SOCKADDR_BYTES);
  const length = new Int32Array([SOCKADDR_BYTES]);
  libc.getsockname(fd, libc.addressOf(out), libc.addressOf(length));
  if (out[0] !== AF_UNIX) return decodeSockaddr(out, 0);
  const path = out.subarray(2, length[0]);
  const end = path.indexOf(0);
  const host = new TextDecoder().decode(end < 0 ? path : path.subarray(0, end));
  return { family: 'unix', host, port: 0 };
}
