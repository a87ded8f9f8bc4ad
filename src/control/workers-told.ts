import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { WORKER_METER } from '../base/meters.ts';
import type { WorkerProcess } from './worker-process.ts';

/** How often workers are looked at that have been told something, in ms. */
const TOLD_LOOK_MS = 2;

/**
 * Resolves with true once all workers with a plan have taken what was sent to them before, with false
 * where one has not after `limitMs`. A worker reads what is there in each turn of its loop, and the
 * heartbeat counts turns: the second one from now has it.
 */
export async function workersTold(
  workers: readonly WorkerProcess[],
  isAlive: (worker: WorkerProcess) => boolean,
  limitMs: number,
): Promise<boolean> {
  const heartbeat = (worker: WorkerProcess) => worker.segment.values[WORKER_METER.heartbeat]!;
  const goals = new Map<WorkerProcess, number>();
  for (const worker of workers) {
    if (worker.appliedVersion > 0) goals.set(worker, heartbeat(worker) + 2);
  }
  const untilMs = performance.now() + limitMs;
  for (;;) {
    for (const [worker, goal] of goals) {
      if (!isAlive(worker) || heartbeat(worker) >= goal) goals.delete(worker);
    }
    if (goals.size === 0) return true;
    if (performance.now() >= untilMs) return false;
    await pause(TOLD_LOOK_MS);
  }
}
