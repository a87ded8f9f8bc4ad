/**
 * How many retries a pool may have under way: a share of the requests that are in their first try,
 * so that an outage of all servers raises the load on them by that share and no more. A retry that
 * the budget refuses is not put off: the failure is answered.
 */
export class RetryBudget {
  private readonly percent: number;
  private readonly min: number;

  /**
   * `percent`: retries in percent of the first tries under way, 0 or more. `min`: retries that are
   * allowed however few requests there are, so that a quiet pool retries too. Both per worker.
   */
  constructor(percent: number, min: number) {
    this.percent = percent;
    this.min = min;
  }

  /**
   * Whether one more retry may begin. `liveRequests`: requests of the pool that are not answered
   * yet, each once, those being retried included. `liveRetries`: those of them that are being
   * retried. Asked before each retry; constant time.
   */
  allow(liveRequests: number, liveRetries: number): boolean {
    if (liveRetries < this.min) return true;
    // The request that asks counts as retried from here on, not as a first try.
    const firstTries = liveRequests - liveRetries - 1;
    return (liveRetries + 1) * 100 <= firstTries * this.percent;
  }
}
