/** Waiting for a server that has room. */
import { POOL_METER } from '../base/meters.ts';
import { REASON } from '../base/reasons.ts';
import { arm } from './connection.ts';
import { QUEUE_KICKS } from './limits.ts';
import { bump } from './meter-segment.ts';
import type { Placement } from './placement.ts';
import { hasFullServer, takeServer } from './places.ts';
import type { PoolRuntime } from './runtime.ts';
import { TIMER } from './timers.ts';
import { worker } from './worker-state.ts';

/** Pools of this worker that have requests waiting. */
export const queues = { pools: new Set<PoolRuntime>(), polledMs: 0 };

/**
 * The index of the server that the request has a place on; -1 where it waits in the queue or was
 * refused already.
 */
export function placeOrQueue(p: Placement, pool: PoolRuntime): number {
  // Who waits already goes first.
  if (pool.queue.count > 0 && p.triedCount === 0) {
    enqueue(p, pool);
    return -1;
  }
  const index = takeServer(pool, p);
  if (index >= 0) return index;
  if (p.triedCount > 0) p.refused(p.reason === 0 ? REASON.connectFailed : p.reason);
  else if (pool.hasLimits && hasFullServer(pool)) enqueue(p, pool);
  else {
    bump(pool.meter + POOL_METER.noServerUp);
    p.refused(REASON.noServerUp);
  }
  return -1;
}

function enqueue(p: Placement, pool: PoolRuntime): void {
  const { client } = p;
  if (p.isAbandoned) {
    p.refused(REASON.clientClosed);
    return;
  }
  if (!pool.queue.push(p)) {
    bump(pool.meter + POOL_METER.queueRefused);
    p.refused(REASON.queueFull);
    return;
  }
  p.queuedMs = worker.nowMs;
  queues.pools.add(pool);
  bump(pool.meter + POOL_METER.queued);
  bump(pool.meter + POOL_METER.queueLive);
  arm(client, TIMER.queue, pool.plan.queue.timeoutMs);
  p.queued();
}

/** Takes a request out of the queue that it waits in. */
export function leaveQueue(p: Placement): void {
  const pool = p.pool;
  if (p.list === null || pool === null) return;
  pool.queue.remove(p);
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
    const p = pool.queue.peek();
    if (p === null) return;
    const index = takeServer(pool, p);
    if (index < 0) return;
    leaveQueue(p);
    worker.current = p.client;
    p.client.kind = TIMER.none;
    p.admitted(index);
  }
}
