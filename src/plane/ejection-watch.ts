/** Ejections by passive health, of this worker and of the others, taken into account. */
import { sharedCounters } from './meter-segment.ts';
import { ejectedUntil, passiveReports, tenthsNow } from './passive.ts';
import { applyColumns } from './pool-availability.ts';
import type { PoolRuntime } from './runtime.ts';
import { queues } from './wait-queue.ts';
import { SHARED } from './worker-protocol.ts';
import type { PassiveFrame } from './worker-protocol.ts';

/** Pools of the plan that eject, what was last seen, and when the next ejection ends. */
const watch = { pools: [] as PoolRuntime[], epoch: 0, endTenths: Infinity };

/** To be called when a plan has come into force. */
export function watchEjections(pools: Iterable<PoolRuntime>): void {
  watch.pools = [];
  for (const pool of pools) {
    if (pool.plan.passive !== null) watch.pools.push(pool);
    else takeBack(pool);
  }
  lookAt(tenthsNow());
}

/** Called each turn: costs one atomic load while nothing changes, and nothing without `passive`. */
export function lookAtEjections(send: (frame: PassiveFrame) => void): void {
  if (watch.pools.length === 0) return;
  if (passiveReports.length > 0) for (const report of passiveReports.splice(0)) send(report);
  const now = tenthsNow();
  const epoch = Atomics.load(sharedCounters, SHARED.ejectionEpoch);
  if (epoch !== watch.epoch || now >= watch.endTenths) lookAt(now);
}

function lookAt(now: number): void {
  // Before the servers are looked at: what comes between is seen the next time.
  watch.epoch = Atomics.load(sharedCounters, SHARED.ejectionEpoch);
  watch.endTenths = Infinity;
  for (const pool of watch.pools) {
    let isChanged = false;
    let count = 0;
    for (const server of pool.servers) {
      const until = ejectedUntil(server);
      const isEjected = until > now;
      if (isEjected) {
        count++;
        watch.endTenths = Math.min(watch.endTenths, until);
      }
      if (isEjected === server.isEjected) continue;
      server.isEjected = isEjected;
      isChanged = true;
    }
    pool.ejectedCount = count;
    if (isChanged) changed(pool);
  }
}

function changed(pool: PoolRuntime): void {
  applyColumns(pool);
  if (pool.queue.count > 0) queues.pools.add(pool);
}

/** A reload has ended passive health for the pool. */
function takeBack(pool: PoolRuntime): void {
  if (!pool.servers.some((server) => server.isEjected)) return;
  for (const server of pool.servers) server.isEjected = false;
  pool.ejectedCount = 0;
  changed(pool);
}
