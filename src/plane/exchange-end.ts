/** The end of an exchange: what is counted and logged, and what becomes of its connections. */
import { bytesTaken } from './connection.ts';
import { LISTENER_METER, ROUTE_METER, SERVER_METER } from '../base/meters.ts';
import { REASON, REASONS } from '../base/reasons.ts';
import { logExchange } from './access-log.ts';
import { finishDownstream, resetDownstream } from './downstream-end.ts';
import { dropUpstream } from './dispatch.ts';
import { noteFailure } from './passive.ts';
import { leaveServer } from './places.ts';
import { leaveQueue } from './wait-queue.ts';
import { giveExchange } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { bump, countReason, observe } from './meter-segment.ts';
import { isStale, keepIdle } from './upstream.ts';
import type { Upstream } from './upstream.ts';
import { worker } from './worker-state.ts';

/** Ends an exchange whose answer has been written as a whole. */
export function endExchange(x: Exchange): void {
  const d = x.downstream!;
  const u = x.upstream;
  leaveServer(x);
  if (u !== null) {
    if (x.closeUpstream || !isSent(x, u) || !mayKeep(u)) dropUpstream(x);
    else {
      x.upstream = null;
      u.exchange = null;
      keepIdle(u);
    }
  }
  d.expectsMore = !x.isRequestDone || d.isInputUnparsed;
  const closes = x.closeDownstream || !x.isRequestDone;
  record(x);
  finishDownstream(d, closes);
}

/** Whether the server was sent the request to its last byte: else its rest would be the next one. */
export function isSent(x: Exchange, u: Upstream): boolean {
  return x.isRequestDone && u.outLength === 0 && x.requestSent >= x.requestLength;
}

/** A receive that filled its buffer to the last byte may have left more: then it is looked at. */
function mayKeep(u: Upstream): boolean {
  return !u.canRead || !isStale(u);
}

/**
 * Ends an exchange whose answer cannot be given as a whole. The client's connection is cut with
 * RST, so that nobody takes a part for the whole (RFC 9112 §8).
 */
export function abortExchange(x: Exchange, reason: number): void {
  const d = x.downstream!;
  x.reason = reason;
  countServerFault(x, reason);
  leaveQueue(x);
  dropUpstream(x);
  record(x);
  resetDownstream(d);
}

/** A failure that is the doing of the server that has the request. */
export function countServerFault(x: Exchange, reason: number): void {
  if (x.upstream === null || REASONS[reason]!.fault !== 'server') return;
  bump(x.server!.meter + SERVER_METER.failures);
  const isCut = reason === REASON.serverClosed || reason === REASON.serverTruncated;
  noteFailure(x.server!, isCut ? 'reset' : 'gateway-error');
}

/** Status of an answer that begins a tunnel. */
const SWITCHING = 101;

/** Counts and logs an exchange, and gives it back. */
function record(x: Exchange): void {
  const d = x.downstream!;
  const listener = x.listener!;
  bump(listener.meter + LISTENER_METER.requestsLive, -1);
  const statusClass = Math.floor(x.status / 100) - 1;
  const hasClass = statusClass >= 0 && statusClass < 5;
  if (hasClass) bump(listener.meter + LISTENER_METER.statuses + statusClass);
  if (x.reason !== 0) countReason(x.reason);
  const us = (worker.nowMs - x.startMs) * 1000;
  // The time of a tunnel says nothing about how fast answers come.
  if (x.status !== SWITCHING) {
    const { meter } = listener;
    observe(meter + LISTENER_METER.latencySumUs, meter + LISTENER_METER.latencyBuckets, us);
  }
  if (x.route !== null) {
    const meter = x.routeMeter;
    bump(meter + ROUTE_METER.requests);
    if (hasClass) bump(meter + ROUTE_METER.statuses + statusClass);
    observe(meter + ROUTE_METER.latencySumUs, meter + ROUTE_METER.latencyBuckets, us);
  }
  const bytesOut = bytesTaken(d) - x.bytesOutBefore;
  if (x.server !== null && hasClass && x.firstByteMs >= 0) {
    bump(x.server.meter + SERVER_METER.statuses + statusClass);
  }
  if (x.pool !== null) {
    x.pool.countLive(-1);
    if (x.isRetryCounted) x.pool.liveRetries--;
  }
  if (listener.plan.accessLog && worker.isLogging) logExchange(x, bytesOut);
  d.exchange = null;
  giveExchange(x);
}
