/** Which server a session has: the first one, and another where that one has failed. */
import { DROP } from '../../base/datagram-drops.ts';
import { LISTENER_METER, POOL_METER, ROUTE_METER, SERVER_METER } from '../../base/meters.ts';
import { REASON } from '../../base/reasons.ts';
import { EMSGSIZE } from '../../sys/errno.ts';
import { decodeSockaddr } from '../../sys/sockaddr.ts';
import { sourceKey } from '../hash-key.ts';
import { bump } from '../meter-segment.ts';
import { noteFailure } from '../passive.ts';
import { hasFullServer, leaveServer, noteTry, takeServer } from '../places.ts';
import type { ServerRuntime } from '../runtime.ts';
import { worker } from '../worker-state.ts';
import { endSession } from './end-session.ts';
import {
  OPEN_FAILED,
  closeServerSocket,
  openFailure,
  openServerSocket,
  takeIdleSocket,
} from './server-socket.ts';
import type { UdpServerSocket } from './server-socket.ts';
import { takeSession } from './udp-session.ts';
import type { UdpSession } from './udp-session.ts';
import { datagramSessions } from './udp-listener.ts';
import type { UdpClientSocket, UdpListenerRuntime, UdpUse } from './udp-listener.ts';

/**
 * Begins a session of the client that `key` has, on a server. Null where that cannot be: then the
 * drop of its datagram is counted.
 */
export function beginSession(c: UdpClientSocket, key: Int32Array, hash: number): UdpSession | null {
  const { listener } = c;
  const { use, plan, pool } = listener;
  if (worker.isDraining) return dropNew(listener, DROP.draining);
  if (use.live >= plan.sessions && !makeRoom(use)) return dropNew(listener, DROP.sessionsFull);
  const s = takeSession(c, key, hash);
  use.live++;
  datagramSessions.live++;
  if (!listener.isPacket) {
    c.table.add(s);
    s.isInTable = true;
    use.unconfirmed.push(s);
  }
  s.pool = pool;
  if (pool.hashes) {
    const { host, port } = addressOfKey(key);
    s.hashKey = sourceKey(pool.plan.balance.hash!, host, port);
  }
  pool.countLive(1);
  bump(pool.meter + POOL_METER.requests);
  bump(listener.routeMeter + ROUTE_METER.requests);
  bump(listener.meter + LISTENER_METER.connections);
  bump(listener.meter + LISTENER_METER.connectionsLive);
  return placeSession(s) ? s : null;
}

function dropNew(listener: UdpListenerRuntime, cause: number): null {
  bump(listener.meter + LISTENER_METER.drops + cause);
  return null;
}

/** A client's address in text; for what happens once per session. */
export function addressOfKey(key: Int32Array): { host: string; port: number } {
  return decodeSockaddr(new Uint8Array(key.buffer, key.byteOffset, key.byteLength), 0);
}

/** Ends the oldest session that was never confirmed; false where there is none. */
function makeRoom(use: UdpUse): boolean {
  const oldest = use.unconfirmed.peek() as UdpSession | null;
  if (oldest === null) return false;
  endSession(oldest, REASON.sessionEvicted);
  return true;
}

/**
 * Gives a session without server to one. False where there is none for it: the session has ended
 * and the drop of its datagram is counted.
 */
