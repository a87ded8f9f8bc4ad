import { LATENCY_BOUNDS_US } from '../../base/meters.ts';

const US_PER_MS = 1_000;

/**
 * The time that the share `q` (0 … 1) of what the buckets hold did not exceed, in ms: between the
 * bounds of its bucket as if times were spread evenly there. Null where the buckets are empty. What
 * lies above the last bound counts as that bound.
 */
export function quantileMs(buckets: readonly number[], q: number): number | null {
  let total = 0;
  for (const count of buckets) total += count;
  if (total === 0) return null;
  const rank = q * total;
  let below = 0;
  for (const [i, count] of buckets.entries()) {
    if (count === 0 || below + count < rank) {
      below += count;
      continue;
    }
    const low = i === 0 ? 0 : LATENCY_BOUNDS_US[i - 1]!;
    const high = LATENCY_BOUNDS_US[i] ?? low;
    return (low + ((high - low) * (rank - below)) / count) / US_PER_MS;
  }
  return LATENCY_BOUNDS_US.at(-1)! / US_PER_MS;
}
