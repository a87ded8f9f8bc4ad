import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusals } from './refusals.ts';

test('Refusals: the same is told once a minute, another at once', () => {
  const told: string[] = [];
  const refusals = new Refusals((why) => told.push(why));
  for (let nowMs = 0; nowMs < 60_000; nowMs += 500) refusals.note('a', nowMs);
  assert.deepEqual(told, ['a']);
  refusals.note('b', 59_700);
  refusals.note('b', 119_800);
  assert.deepEqual(told, ['a', 'b', 'b']);
});

test('Refusals: held against the node for a minute, and for twice as long if it comes again', () => {
  const refusals = new Refusals(() => {});
  assert.equal(refusals.standing(0), null);
  refusals.note('a', 0);
  assert.equal(refusals.standing(59_999), 'a');
  assert.equal(refusals.standing(60_000), null);
  refusals.note('a', 60_100);
  assert.equal(refusals.standing(180_000), 'a');
  assert.equal(refusals.standing(180_100), null);
  // All was well for long.
  refusals.note('a', 1_000_000);
  assert.equal(refusals.standing(1_059_999), 'a');
  assert.equal(refusals.standing(1_060_000), null);
});
