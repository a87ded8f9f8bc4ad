/** The end of a session: what is counted and logged, and its socket. */
import { DROP } from '../../base/datagram-drops.ts';
import { LISTENER_METER, ROUTE_METER } from '../../base/meters.ts';
import { kernelDrops } from '../../sys/datagram-sockets.ts';
import { giveBlock } from '../buffers.ts';
import { bump, countReason, observe } from '../meter-segment.ts';
import { leaveServer } from '../places.ts';
import { worker } from '../worker-state.ts';
import { closeServerSocket, keepIdleSocket } from './server-socket.ts';
import type { UdpServerSocket } from './server-socket.ts';
import { logUdpSession } from './session-log.ts';
import { closeClientSocket } from './client-socket.ts';
import { datagramSessions } from './udp-listener.ts';
import { giveSession } from './udp-session.ts';
import type { UdpSession } from './udp-session.ts';

/** Ends a session; its socket towards the server is closed. */
export function endSession(s: UdpSession, reason: number): void {
  if (s.isEnded) return;
  const u = s.upstream;
  if (u !== null) countDrops(s, u);
  record(s, reason);
  if (u !== null) closeServerSocket(u);
  giveSession(s);
}

/** Ends a session of one datagram whose answer has come; its socket serves the next one. */
export function finishQuery(s: UdpSession): void {
  const u = s.upstream!;
  record(s, 0);
  keepIdleSocket(u);
  giveSession(s);
}

/** What the server sent in such a burst that the kernel threw it away. */
function countDrops(s: UdpSession, u: UdpServerSocket): void {
  const drops = kernelDrops(u.fd);
  if (drops > 0) bump(s.socket.listener.meter + LISTENER_METER.drops + DROP.receiveBuffer, drops);
}

function record(s: UdpSession, reason: number): void {
  s.isEnded = true;
  s.reason = reason;
  const { socket } = s;
  const { listener } = socket;
  leaveServer(s);
  if (s.isInTable) socket.table.remove(s);
  s.isInTable = false;
  if (s.list !== null) s.list.remove(s);
  if (s.keptBlock >= 0) giveBlock(s.keptBlock);
  s.keptBlock = -1;
  listener.use.live--;
  datagramSessions.live--;
  s.pool!.countLive(-1);
  if (s.isRetryCounted) s.pool!.liveRetries--;
  bump(listener.meter + LISTENER_METER.connectionsLive, -1);
  const us = (worker.nowMs - s.startMs) * 1000;
  const { routeMeter } = listener;
  observe(routeMeter + ROUTE_METER.latencySumUs, routeMeter + ROUTE_METER.latencyBuckets, us);
  if (reason !== 0) countReason(reason);
  if (listener.plan.accessLog && worker.isLogging) logUdpSession(s);
  s.upstream = null;
  if (socket.only === s) closeClientSocket(socket);
}
