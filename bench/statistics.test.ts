import assert from 'node:assert/strict';
import test from 'node:test';
import { median, ratios, summarize } from './statistics.ts';

test('median takes the middle of an odd count and the mean of the two in the middle of an even', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 2, 9]), 3);
  assert.ok(Number.isNaN(median([])));
});

test('summarize gives nothing for nothing', () => {
  assert.equal(summarize([]), null);
  assert.deepEqual(summarize([3, 1, 2]), { median: 2, min: 1, max: 3 });
});

test('ratios pairs the samples of a round and leaves out a round without both', () => {
  assert.deepEqual(ratios([10, null, 30, 8], [20, 5, null, 4, 7]), [0.5, 2]);
});
