/** How much of its weight a server has that starts slowly. */

/** Share of its weight that a server begins with. */
const FIRST_SHARE = 0.1;

/** Changes of the weight until it is whole. */
export const SLOW_STEPS = 20;

/** What all weights of a pool are multiplied by meanwhile, so that small ones have steps too. */
const SCALE = 20;

/** The share after `elapsedMs` of a slow start of `wholeMs`, in steps: 0.1 … 1. */
export function slowShare(elapsedMs: number, wholeMs: number): number {
  if (elapsedMs >= wholeMs) return 1;
  const step = Math.floor((Math.max(0, elapsedMs) / wholeMs) * SLOW_STEPS);
  return FIRST_SHARE + ((1 - FIRST_SHARE) * step) / SLOW_STEPS;
}

/**
 * The weight to balance by while any server of the pool starts slowly: a multiple of each weight,
 * reduced to `share`; an integer, 0 only where the weight is.
 */
export function slowWeight(weight: number, share: number): number {
  return weight <= 0 ? 0 : Math.max(1, Math.round(weight * SCALE * share));
}

/**
 * Shares as parts of `most`, the greatest of those that count; at most 1. Where all servers start
 * slowly none has to wait for another.
 */
export function relativeShares(shares: readonly number[], most: number): number[] {
  return shares.map((share) => (most > 0 ? Math.min(1, share / most) : 1));
}
