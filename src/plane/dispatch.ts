/** Giving a request to a server, and trying another. */
import { SERVER_METER } from '../base/meters.ts';
import { REASON } from '../base/reasons.ts';
import { METHOD } from '../codec/http1-head.ts';
import { arm } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { PHASE } from './exchange.ts';
import { bump } from './meter-segment.ts';
import { failExchange } from './own-answer.ts';
import { noteFailure } from './passive.ts';
import { leaveServer, noteTry } from './places.ts';
import { sendRequest } from './relay-request.ts';
import type { PoolRuntime, ServerRuntime } from './runtime.ts';
import { TIMER } from './timers.ts';
import type { Upstream } from './upstream.ts';
import { closeUpstream, isStale, openUpstream, takeIdle } from './upstream.ts';
import { takeRetry } from './retry.ts';
import { placeOrQueue } from './wait-queue.ts';

/** Gives a request whose head is written to a server, or lets it wait, or answers it. */
export function dispatch(x: Exchange): void {
  const pool = x.pool!;
  const index = placeOrQueue(x, pool);
  if (index >= 0) attach(x, pool, index);
}

/** Puts a request onto a connection to the pool's server `index`, on which it has its place. */
export function attach(x: Exchange, pool: PoolRuntime, index: number): void {
  const server = noteTry(x, pool, index);
  const idle = x.mustConnect ? null : usableIdle(x, server);
  if (idle !== null) {
    bump(server.meter + SERVER_METER.reused);
    join(x, idle);
    x.phase = PHASE.waiting;
    sendRequest(x);
    return;
  }
  const upstream = openUpstream(server);
  if (upstream === null) {
    connectFailed(x, REASON.connectFailed);
    return;
  }
  join(x, upstream);
  x.phase = PHASE.connecting;
  arm(upstream, TIMER.connect, server.pool.plan.connectMs);
}

function join(x: Exchange, u: Upstream): void {
  x.upstream = u;
  u.exchange = x;
  u.requests++;
  u.kind = TIMER.none;
  // A new try owes nothing to the one before.
  x.requestSent = 0;
  x.isUploadDead = false;
  x.closeUpstream = false;
}

/** What cannot be sent twice goes only onto a connection that is known to be open. */
function usableIdle(x: Exchange, server: ServerRuntime): Upstream | null {
  for (;;) {
    const u = takeIdle(server);
    if (u === null || isIdempotent(x.method) || !isStale(u)) return u;
    bump(server.meter + SERVER_METER.staleReuses);
    closeUpstream(u);
  }
}

/** RFC 9110 §9.2.2. */
export function isIdempotent(method: number): boolean {
  switch (method) {
    case METHOD.get:
    case METHOD.head:
    case METHOD.put:
    case METHOD.delete:
    case METHOD.options:
    case METHOD.trace:
      return true;
    default:
      return false;
  }
}

/** Ends the present try: its connection is closed, its place given back. */
export function dropUpstream(x: Exchange): void {
  leaveServer(x);
  const u = x.upstream;
  if (u === null) return;
  x.upstream = null;
  u.exchange = null;
  closeUpstream(u);
}

/** No connection to the server could be made: nothing was sent, so another one may have it. */
export function connectFailed(x: Exchange, reason: number): void {
  const server = x.server!;
  bump(server.meter + SERVER_METER.connectFailures);
  noteFailure(server, 'connect');
  dropUpstream(x);
  retryOr(x, reason);
}

/**
 * The server went away before it answered anything. On a connection that was used before, that is
 * what a server does which closes it for being idle: what may be sent again is sent again, on a new
 * connection, and this counts against no budget.
 */
export function serverGone(x: Exchange, reason: number): void {
  const u = x.upstream!;
  const server = x.server!;
  const wasReused = u.requests > 1;
  dropUpstream(x);
  const maySendAgain = x.isReplayable && (isIdempotent(x.method) || x.requestSent === 0);
  if (wasReused && maySendAgain && !x.mustConnect) {
    bump(server.meter + SERVER_METER.staleReuses);
    x.mustConnect = true;
    x.retries++;
    // The server itself has not failed: it may be chosen again.
    x.triedCount--;
    dispatch(x);
    return;
  }
  bump(server.meter + SERVER_METER.failures);
  noteFailure(server, 'reset');
  failExchange(x, reason);
}

/** Tries another server where the plan, the request and the budget allow it; else answers. */
export function retryOr(x: Exchange, reason: number): void {
  const pool = x.pool!;
  x.reason = reason;
  if (x.isReplayable && takeRetry(x, pool)) dispatch(x);
  else failExchange(x, reason);
}
