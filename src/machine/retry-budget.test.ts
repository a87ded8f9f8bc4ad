import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RetryBudget } from './retry-budget.ts';

describe('retry budget', () => {
  it('allows its minimum however few requests are live', () => {
    const budget = new RetryBudget(20, 3);
    assert.deepEqual(
      [0, 1, 2, 3].map((retries) => budget.allow(retries + 1, retries)),
      [true, true, true, false],
    );
  });

  it('allows its share of the requests in their first try', () => {
    const budget = new RetryBudget(20, 0);
    // Of 121 requests, 100 are in their first try, 20 are retried, and one asks.
    assert.equal(budget.allow(120, 19), true);
    assert.equal(budget.allow(121, 20), false);
    assert.equal(budget.allow(126, 20), true);
  });

  it('allows nothing for a share and a minimum of 0', () => {
    assert.equal(new RetryBudget(0, 0).allow(1_000_000, 0), false);
  });
});

const TRY_TICKS = 200;

/**
 * Tries that the servers see, first and repeated, where every try fails after TRY_TICKS. `arrivals`
 * says at which ticks a request comes.
 */
function outage(budget: RetryBudget, arrivals: readonly boolean[], attempts: number) {
  type Live = { readonly endsAt: number; readonly retries: number };
  const ends = new Map<number, Live[]>();
  let live = 0;
  let liveRetries = 0;
  let liveRetriesMost = 0;
  const begin = (request: Live): void => {
    ends.set(request.endsAt, [...(ends.get(request.endsAt) ?? []), request]);
    live++;
    if (request.retries > 0) liveRetries++;
    liveRetriesMost = Math.max(liveRetriesMost, liveRetries);
  };
  let firsts = 0;
  let retries = 0;
  arrivals.forEach((isArrival, now) => {
    for (const request of ends.get(now) ?? []) {
      // The request that asks is live still, while its own retry, if it had one, is over.
      if (request.retries > 0) liveRetries--;
      const isAllowed = request.retries < attempts && budget.allow(live, liveRetries);
      live--;
      if (!isAllowed) continue;
      retries++;
      begin({ endsAt: now + TRY_TICKS, retries: request.retries + 1 });
    }
    if (!isArrival) return;
    firsts++;
    begin({ endsAt: now + TRY_TICKS, retries: 0 });
  });
  return { firsts, retries, liveRetriesMost };
}

/** `count` ticks with a request every `period` of them. */
function steady(period: number, count = 20_000): boolean[] {
  return Array.from({ length: count }, (_, i) => i % period === 0);
}

describe('retry budget in a total outage', () => {
  it('never multiplies the load of the servers by more than 1 + budget', () => {
    for (const percent of [5, 20, 50, 100]) {
      const { firsts, retries } = outage(new RetryBudget(percent, 0), steady(1), 3);
      const load = 1 + retries / firsts;
      assert.ok(load <= 1 + percent / 100, `load ${load} at ${percent} %`);
      assert.ok(load >= 1 + (percent / 100) * 0.85, `load ${load} makes no use of ${percent} %`);
    }
  });

  it('would be multiplied by the attempts without a budget', () => {
    const { firsts, retries } = outage(new RetryBudget(1e9, 1e9), steady(1), 3);
    assert.ok(1 + retries / firsts > 3.9);
  });

  it('keeps to the minimum where that is more than the share', () => {
    const arrivals = steady(50);
    const { retries, liveRetriesMost } = outage(new RetryBudget(20, 3), arrivals, 3);
    assert.equal(liveRetriesMost, 3);
    assert.ok(retries <= (arrivals.length / TRY_TICKS) * 3);
  });

  it('holds through a burst that ends', () => {
    const arrivals = [...steady(10, 4000), ...steady(1, 1000), ...steady(10, 4000)];
    const { firsts, retries } = outage(new RetryBudget(20, 0), arrivals, 3);
    assert.ok(retries <= firsts * 0.2, `${retries} retries of ${firsts}`);
  });
});
