/**
 * A server that comes back begins with a part of its weight and gets more of it step by step: its
 * caches are cold, and it may have been down for being overloaded.
 *
 * What hashes gets a growing part of the server's keys instead (`keyShare`), since each change of a
 * weight would move keys between others too.
 */
import { KEY_SHARE_FULL } from '../balance/balancer.ts';
import { isObservedUp } from '../machine/availability.ts';
import { relativeShares, slowShare, slowWeight, SLOW_STEPS } from '../machine/slow-start.ts';
import type { PoolRuntime, ServerRuntime } from './runtime.ts';
import { worker } from './worker-state.ts';

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
  servers.forEach(({ weight }, i) => {
    const isScaled = isSlow && !hasKeys;
    states[i]!.weight = isScaled ? slowWeight(weight, shares[i]!) : weight;
  });
  if (hasKeys) setKeyShares(pool, shares);
  if (isSlow) {
    slow.pools.add(pool);
    slow.dueMs = Math.min(slow.dueMs, worker.nowMs + plan.slowStartMs / SLOW_STEPS);
  } else slow.pools.delete(pool);
}

function setKeyShares({ states }: PoolRuntime, shares: readonly number[]): void {
  const ofUsable = shares.filter((_, i) => states[i]!.isUsable);
  const most = ofUsable.reduce((max, share) => Math.max(max, share), 0);
  relativeShares(shares, most).forEach((share, i) => {
    states[i]!.keyShare = Math.round(KEY_SHARE_FULL * share);
  });
}

/** The share of its weight that a server has now, in steps; ends its slow start when it is over. */
function shareOf(server: ServerRuntime): number {
  if (server.slowSinceMs < 0) return 1;
  const share = slowShare(worker.nowMs - server.slowSinceMs, server.pool.plan.slowStartMs);
  if (share === 1) server.slowSinceMs = -1;
  return share;
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
