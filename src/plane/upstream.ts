/** A connection to a server: making it, keeping it idle, ending it. */
import { SERVER_METER, WORKER_METER } from '../base/meters.ts';
import { EINPROGRESS } from '../sys/errno.ts';
import { EPOLLET, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP } from '../sys/event-loop.ts';
import * as libc from '../sys/libc.ts';
import { setKeepAlive, setUserTimeout } from '../sys/socket-options.ts';
import { IPPROTO_TCP, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from '../sys/sockets.ts';
import { TCP_NODELAY } from '../sys/sockets.ts';
import { BASE } from './buffers.ts';
import { Connection, ROLE, arm, closeConnection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { bump, meters } from './meter-segment.ts';
import type { ServerRuntime } from './runtime.ts';
import type { TcpSession } from './tcp/session.ts';
import { TIMER } from './timers.ts';
import { readTls } from './tls/tls-io.ts';
import { keepSession } from './tls/upstream-handshake.ts';
import { worker } from './worker-state.ts';

/** ip(7). Must match <linux/in.h>. */
const IPPROTO_IP = 0;
const IP_BIND_ADDRESS_NO_PORT = 24;

const MASK = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;

const oneAddress = libc.lastingAddressOf(new Int32Array([1]));

export class Upstream extends Connection {
  readonly server: ServerRuntime;
  /** The server's way when it was made. */
  readonly way: number;
  /** What it serves: one of both, or neither while it is idle. */
  exchange: Exchange | null = null;
  session: TcpSession | null = null;
  isConnected = false;
  isIdle = false;
  readonly createdMs: number;
  /** Requests sent on it, the present one included. */
  requests = 0;
  /** bytesIn and bytesOut that are in the meters already. */
  countedIn = 0;
  countedOut = 0;

  constructor(fd: number, server: ServerRuntime, role: number) {
    super(role, fd);
    this.server = server;
    this.way = server.way;
    this.createdMs = worker.nowMs;
    this.canWrite = false;
  }
}

/**
 * Begins a connection to `server`. Returns null when the kernel refuses at once (no descriptor, no
 * route); otherwise the connection is under way and an event tells how it ended.
 */
export function openUpstream(server: ServerRuntime, role: number = ROLE.upstream): Upstream | null {
  const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = libc.socket(server.family, type, 0);
  if (fd < 0) return null;
  if (server.isTcp) {
    libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, oneAddress, 4);
    const { pool } = server;
    if (pool.plan.socket.userTimeoutMs > 0) setUserTimeout(fd, pool.plan.socket.userTimeoutMs);
    if (pool.source !== null && !bindSource(fd, pool.source)) {
      libc.close(fd);
      return null;
    }
  }
  const result = libc.connect(fd, server.sockaddrAddress, server.sockaddr.length);
  if (result < 0 && libc.errno() !== EINPROGRESS) {
    libc.close(fd);
    return null;
  }
  const upstream = new Upstream(fd, server, role);
  if (!worker.watch(upstream, MASK)) {
    libc.close(fd);
    return null;
  }
  server.open++;
  bump(server.meter + SERVER_METER.connections);
  bump(WORKER_METER.upstreamLive);
  return upstream;
}

/** Binds a connection to the pool's own local address; its port is chosen when it connects. */
function bindSource(fd: number, source: Uint8Array): boolean {
  libc.setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, oneAddress, 4);
  return libc.bindSocket(fd, libc.addressOf(source), source.length) === 0;
}

/**
 * Turns keep-alive probes on where the pool wants them. Not done when a connection is made: four
 * calls for each would be a tenth of what a short one costs, and only a long one needs them.
 */
export function probeKeepAlive(u: Upstream): void {
  const { keepAlive } = u.server.pool.plan.socket;
  if (keepAlive !== null && u.server.isTcp) setKeepAlive(u.fd, keepAlive);
}

/** Takes the idle connection that was used last, or null. */
export function takeIdle(server: ServerRuntime): Upstream | null {
  const { idle } = server;
  for (let u = idle.pop(); u !== undefined; u = idle.pop()) {
    u.isIdle = false;
    countIdle(server);
    if (!u.isHangup && worker.nowMs - u.createdMs < server.idlePlan.maxAgeMs) return u;
    closeUpstream(u);
  }
  return null;
}

/** Counts the bytes since the last call into the server's meters. */
export function countBytes(u: Upstream): void {
  const { meter } = u.server;
  bump(meter + SERVER_METER.bytesIn, u.bytesIn - u.countedIn);
  bump(meter + SERVER_METER.bytesOut, u.bytesOut - u.countedOut);
  u.countedIn = u.bytesIn;
  u.countedOut = u.bytesOut;
}

/** Keeps a connection for the next request, or closes it where the limits say so. */
export function keepIdle(u: Upstream): void {
  const { server } = u;
  const plan = server.idlePlan;
  const isWornOut =
    (plan.maxRequests > 0 && u.requests >= plan.maxRequests) ||
    worker.nowMs - u.createdMs >= plan.maxAgeMs ||
    u.way !== server.way;
  // A connection that began with a PROXY header speaks for one client alone.
  const speaksForOne = server.pool.plan.sendProxy !== null;
  const hasRoom = !speaksForOne && server.idle.length < plan.perServer;
  if (isWornOut || !hasRoom || server.isRemoved || worker.isDraining || u.isHangup) {
    closeUpstream(u);
    return;
  }
  countBytes(u);
  keepSession(u);
  u.isIdle = true;
  server.idle.push(u);
  countIdle(server);
  arm(u, TIMER.upstreamIdle, plan.timeoutMs);
}

function countIdle(server: ServerRuntime): void {
  meters[server.meter + SERVER_METER.connectionsIdleLive] = server.idle.length;
}

/** Closes a connection to a server, idle or not. */
export function closeUpstream(u: Upstream): void {
  if (u.isClosed) return;
  const { server } = u;
  if (u.isIdle) {
    u.isIdle = false;
    const at = server.idle.lastIndexOf(u);
    if (at >= 0) server.idle.splice(at, 1);
    countIdle(server);
  }
  countBytes(u);
  keepSession(u);
  server.open--;
  bump(WORKER_METER.upstreamLive, -1);
  closeConnection(u);
}

/** Whether the peer of a connection has closed it already: asked before what cannot be repeated. */
export function isStale(u: Upstream): boolean {
  // A new ticket may wait to be read, which is for the library alone.
  if (u.tls !== null) return u.isHangup || readTls(u, u.tls, 0, 1) !== -1;
  const MSG_PEEK = 2;
  const got = libc.recv(u.fd, BASE, 1, MSG_PEEK);
  // An idle connection has nothing to say: data and end of file both make it useless.
  return got >= 0 || u.isHangup;
}
