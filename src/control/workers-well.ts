import { HUNG_AFTER_MS } from '../base/meters.ts';
import type { WorkerFleet } from './worker-fleet.ts';

/** Whether the loop of any worker that serves turns: called for each word to the watchdog. */
export function isAnyWell(fleet: WorkerFleet): boolean {
  return fleet.workers.some(
    (worker) => worker.appliedVersion > 0 && fleet.silentMs(worker) < HUNG_AFTER_MS,
  );
}
