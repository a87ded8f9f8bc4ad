import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeightedSplit } from './weighted-split.ts';

function picks(split: WeightedSplit, count: number): string {
  return Array.from({ length: count }, () => split.pick()).join('');
}

describe('weighted split', () => {
  it('is smooth: 5, 1, 1 gives 0 0 1 0 2 0 0, again and again', () => {
    assert.equal(picks(new WeightedSplit([5, 1, 1]), 14), '00102000010200');
  });

  it('begins as many turns ahead as asked for', () => {
    assert.equal(picks(new WeightedSplit([5, 1, 1], 2), 7), '1020000');
    assert.equal(picks(new WeightedSplit([5, 1, 1], 9), 7), '1020000');
  });

  it('never picks weight 0, and -1 where there is no other', () => {
    assert.equal(picks(new WeightedSplit([0, 1, 0]), 3), '111');
    assert.equal(new WeightedSplit([0, 0]).pick(), -1);
    assert.equal(new WeightedSplit([]).pick(), -1);
  });

  it('is exact over each round for 99 to 1', () => {
    const split = new WeightedSplit([99, 1]);
    for (let round = 0; round < 5; round++) {
      let second = 0;
      for (let i = 0; i < 100; i++) second += split.pick();
      assert.equal(second, 1);
    }
  });
});
