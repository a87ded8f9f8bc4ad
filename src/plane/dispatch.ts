/** Choosing the server of a request, waiting for one, and trying another. */
import { POOL_METER, SERVER_METER } from '../base/meters.ts';
import { REASON } from '../base/reasons.ts';
import { METHOD } from '../codec/http1-head.ts';
import { arm } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { PHASE, TRIES_MAX } from './exchange.ts';
import { abortExchange } from './exchange-end.ts';
import { settleClient } from './exchange-timers.ts';
import { QUEUE_KICKS } from './limits.ts';
import { bump, sharedLive } from './meter-segment.ts';
import { failExchange } from './own-answer.ts';
import { sendRequest } from './relay-request.ts';
import type { PoolRuntime, ServerRuntime } from './runtime.ts';
import { TIMER } from './timers.ts';
import type { Upstream } from './upstream.ts';
import { closeUpstream, isStale, openUpstream, takeIdle } from './upstream.ts';
import { worker } from './worker-state.ts';

/** Pools of this worker that have requests waiting. */
export const queues = { pools: new Set<PoolRuntime>(), polledMs: 0 };

/** Gives a request whose head is written to a server, or lets it wait, or answers it. */
export function dispatch(x: Exchange): void {
  const pool = x.pool!;
  // Who waits already goes first.
  if (pool.queue.count > 0 && x.triedCount === 0) {
    enqueue(x, pool);
    return;
  }
  const index = pick(pool, x);
  if (index >= 0) attach(x, pool, index);
  else if (x.triedCount > 0) failExchange(x, x.reason === 0 ? REASON.connectFailed : x.reason);
  else if (pool.hasLimits && hasFullServer(pool)) enqueue(x, pool);
  else {
    bump(pool.meter + POOL_METER.noServerUp);
    failExchange(x, REASON.noServerUp);
  }
}

/** A server that has room, or -1. Its place is taken already. */
function pick(pool: PoolRuntime, x: Exchange): number {
  if (pool.full.length > 0) recheckFull(pool);
  for (;;) {
    const index = pool.balancer!.pick(x.tried, x.triedCount, 0, 0);
    if (index < 0) return -1;
    if (takePlace(x, pool.servers[index]!)) return index;
    pool.states[index]!.isFull = true;
    pool.full.push(index);
  }
}

/** Another worker may have made room since: what was found full is looked at again. */
function recheckFull(pool: PoolRuntime): void {
  let kept = 0;
  for (const index of pool.full) {
    const { plan } = pool.servers[index]!;
    const isFull =
      plan.maxConnections > 0 && Atomics.load(sharedLive, plan.slot) >= plan.maxConnections;
    pool.states[index]!.isFull = isFull;
    if (isFull) pool.full[kept++] = index;
  }
  pool.full.length = kept;
}

/** Counts a request in, unless the server has its most over all workers. */
function takePlace(x: Exchange, server: ServerRuntime): boolean {
  const { maxConnections, slot } = server.plan;
  if (maxConnections > 0) {
    if (Atomics.add(sharedLive, slot, 1) >= maxConnections) {
      Atomics.sub(sharedLive, slot, 1);
      return false;
    }
    x.hasSharedPlace = true;
    bump(server.meter + SERVER_METER.placesLive);
  }
  x.hasPlace = true;
  server.state.live = ++server.live;
  bump(server.meter + SERVER_METER.requestsLive);
  return true;
}

/** Gives the place of a request on its server back, and lets the next one in. */
export function leaveServer(x: Exchange): void {
  const server = x.server;
  if (server === null || !x.hasPlace) return;
  x.hasPlace = false;
  server.state.live = --server.live;
  bump(server.meter + SERVER_METER.requestsLive, -1);
  // What was counted is counted out, whatever a reload has made of the limit meanwhile.
  if (!x.hasSharedPlace) return;
  x.hasSharedPlace = false;
  Atomics.sub(sharedLive, server.plan.slot, 1);
  bump(server.meter + SERVER_METER.placesLive, -1);
}

function hasFullServer(pool: PoolRuntime): boolean {
  return pool.full.some((index) => pool.states[index]!.isUsable);
}

function enqueue(x: Exchange, pool: PoolRuntime): void {
  // A client that has finished sending may be gone: only work under way is finished for it.
  if (x.downstream!.isHangup) {
    abortExchange(x, REASON.clientClosed);
    return;
  }
  if (!pool.queue.push(x)) {
    bump(pool.meter + POOL_METER.queueRefused);
    failExchange(x, REASON.queueFull);
    return;
  }
  x.phase = PHASE.queued;
  x.queuedMs = worker.nowMs;
  queues.pools.add(pool);
  bump(pool.meter + POOL_METER.queued);
  bump(pool.meter + POOL_METER.queueLive);
  arm(x.downstream!, TIMER.queue, pool.plan.queue.timeoutMs);
}

/** Takes a request out of the queue that it waits in. */
export function leaveQueue(x: Exchange): void {
  const pool = x.pool;
  if (x.list === null || pool === null) return;
  pool.queue.remove(x);
  bump(pool.meter + POOL_METER.queueLive, -1);
}

/** Lets waiting requests in where there is room; called after a place became free, and now and then. */
export function kickQueues(): void {
  queues.polledMs = worker.nowMs;
  for (const pool of queues.pools) {
    kickQueue(pool);
    if (pool.queue.count === 0) queues.pools.delete(pool);
  }
}

function kickQueue(pool: PoolRuntime): void {
  for (let i = 0; i < QUEUE_KICKS; i++) {
    const x = pool.queue.peek();
    if (x === null) return;
    const index = pick(pool, x);
    if (index < 0) return;
    leaveQueue(x);
    worker.current = x.downstream;
    x.downstream!.kind = TIMER.none;
    settleClient(x);
    attach(x, pool, index);
  }
}

/** Puts a request onto a connection to the pool's server `index`, on which it has its place. */
function attach(x: Exchange, pool: PoolRuntime, index: number): void {
  const server = pool.servers[index]!;
  x.server = server;
  if (x.triedCount < TRIES_MAX) x.tried[x.triedCount++] = index;
  x.dispatchMs = worker.nowMs;
  bump(server.meter + SERVER_METER.requests);
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
  failExchange(x, reason);
}

/** Tries another server where the plan, the request and the budget allow it; else answers. */
export function retryOr(x: Exchange, reason: number): void {
  const pool = x.pool!;
  x.reason = reason;
  if (x.attempts >= pool.plan.retry.attempts || !x.isReplayable) {
    failExchange(x, reason);
    return;
  }
  if (!x.isRetryCounted) {
    if (!pool.budget.allow(pool.live, pool.liveRetries)) {
      bump(pool.meter + POOL_METER.retriesDenied);
      failExchange(x, reason);
      return;
    }
    x.isRetryCounted = true;
    pool.liveRetries++;
  }
  x.attempts++;
  x.retries++;
  bump(pool.meter + POOL_METER.retries);
  dispatch(x);
}
