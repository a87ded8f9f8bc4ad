/** Whether one more server may be tried: what the pool's plan and its budget say. */
import { POOL_METER } from '../base/meters.ts';
import { bump } from './meter-segment.ts';
import type { Placement } from './placement.ts';
import type { PoolRuntime } from './runtime.ts';

/** Counts one more try in; false where there must be none. */
export function takeRetry(p: Placement, pool: PoolRuntime): boolean {
  if (p.attempts >= pool.plan.retry.attempts) return false;
  if (!p.isRetryCounted) {
    if (!pool.budget.allow(pool.live, pool.liveRetries)) {
      bump(pool.meter + POOL_METER.retriesDenied);
      return false;
    }
    p.isRetryCounted = true;
    pool.liveRetries++;
  }
  p.attempts++;
  p.retries++;
  bump(pool.meter + POOL_METER.retries);
  return true;
}
