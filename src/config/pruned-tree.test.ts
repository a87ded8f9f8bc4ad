import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PrunedTree } from './pruned-tree.ts';

const tree = () => new PrunedTree({ a: [0, 1, 2, { b: [10, 11, 12] }], c: { d: 1, e: 2 } });

test('PrunedTree moves the entries of a list up and knows where they stood', () => {
  const pruned = tree();
  pruned.cut([
    ['a', 0],
    ['a', 2],
    ['a', 3, 'b', 1],
  ]);
  assert.deepEqual(pruned.value, { a: [1, { b: [10, 12] }], c: { d: 1, e: 2 } });
  assert.deepEqual(pruned.originalPath(['a', 0]), ['a', 1]);
  assert.deepEqual(pruned.originalPath(['a', 1, 'b', 1]), ['a', 3, 'b', 2]);
});

test('PrunedTree keeps the original places through several cuts', () => {
  const pruned = tree();
  pruned.cut([['a', 1]]);
  pruned.cut([['a', 0]]);
  pruned.cut([['a', 1, 'b', 0]]);
  assert.deepEqual(pruned.value, { a: [2, { b: [11, 12] }], c: { d: 1, e: 2 } });
  assert.deepEqual(pruned.originalPath(['a', 1, 'b', 0]), ['a', 3, 'b', 1]);
});

test('PrunedTree tells what is whole', () => {
  const pruned = tree();
  assert.equal(pruned.isWhole([]), true);
  pruned.cut([
    ['c', 'd'],
    ['a', 0],
  ]);
  assert.deepEqual(pruned.value, { a: [1, 2, { b: [10, 11, 12] }], c: { e: 2 } });
  const paths = [[], ['c'], ['c', 'e'], ['c', 'd'], ['a'], ['a', 0], ['a', 2, 'b']];
  const whole = paths.map((path) => pruned.isWhole(path));
  assert.deepEqual(whole, [false, false, true, false, false, true, true]);
});

test('PrunedTree takes a value for a key that is missing, which does not count as whole', () => {
  const pruned = tree();
  pruned.cut([['a', 1]]);
  pruned.fill(['a', 2, 'f'], 7);
  assert.deepEqual(pruned.value, { a: [0, 2, { b: [10, 11, 12], f: 7 }], c: { d: 1, e: 2 } });
  assert.equal(pruned.isWhole(['a', 2]), false);
  assert.equal(pruned.isWhole(['a', 2, 'b']), true);
});
