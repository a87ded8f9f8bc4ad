/** The end of a session: what is counted and logged, and how its connections are closed. */
import { LISTENER_METER, ROUTE_METER, SERVER_METER, WORKER_METER } from '../../base/meters.ts';
import { REASON, REASONS } from '../../base/reasons.ts';
import { closeConnection, resetOnClose } from '../connection.ts';
import { bump, countReason, observe } from '../meter-segment.ts';
import { noteFailure } from '../passive.ts';
import { giveTried } from '../placement.ts';
import { leaveServer } from '../places.ts';
import { closeUpstream } from '../upstream.ts';
import { leaveQueue } from '../wait-queue.ts';
import { worker } from '../worker-state.ts';
import { STAGE } from './session.ts';
import type { TcpSession } from './session.ts';
import { logSession } from './session-log.ts';
import { giveLane } from './splice-lane.ts';

/** Both sides have ended and everything is passed on. */
export function finishSession(s: TcpSession): void {
  end(s, 0, false);
}

/**
 * Ends a session early. Both sides get a reset, so that nobody takes a part for the whole; what
 * waits to be sent is lost with it.
 */
export function abortSession(s: TcpSession, reason: number): void {
  end(s, reason, true);
}

/** Ends a session that was told why: with a FIN, behind which nothing is lost. */
export function refuseSession(s: TcpSession, reason: number): void {
  end(s, reason, false);
}

function end(s: TcpSession, reason: number, isCut: boolean): void {
  if (s.stage === STAGE.ended) return;
  const isRelaying = s.stage === STAGE.relaying;
  s.stage = STAGE.ended;
  s.reason = reason;
  const { client, upstream, server } = s;
  leaveQueue(s);
  leaveServer(s);
  if (server !== null && upstream !== null && REASONS[reason]!.fault === 'server') {
    bump(server.meter + SERVER_METER.failures);
    const isSilent = isRelaying && s.firstByteMs < 0;
    if (reason === REASON.serverReset && isSilent) noteFailure(server, 'reset');
  }
  record(s);
  if (upstream !== null) {
    if (isCut) resetOnClose(upstream);
    closeUpstream(upstream);
  }
  if (isCut) resetOnClose(client);
  if (s.up !== null) giveLane(s.up);
  if (s.down !== null) giveLane(s.down);
  closeClient(s);
  giveTried(s);
}

function closeClient(s: TcpSession): void {
  const { client } = s;
  worker.clients--;
  bump(WORKER_METER.connectionsLive, -1);
  bump(s.listener.meter + LISTENER_METER.connectionsLive, -1);
  closeConnection(client);
}

/** Counts the bytes of the client's side since the last call. */
export function countSessionBytes(s: TcpSession): void {
  const { client } = s;
  const { meter } = s.listener;
  bump(meter + LISTENER_METER.bytesIn, client.bytesIn - s.countedIn);
  bump(meter + LISTENER_METER.bytesOut, client.bytesOut - s.countedOut);
  s.countedIn = client.bytesIn;
  s.countedOut = client.bytesOut;
}

function record(s: TcpSession): void {
  const { listener, pool } = s;
  countSessionBytes(s);
  if (s.reason !== 0) countReason(s.reason);
  if (s.route !== null) {
    const { meter } = s.route;
    const us = (worker.nowMs - s.startMs) * 1000;
    observe(meter + ROUTE_METER.latencySumUs, meter + ROUTE_METER.latencyBuckets, us);
  }
  if (pool !== null) {
    pool.countLive(-1);
    if (s.isRetryCounted) pool.liveRetries--;
  }
  if (listener.plan.accessLog && worker.isLogging) logSession(s);
}
