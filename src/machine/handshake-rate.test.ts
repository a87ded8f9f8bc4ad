import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RATE_CELLS, allowByRate } from './handshake-rate.ts';

const RATE = { perSecond: 10, burst: 5 };

function allowed(cells: Int32Array, hash: number, count: number, now: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) if (allowByRate(cells, hash, RATE, now)) sum++;
  return sum;
}

test('allowByRate takes a burst at once and then the rate', () => {
  const cells = new Int32Array(RATE_CELLS);
  assert.equal(allowed(cells, 7, 100, 1_000), 5);
  assert.equal(allowed(cells, 7, 100, 1_000 + 999), 0);
  assert.equal(allowed(cells, 7, 100, 1_000 + 1_000), 1);
  assert.equal(allowed(cells, 7, 100, 1_000 + 4_000), 3);
  assert.equal(allowed(cells, 7, 100, 1_000_000), 5);
});

test('allowByRate goes on where its clock wraps', () => {
  const cells = new Int32Array(RATE_CELLS);
  const nearEnd = 0x7fffffff - 500;
  assert.equal(allowed(cells, 7, 100, nearEnd), 5);
  assert.equal(allowed(cells, 7, 100, (nearEnd + 1_000) | 0), 1);
  assert.equal(allowed(cells, 7, 100, (nearEnd + 100_000) | 0), 5);
});

test('allowByRate forgets a cell that is as old as a wrap', () => {
  const cells = new Int32Array(RATE_CELLS).fill(1_000_000_000);
  assert.equal(allowed(cells, 7, 100, 0), 5);
});

test('allowByRate lets no network pay for another, cells of many being shared', () => {
  const cells = new Int32Array(RATE_CELLS);
  for (let hash = 0; hash < 2_000; hash++) allowed(cells, Math.imul(hash, 0x01000193), 100, 0);
  let refused = 0;
  for (let i = 0; i < 1_000; i++) {
    if (!allowByRate(cells, Math.imul(i + 1_000_000, 0x01000193), RATE, 0)) refused++;
  }
  assert.ok(refused <= 20, `${refused} of 1000 networks pay for others`);
});
