/** The worker's meters: shared memory that the supervisor reads; layout in base/meters.ts. */
import { SLOTS_MAX, SLOT_BYTES, SLOT_FIELDS } from '../base/meters.ts';
import { LATENCY_BOUNDS_US, WORKER_METER } from '../base/meters.ts';
import { mapShared } from '../sys/shared-memory.ts';
import { SHARED, SHARED_COUNTER_BYTES, WORKER_FD } from './worker-protocol.ts';

export const meters = new Float64Array(
  mapShared(WORKER_FD.meters, SLOTS_MAX * SLOT_BYTES).buffer as ArrayBuffer,
);

/** What all workers share, in the sections of SHARED; changed by atomic operations only. */
export const sharedCounters = new Int32Array(
  mapShared(WORKER_FD.sharedCounters, SHARED_COUNTER_BYTES).buffer as ArrayBuffer,
);

/** The first of the sections: requests in flight by server slot, over all workers. */
export const sharedLive = sharedCounters.subarray(SHARED.live, SHARED.live + SLOTS_MAX);

/** First meter of a slot. */
export function slotStart(slot: number): number {
  return slot * SLOT_FIELDS;
}

/** Adds to a meter. */
export function bump(index: number, by = 1): void {
  meters[index] = meters[index]! + by;
}

/** Counts a reason in the worker's own slot. */
export function countReason(reason: number): void {
  bump(WORKER_METER.reasons + reason);
}

const BOUNDS = Float64Array.from(LATENCY_BOUNDS_US);

/** Counts a duration into the histogram whose first bucket is `buckets` and whose sum is `sum`. */
export function observe(sum: number, buckets: number, microseconds: number): void {
  bump(sum, microseconds);
  let bucket = 0;
  while (bucket < BOUNDS.length && microseconds > BOUNDS[bucket]!) bucket++;
  bump(buckets + bucket);
}
