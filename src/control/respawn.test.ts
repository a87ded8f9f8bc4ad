import assert from 'node:assert/strict';
import test from 'node:test';
import { BACKOFF_FIRST_MS, BACKOFF_MAX_MS, QUICK_DEATH_MS, Respawn } from './respawn.ts';

test('Respawn never waits for a worker that lived, however often it dies', () => {
  const respawn = new Respawn();
  for (let death = 0; death < 100; death++) assert.equal(respawn.died(QUICK_DEATH_MS), 0);
});

test('Respawn waits twice as long after each further death at once, up to a limit', () => {
  const respawn = new Respawn();
  const waits = Array.from({ length: 12 }, () => respawn.died(0));
  assert.deepEqual(
    waits.slice(0, 5),
    [0, 0, 1, 2, 4].map((factor) => factor * BACKOFF_FIRST_MS),
  );
  assert.equal(waits.at(-1), BACKOFF_MAX_MS);
});

test('Respawn forgives after a worker has lived', () => {
  const respawn = new Respawn();
  for (let death = 0; death < 8; death++) respawn.died(0);
  respawn.died(QUICK_DEATH_MS);
  assert.equal(respawn.died(0), 0);
});
