/** Sockets towards servers: each is connected, so that what it gets and its errors are one server's. */
import { SERVER_METER, WORKER_METER } from '../../base/meters.ts';
import { EAGAIN, EADDRINUSE, EMFILE, ENFILE, ENOBUFS, ENOMEM } from '../../sys/errno.ts';
import { connectDatagram } from '../../sys/datagram-sockets.ts';
import { EPOLLET, EPOLLIN } from '../../sys/event-loop.ts';
import * as libc from '../../sys/libc.ts';
import { ROLE, Watched } from '../connection.ts';
import { bump } from '../meter-segment.ts';
import type { ServerRuntime } from '../runtime.ts';
import { worker } from '../worker-state.ts';
import type { UdpSession } from './udp-session.ts';

/** What the worker's loop watches of a socket for datagrams. */
export const DATAGRAM_MASK = EPOLLIN | EPOLLET;

/** With perPacket: idle sockets kept for each server, how long, and how often one is used. */
const IDLE_MAX = 64;
const IDLE_MS = 10_000;
/** A port that is used for long is easier to guess for who forges answers. */
const USES_MAX = 1_000;

/** Why a socket could not be opened. */
export const OPEN_FAILED = {
  /** No descriptor, no port or no memory: the server has nothing to do with it. */
  local: 1,
  /** No way to the server. */
  server: 2,
} as const;

export class UdpServerSocket extends Watched {
  readonly server: ServerRuntime;
  session: UdpSession | null = null;
  isClosed = false;
  /** Whether the kernel cuts what is sent on it into datagrams; until it has refused once. */
  canCut = true;
  uses = 0;

  constructor(fd: number, server: ServerRuntime) {
    super(ROLE.udpServer, fd);
    this.server = server;
  }
}

/** Sockets of this worker, and how many it may have. */
export const serverSockets = { open: 0, limit: 0 };

let failure = 0;

/** Why the last `openServerSocket` gave null. */
export function openFailure(): number {
  return failure;
}

/** A socket of its own for a session, or null; see `openFailure`. */
export function openServerSocket(server: ServerRuntime): UdpServerSocket | null {
  failure = OPEN_FAILED.local;
  if (serverSockets.open >= serverSockets.limit) return null;
  if (!server.isTcp) {
    failure = OPEN_FAILED.server;
    return null;
  }
  const { source } = server.pool;
  const peer = { at: server.sockaddrAddress, length: server.sockaddr.length };
  const fd = connectDatagram(peer, { family: server.family, source, joins: false });
  if (fd < 0) {
    if (!isLocal(libc.errno())) failure = OPEN_FAILED.server;
    return null;
  }
  const u = new UdpServerSocket(fd, server);
  if (!worker.watch(u, DATAGRAM_MASK)) {
    libc.close(fd);
    return null;
  }
  serverSockets.open++;
  server.open++;
  bump(server.meter + SERVER_METER.connections);
  bump(WORKER_METER.upstreamLive);
  return u;
}

function isLocal(error: number): boolean {
  switch (error) {
    case EAGAIN:
    case EADDRINUSE:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return true;
    default:
      return false;
  }
}

/** Closes a socket; its session, if any, is the caller's. */
export function closeServerSocket(u: UdpServerSocket): void {
  if (u.isClosed) return;
  u.isClosed = true;
  u.session = null;
  worker.wheel.cancel(u);
  worker.forget(u);
  libc.close(u.fd);
  serverSockets.open--;
  u.server.open--;
  bump(WORKER_METER.upstreamLive, -1);
}

/** The socket that has been idle for longest, so that what comes late finds nobody; or null. */
export function takeIdleSocket(server: ServerRuntime): UdpServerSocket | null {
  const u = server.idleDatagram.shift();
  if (u === undefined) return null;
  bump(server.meter + SERVER_METER.connectionsIdleLive, -1);
  bump(server.meter + SERVER_METER.reused);
  return u;
}

/** Keeps a socket whose answer has come for the next datagram. */
export function keepIdleSocket(u: UdpServerSocket): void {
  const { server } = u;
  const { idleDatagram } = server;
  u.session = null;
  if (++u.uses >= USES_MAX || idleDatagram.length >= IDLE_MAX || server.isRemoved) {
    closeServerSocket(u);
    return;
  }
  idleDatagram.push(u);
  bump(server.meter + SERVER_METER.connectionsIdleLive);
  worker.wheel.schedule(u, worker.nowMs + IDLE_MS);
}

/** Closes a socket that no session has. */
export function closeIdleSocket(u: UdpServerSocket): void {
  const { idleDatagram } = u.server;
  const at = idleDatagram.indexOf(u);
  if (at >= 0) {
    idleDatagram.splice(at, 1);
    bump(u.server.meter + SERVER_METER.connectionsIdleLive, -1);
  }
  closeServerSocket(u);
}
