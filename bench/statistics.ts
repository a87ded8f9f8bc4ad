/** Medians and spreads of a few samples. */

export type Summary = {
  readonly median: number;
  readonly min: number;
  readonly max: number;
};

/** The middle value, or the mean of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median, least and greatest; null of nothing. */
export function summarize(values: readonly number[]): Summary | null {
  if (values.length === 0) return null;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Ratios of two contenders round by round: what drifts over a run touches both of a round, so a
 * ratio within a round says more than a ratio of medians. A round without both is left out.
 */
export function ratios(
  of: readonly (number | null)[],
  to: readonly (number | null)[],
): readonly number[] {
  const result: number[] = [];
  for (let i = 0; i < Math.min(of.length, to.length); i++) {
    const a = of[i];
    const b = to[i];
    if (a !== null && b !== null && a !== undefined && b !== undefined && b > 0) result.push(a / b);
  }
  return result;
}
