import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { relativeShares, slowShare, slowWeight, SLOW_STEPS } from './slow-start.ts';

describe('slow start', () => {
  it('begins with a tenth and has all at the end, in steps of equal size', () => {
    const shares = Array.from({ length: 1000 }, (_, ms) => slowShare(ms, 1000));
    assert.equal(shares[0], 0.1);
    assert.equal(slowShare(1000, 1000), 1);
    assert.equal(slowShare(5000, 1000), 1);
    const values = [...new Set(shares)];
    assert.equal(values.length, SLOW_STEPS);
    values.slice(1).forEach((share, i) => {
      assert.ok(Math.abs(share - values[i]! - 0.9 / SLOW_STEPS) < 1e-9);
    });
    assert.ok(Math.abs(shares[500]! - 0.55) < 1e-9);
  });

  it('is over at once where it lasts no time, and takes a clock that stands for its beginning', () => {
    assert.equal(slowShare(0, 0), 1);
    assert.equal(slowShare(-1, 1000), 0.1);
  });

  it('gives integers above 0 that grow with each step, for the least weight too', () => {
    const weights = Array.from({ length: SLOW_STEPS + 1 }, (_, i) =>
      slowWeight(1, slowShare(i, 20)),
    );
    assert.equal(weights[0], 2);
    assert.equal(weights.at(-1), 20);
    weights.slice(1).forEach((weight, i) => assert.ok(weight > weights[i]! - 1));
    assert.ok(new Set(weights).size >= 18);
    assert.equal(slowWeight(0, 0.5), 0);
    assert.ok(slowWeight(256, 1) <= 65_536);
  });

  it('counts shares against the greatest', () => {
    assert.deepEqual(relativeShares([0.1, 1, 0.5], 1), [0.1, 1, 0.5]);
    assert.deepEqual(relativeShares([0.1, 0.2], 0.2), [0.5, 1]);
    assert.deepEqual(relativeShares([0.1, 0.2, 1], 0.2), [0.5, 1, 1]);
    assert.deepEqual(relativeShares([0.1, 0.2], 0), [1, 1]);
  });
});