export function placeSession(s: UdpSession): boolean {
  const { listener } = s.socket;
  let mayEvict = true;
  // With perPacket a datagram does not go twice to a server that has refused it.
  let mayRepeat = !listener.isPacket;
  for (;;) {
    const pool = s.pool!;
    let index = takeServer(pool, s);
    if (index < 0 && s.triedCount > 0 && mayRepeat) {
      // All have been met since the last answer: one that failed may be back.
      mayRepeat = false;
      s.triedCount = 0;
      index = takeServer(pool, s);
    }
    if (index < 0) {
      const isFull = pool.hasLimits && hasFullServer(pool);
      if (isFull && mayEvict && makeRoomBeside(s, listener.use)) {
        mayEvict = false;
        continue;
      }
      if (!isFull) bump(pool.meter + POOL_METER.noServerUp);
      return giveUp(s, isFull ? DROP.serversFull : DROP.noServerUp);
    }
    const server = noteTry(s, pool, index);
    const u = socketFor(s, server);
    if (u !== null) {
      join(s, u);
      return true;
    }
    leaveServer(s);
    s.retries++;
    if (openFailure() === OPEN_FAILED.server) {
      serverFailed(server);
      continue;
    }
    // The server has nothing to do with it.
    s.triedCount--;
    if (!mayEvict || !makeRoomBeside(s, listener.use)) return giveUp(s, DROP.noSocket);
    mayEvict = false;
  }
}

function socketFor(s: UdpSession, server: ServerRuntime): UdpServerSocket | null {
  const idle = s.socket.listener.isPacket ? takeIdleSocket(server) : null;
  return idle ?? openServerSocket(server);
}

function join(s: UdpSession, u: UdpServerSocket): void {
  const { plan, isPacket } = s.socket.listener;
  s.upstream = u;
  u.session = s;
  worker.wheel.schedule(u, worker.nowMs + (isPacket ? plan.answerMs : plan.idleMs));
}

/** Ends the oldest session that was never confirmed and is not `s`. */
function makeRoomBeside(s: UdpSession, use: UdpUse): boolean {
  const oldest = use.unconfirmed.peek();
  if (oldest !== s) return makeRoom(use);
  const next = oldest.listNext as UdpSession | null;
  if (next === null) return false;
  endSession(next, REASON.sessionEvicted);
  return true;
}

function giveUp(s: UdpSession, cause: number): false {
  bump(s.socket.listener.meter + LISTENER_METER.drops + cause);
  endSession(s, cause === DROP.noServerUp ? REASON.noServerUp : REASON.queueFull);
  return false;
}

/**
 * Whether sessions must leave a server: it is down, in maintenance or ejected, or not in the plan any
 * more. One that drains keeps them.
 */
export function hasLeft(server: ServerRuntime): boolean {
  if (server.state.isUsable && !server.isRemoved) return false;
  const { observed } = server;
  return (
    server.isRemoved ||
    server.isEjected ||
    server.administrative === 'maintenance' ||
    observed === 'down' ||
    observed === 'rising'
  );
}

/**
 * Moves a session to another server, because its own has failed or is gone. False where there is
 * none: then it has ended, and the drop of the datagram in hand is counted.
 */
export function moveSession(s: UdpSession): boolean {
  s.retries++;
  bump(s.socket.listener.pool.meter + POOL_METER.retries);
  return changeServer(s);
}

/** The same where the further try is counted already. */
export function changeServer(s: UdpSession): boolean {
  const { pool } = s.socket.listener;
  const before = s.server!;
  leaveServer(s);
  if (s.upstream !== null) closeServerSocket(s.upstream);
  s.upstream = null;
  if (s.pool !== pool) {
    // A reload has made the pool anew: places in the old one mean nothing in it.
    s.pool!.countLive(-1);
    if (s.isRetryCounted) s.pool!.liveRetries--;
    s.isRetryCounted = false;
    pool.countLive(1);
    s.pool = pool;
    s.triedCount = 0;
  } else if (s.triedCount === 0 && before.pool === pool) {
    s.tried[s.triedCount++] = before.state.index;
  }
  return placeSession(s);
}

/** Whether an error of a socket towards a server says that the server cannot be reached. */
export function isServerError(error: number): boolean {
  // A path takes only shorter datagrams: the kernel knows now, and cuts what follows to size.
  return error !== EMSGSIZE;
}

/** Counts that a server cannot be reached. */
export function serverFailed(server: ServerRuntime): void {
  bump(server.meter + SERVER_METER.connectFailures);
  noteFailure(server, 'connect');
}
