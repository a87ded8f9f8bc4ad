/** A connection to a server: making it, keeping it idle, ending it. */
import { SERVER_METER, WORKER_METER } from '../base/meters.ts';
import { EINPROGRESS } from '../sys/errno.ts';
import { EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from '../sys/event-loop.ts';
import * as libc from '../sys/libc.ts';
import { IPPROTO_TCP, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from '../sys/sockets.ts';
import { TCP_NODELAY } from '../sys/sockets.ts';
import { BASE } from './buffers.ts';
import { Connection, ROLE, arm, closeConnection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { bump, meters } from './meter-segment.ts';
import type { ServerRuntime } from './runtime.ts';
import { TIMER } from './timers.ts';
import { worker } from './worker-state.ts';

const MASK = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

const one = new Int32Array([1]);
const oneAddress = libc.addressOf(one);

export class Upstream extends Connection {
  readonly server: ServerRuntime;
  exchange: Exchange | null = null;
  isConnected = false;
  isIdle = false;
  readonly createdMs: number;
  /** Requests sent on it, the present one included. */
  requests = 0;
  /** bytesIn and bytesOut that are in the meters already. */
  countedIn = 0;
  countedOut = 0;

  constructor(fd: number, server: ServerRuntime) {
    super(ROLE.upstream, fd);
    this.server = server;
    this.createdMs = worker.nowMs;
    this.canWrite = false;
  }
}

/**
 * Begins a connection to `server`. Returns null when the kernel refuses at once (no descriptor, no
 * route); otherwise the connection is under way and an event tells how it ended.
 */
export function openUpstream(server: ServerRuntime): Upstream | null {
  const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = libc.socket(server.family, type, 0);
  if (fd < 0) return null;
  if (server.isTcp) libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, oneAddress, 4);
  const result = libc.connect(fd, server.sockaddrAddress, server.sockaddr.length);
  if (result < 0 && libc.errno() !== EINPROGRESS) {
    libc.close(fd);
    return null;
  }
  const upstream = new Upstream(fd, server);
  if (!worker.watch(upstream, MASK)) {
    libc.close(fd);
    return null;
  }
  server.open++;
  bump(server.meter + SERVER_METER.connections);
  bump(WORKER_METER.upstreamLive);
  return upstream;
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
function countBytes(u: Upstream): void {
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
    worker.nowMs - u.createdMs >= plan.maxAgeMs;
  const hasRoom = server.idle.length < plan.perServer;
  if (isWornOut || !hasRoom || server.isRemoved || worker.isDraining || u.isHangup) {
    closeUpstream(u);
    return;
  }
  countBytes(u);
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
  server.open--;
  bump(WORKER_METER.upstreamLive, -1);
  closeConnection(u);
}

/** Whether the peer of a connection has closed it already: asked before what cannot be repeated. */
export function isStale(u: Upstream): boolean {
  const MSG_PEEK = 2;
  const got = libc.recv(u.fd, BASE, 1, MSG_PEEK);
  // An idle connection has nothing to say: data and end of file both make it useless.
  return got >= 0 || u.isHangup;
}
