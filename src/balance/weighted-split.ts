/**
 * Shares requests out by weight, smoothly: for weights 5, 1, 1 the order is 0 0 1 0 2 0 0. For a
 * route that sends to several pools. Each request goes to the pool whose turn it is, whether that
 * pool has servers or not: a split is what was asked for, not a fallback.
 */
export class WeightedSplit {
  private readonly weights: Int32Array;
  private readonly credit: Float64Array;
  private readonly total: number;

  /**
   * `weights`: integers of 0 or more, 0 is never picked. `start`: how many turns to begin ahead, so
   * that workers differ.
   */
  constructor(weights: readonly number[], start = 0) {
    this.weights = Int32Array.from(weights);
    this.credit = new Float64Array(weights.length);
    let total = 0;
    for (const weight of weights) total += weight;
    this.total = total;
    for (let left = total > 0 ? start % total : 0; left > 0; left--) this.pick();
  }

  /** Index into the weights, -1 where all of them are 0. Once per request; O(weights). */
  pick(): number {
    const { weights, credit } = this;
    let best = -1;
    let bestCredit = -Infinity;
    for (let i = 0; i < weights.length; i++) {
      const weight = weights[i]!;
      if (weight === 0) continue;
      const next = credit[i]! + weight;
      credit[i] = next;
      if (next > bestCredit) {
        bestCredit = next;
        best = i;
      }
    }
    if (best >= 0) credit[best]! -= this.total;
    return best;
  }
}
