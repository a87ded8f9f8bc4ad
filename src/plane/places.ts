/** Places on servers: who takes the next request, and how many each has at once over all workers. */
import { SERVER_METER } from '../base/meters.ts';
import { bump, sharedLive } from './meter-segment.ts';
import { TRIES_MAX } from './placement.ts';
import type { Placement } from './placement.ts';
import type { PoolRuntime, ServerRuntime } from './runtime.ts';
import { worker } from './worker-state.ts';

/** Pools of at most so many servers balance by what all workers have on them, not by their own. */
const SHARED_VIEW_MAX = 64;

/** The place of a server that has room, or -1. Its place is taken already. */
export function takeServer(pool: PoolRuntime, p: Placement): number {
  if (pool.full.length > 0) recheckFull(pool);
  if (pool.sharesLive) refreshLive(pool);
  for (;;) {
    const index = pool.balancer!.pick(p.tried, p.triedCount, p.hashKey, worker.nowMs);
    if (index < 0) return -1;
    if (takePlace(p, pool, index)) return index;
    pool.states[index]!.isFull = true;
    pool.full.push(index);
  }
}

/** Notes that the request is given to the server at `index`, on which it has its place. */
export function noteTry(p: Placement, pool: PoolRuntime, index: number): ServerRuntime {
  const server = pool.servers[index]!;
  p.server = server;
  if (p.triedCount < TRIES_MAX) p.tried[p.triedCount++] = index;
  p.dispatchMs = worker.nowMs;
  bump(server.meter + SERVER_METER.requests);
  return server;
}

/** Another worker may have made room since: what was found full is looked at again. */
function recheckFull(pool: PoolRuntime): void {
  let kept = 0;
  for (const index of pool.full) {
    const server = pool.servers[index]!;
    const isFull =
      server.maxConnections > 0 &&
      Atomics.load(sharedLive, server.plan.slot) >= server.maxConnections;
    pool.states[index]!.isFull = isFull;
    if (isFull) pool.full[kept++] = index;
  }
  pool.full.length = kept;
}

/** Whether the places of a pool are counted over all workers, for the sake of its algorithm. */
export function sharesLive(pool: PoolRuntime): boolean {
  const { kind } = pool.plan.balance;
  const looksAtLive = kind === 'least-connections' || kind === 'least-time';
  return looksAtLive && pool.servers.length <= SHARED_VIEW_MAX;
}

function refreshLive(pool: PoolRuntime): void {
  const { states, servers, balancer } = pool;
  for (let i = 0; i < states.length; i++) {
    const live = Atomics.load(sharedLive, servers[i]!.plan.slot);
    if (states[i]!.live === live) continue;
    states[i]!.live = live;
    if (balancer!.tracksLive) balancer!.liveChanged(i);
  }
}

/** Counts a request in, unless the server has its most over all workers. */
function takePlace(p: Placement, pool: PoolRuntime, index: number): boolean {
  const server = pool.servers[index]!;
  const { maxConnections } = server;
  if (maxConnections > 0 || pool.sharesLive) {
    const { slot } = server.plan;
    if (Atomics.add(sharedLive, slot, 1) >= maxConnections && maxConnections > 0) {
      Atomics.sub(sharedLive, slot, 1);
      return false;
    }
    p.hasSharedPlace = true;
    bump(server.meter + SERVER_METER.placesLive);
  }
  p.hasPlace = true;
  countLive(server, 1);
  return true;
}

/** Gives the place of a request on its server back, and lets the next one in. */
export function leaveServer(p: Placement): void {
  const server = p.server;
  if (server === null || !p.hasPlace) return;
  p.hasPlace = false;
  countLive(server, -1);
  // What was counted is counted out, whatever a reload has made of the limit meanwhile.
  if (!p.hasSharedPlace) return;
  p.hasSharedPlace = false;
  Atomics.sub(sharedLive, server.plan.slot, 1);
  bump(server.meter + SERVER_METER.placesLive, -1);
}

function countLive(server: ServerRuntime, by: number): void {
  const { state, pool } = server;
  server.live += by;
  state.live = server.live;
  pool.load.live += by;
  bump(server.meter + SERVER_METER.requestsLive, by);
  const balancer = pool.balancer!;
  if (balancer.tracksLive) balancer.liveChanged(state.index);
}

/** Whether a server that could serve is only at its limit. */
export function hasFullServer(pool: PoolRuntime): boolean {
  return pool.full.some((index) => pool.states[index]!.isUsable);
}
