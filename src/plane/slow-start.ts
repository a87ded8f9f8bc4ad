/**
 * A server that comes back begins with a part of its weight and gets more of it step by step: its
 * caches are cold, and it may have been down for being overloaded.
 *
 * What hashes gets a growing part of the server's keys instead (`keyShare`), since each change of a
 * weight would move keys between others too.
 */
import { KEY_SHARE_FULL } from '../balance/balancer.ts';
import { isObservedUp } from '../machine/availability.ts';
import type { PoolRuntime, ServerRuntime } from './runtime.ts';
import { worker } from './worker-state.ts';

/** Share of its weight that a server begins with. */
const FIRST_SHARE = 0.1;
/** Changes of the weight until it is whole. */
const STEPS = 20;
/** What all weights of a pool are multiplied by meanwhile, so that small ones have steps too. */
const SCALE = 20;

/** Pools in which a server starts slowly, and when the next step of any of them is due. */
const slow = { pools: new Set<PoolRuntime>(), dueMs: Infinity };

/** Looks whether a server is in service, after any of its columns has changed. */
export function noteService(server: ServerRuntime): void {
  const { observed, administrative, isEjected, weight } = server;
  const isUp = isObservedUp(observed);
  const isOut = administrative !== 'ready' || isEjected || weight <= 0;
  if (isOut || (!isUp && observed !== 'unknown')) {
    server.wasOut = true;
    server.slowSinceMs = -1;
  } else if (isUp && server.wasOut) {
    server.wasOut = false;
    if (server.pool.plan.slowStartMs > 0) server.slowSinceMs = worker.nowMs;
  }
}

/** Gives the servers of a pool the weights that they have now. The caller tells the balancer. */
export function setWeights(pool: PoolRuntime): void {
  const { servers, states, plan } = pool;
  const shares = servers.map(shareOf);
  const isSlow = shares.some((share) => share < 1);
  const hasKeys = plan.balance.kind === 'maglev' || plan.balance.kind === 'ring';
  const scale = isSlow && !hasKeys ? SCALE : 1;
  servers.forEach(({ weight }, i) => {
    const scaled = Math.round(weight * scale * (hasKeys ? 1 : shares[i]!));
    states[i]!.weight = weight > 0 ? Math.max(1, scaled) : 0;
  });
  if (hasKeys) setKeyShares(pool, shares);
  if (isSlow) {
    slow.pools.add(pool);
    slow.dueMs = Math.min(slow.dueMs, worker.nowMs + plan.slowStartMs / STEPS);
  } else slow.pools.delete(pool);
}

/** Shares count against that of the server that is furthest: all of them slow is none of them slow. */
function setKeyShares({ states }: PoolRuntime, shares: readonly number[]): void {
  let most = 0;
  shares.forEach((share, i) => {
    if (states[i]!.isUsable && share > most) most = share;
  });
  shares.forEach((share, i) => {
    const relative = most === 0 ? 1 : Math.min(1, share / most);
    states[i]!.keyShare = Math.round(KEY_SHARE_FULL * relative);
  });
}

/** The share of its weight that a server has now, in steps; ends its slow start when it is over. */
function shareOf(server: ServerRuntime): number {
  if (server.slowSinceMs < 0) return 1;
  const { slowStartMs } = server.pool.plan;
  const elapsedMs = worker.nowMs - server.slowSinceMs;
  if (elapsedMs >= slowStartMs) {
    server.slowSinceMs = -1;
    return 1;
  }
  const step = Math.floor((elapsedMs / slowStartMs) * STEPS);
  return FIRST_SHARE + ((1 - FIRST_SHARE) * step) / STEPS;
}

/** Called each turn; does something only when a step is due. */
export function advanceSlowStarts(): void {
  if (worker.nowMs < slow.dueMs) return;
  slow.dueMs = Infinity;
  for (const pool of slow.pools) {
    // A reload has put another pool in its place, which goes on by itself.
    if (pool.servers[0]?.pool !== pool) slow.pools.delete(pool);
    else {
      setWeights(pool);
      pool.balancer!.changed();
    }
  }
}
