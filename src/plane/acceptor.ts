/** Taking clients' connections from a listening socket that belongs to the supervisor. */
import { LISTENER_METER, WORKER_METER } from '../base/meters.ts';
import { ECONNABORTED, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM } from '../sys/errno.ts';
import { EPOLLET, EPOLLEXCLUSIVE, EPOLLIN, EPOLLOUT } from '../sys/event-loop.ts';
import { EPOLLPRI, EPOLLRDHUP } from '../sys/event-loop.ts';
import * as libc from '../sys/libc.ts';
import { mapPrivate } from '../sys/shared-memory.ts';
import { AF_INET, AF_INET6, SOCKADDR_BYTES, formatIpv6 } from '../sys/sockaddr.ts';
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from '../sys/sockets.ts';
import { GATHER_AT, bytes as buffer, putNumber, textOf } from './buffers.ts';
import { ROLE, Watched, arm } from './connection.ts';
import type { Connection } from './connection.ts';
import { Downstream } from './downstream.ts';
import { bump } from './meter-segment.ts';
import type { ListenerRuntime } from './runtime.ts';
import type { TcpListenerRuntime } from './tcp/tcp-listener.ts';
import { TIMER } from './timers.ts';
import { beginTls } from './tls/http-handshake.ts';
import { worker } from './worker-state.ts';

/** Connections taken in one turn from one socket: the others must have their share. */
export const ACCEPTS_PER_TURN = 32;
/** How long accepting rests when descriptors or memory are used up, in ms. */
const PAUSE_MS = 50;

const MASK = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;

const address = mapPrivate(4096);
const lengthAt = address.address + 2048;
const lengthView = new Int32Array(address.bytes.buffer, 2048, 1);

/** A listening socket in this worker. */
export abstract class Acceptor extends Watched {
  readonly key: string;
  abstract listener: { isRemoved: boolean };
  isWatching = false;

  constructor(role: number, fd: number, key: string) {
    super(role, fd);
    this.key = key;
  }
}

/** A listening socket for requests of HTTP. */
export class HttpAcceptor extends Acceptor {
  listener: ListenerRuntime;

  constructor(fd: number, key: string, listener: ListenerRuntime) {
    super(ROLE.listener, fd, key);
    this.listener = listener;
  }
}

/** A listening socket for sessions of layer 4. */
export class TcpAcceptor extends Acceptor {
  listener: TcpListenerRuntime;

  constructor(fd: number, key: string, listener: TcpListenerRuntime) {
    super(ROLE.tcpListener, fd, key);
    this.listener = listener;
  }
}

/** What accepting waits for. */
export const accepting = {
  acceptors: new Map<string, Acceptor>(),
  /** Client connections that this worker takes at most. */
  limit: 10_000,
  isPaused: false,
  resumeAtMs: 0,
};

/** Begins to take connections. One of the waiting workers is woken for each (EPOLLEXCLUSIVE). */
export function startAccepting(a: Acceptor): void {
  if (a.isWatching) return;
  a.isWatching = worker.watch(a, EPOLLIN | EPOLLEXCLUSIVE);
}

/** Stops taking connections; those that wait are for the other workers or the successor. */
export function stopAccepting(a: Acceptor): void {
  if (!a.isWatching) return;
  a.isWatching = false;
  worker.loop.remove(a.fd);
  worker.forget(a);
}

/** Takes what waits on a socket. `onAccepted` gets each connection. */
export function accept(a: HttpAcceptor, onAccepted: (d: Downstream) => void): void {
  for (let i = 0; i < ACCEPTS_PER_TURN; i++) {
    const fd = acceptOne(a);
    if (fd < 0) return;
    const d = new Downstream(fd, a, clientText(), clientPort());
    if (!watchClient(d, a.listener.meter)) return;
    const { termination } = a.listener;
    if (termination === null) arm(d, TIMER.head, a.listener.plan.timeouts.headMs);
    else beginTls(d, termination);
    onAccepted(d);
  }
}

/** The next connection that waits on a socket; -1 when there is none, or accepting has to rest. */
export function acceptOne(a: Acceptor): number {
  for (;;) {
    if (worker.clients >= accepting.limit) {
      pauseAccepting();
      return -1;
    }
    lengthView[0] = SOCKADDR_BYTES;
    const flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    const fd = libc.accept4(a.fd, address.address, lengthAt, flags);
    if (fd >= 0) return fd;
    const error = libc.errno();
    if (error === ECONNABORTED || error === EINTR) continue;
    if (error === EMFILE || error === ENFILE || error === ENOBUFS || error === ENOMEM) {
      pauseAccepting();
    }
    return -1;
  }
}

/** Watches and counts a connection that was accepted; false: it is closed, accepting rests. */
export function watchClient(c: Connection, listenerMeter: number): boolean {
  if (!worker.watch(c, MASK)) {
    libc.close(c.fd);
    pauseAccepting();
    return false;
  }
  worker.clients++;
  bump(WORKER_METER.connectionsLive);
  bump(listenerMeter + LISTENER_METER.connections);
  bump(listenerMeter + LISTENER_METER.connectionsLive);
  worker.current = c;
  return true;
}

/** The address of the connection that was accepted last. */
export function clientText(): string {
  const { bytes } = address;
  const family = bytes[0]! | (bytes[1]! << 8);
  if (family === AF_INET) return ipv4Text(bytes);
  return family === AF_INET6 ? formatIpv6(bytes, 8) : '';
}

/** The port of the connection that was accepted last; 0 for a unix socket. */
export function clientPort(): number {
  const { bytes } = address;
  const family = bytes[0]! | (bytes[1]! << 8);
  return family === AF_INET || family === AF_INET6 ? (bytes[2]! << 8) | bytes[3]! : 0;
}

/** One flat string: put together with "+" it would keep its parts alive for each connection. */
function ipv4Text(bytes: Uint8Array): string {
  let end = GATHER_AT;
  for (let i = 4; i < 8; i++) {
    if (i > 4) buffer[end++] = 46;
    end = putNumber(end, bytes[i]!);
  }
  return textOf(GATHER_AT, end);
}

function pauseAccepting(): void {
  if (accepting.isPaused) return;
  accepting.isPaused = true;
  accepting.resumeAtMs = worker.nowMs + PAUSE_MS;
  bump(WORKER_METER.acceptPauses);
  for (const a of accepting.acceptors.values()) stopAccepting(a);
}

/** Called each turn while paused: goes on once there is room again. */
export function resumeAccepting(): void {
  if (worker.nowMs < accepting.resumeAtMs || worker.isDraining) return;
  if (worker.clients >= accepting.limit) return;
  accepting.isPaused = false;
  for (const a of accepting.acceptors.values()) startAccepting(a);
}
