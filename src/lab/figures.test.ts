import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figuresOf, medianFigures } from './figures.ts';
import type { ProbeResult } from './probe-result.ts';

const lived = { opened: 10, lost: 0 };

/** Requests each 10 ms for 10 s, of which those in the silence fail; looks each 20 ms. */
function result(silence: readonly [number, number], macs: (atMs: number) => string[]): ProbeResult {
  return {
    fresh: Array.from({ length: 1_000 }, (_, i) => {
      const startMs = i * 10;
      const fails = startMs >= silence[0] && startMs < silence[1];
      return { startMs, endMs: startMs + 1, fault: fails ? 'timeout' : '' };
    }),
    kept: { sent: 100, failed: 3 },
    established: { ping: { opened: 10, lost: 2 }, idle: lived, push: lived },
    datagrams: Array.from({ length: 200 }, (_, i) => ({
      atMs: i * 50,
      isAnswered: i * 50 < silence[0] || i * 50 >= silence[1],
    })),
    owners: Array.from({ length: 500 }, (_, i) => ({ atMs: i * 20, macs: macs(i * 20) })),
    ownStallMs: 4.4,
  };
}

test('figuresOf: the silence in its full length, failures, and who answered', () => {
  const figures = figuresOf(
    result([3_000, 3_500], (at) => (at < 3_000 ? ['a'] : at < 3_400 ? [] : ['b'])),
    0,
  );
  assert.equal(figures.silenceMs, 510);
  assert.equal(figures.freshFailed, 50);
  assert.equal(figures.moves, 1);
  assert.equal(figures.datagrams, null);
  assert.equal(figures.noOwnerMs, 400);
  assert.equal(figures.twoOwnersMs, 0);
  assert.deepEqual(figures.lost, { ping: 2, idle: 0, push: 0 });
});

test('figuresOf: two owners are added up, one lost answer is no loss of the owner', () => {
  const figures = figuresOf(
    result([0, 0], (at) => (at === 5_000 ? [] : at > 6_000 && at <= 8_000 ? ['a', 'b'] : ['a'])),
    0,
  );
  assert.equal(figures.twoOwnersMs, 2_000);
  assert.equal(figures.noOwnerMs, 0);
  assert.equal(figures.moves, 0);
});

test('medianFigures: figure by figure', () => {
  const runs = [100, 900, 300].map((end) =>
    figuresOf(
      result([0, end], () => ['a']),
      0,
    ),
  );
  assert.equal(medianFigures(runs).freshFailed, 30);
});

test('figuresOf: datagrams are counted from the fault on, where any was answered before', () => {
  const one = result([3_000, 3_500], () => ['a']);
  assert.deepEqual(figuresOf(one, 2_900).datagrams, { sent: 142, lost: 10 });
  const none = { ...one, datagrams: one.datagrams.map((d) => ({ ...d, isAnswered: false })) };
  assert.equal(figuresOf(none, 2_900).datagrams, null);
});
