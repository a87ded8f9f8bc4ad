import assert from 'node:assert/strict';
import test from 'node:test';
import { HeartbeatWatch, LOOK_CREDIT_MS } from './heartbeat.ts';

test('HeartbeatWatch adds up the silence of a counter that stands still', () => {
  const watch = new HeartbeatWatch();
  assert.equal(watch.look(7, 0), 0);
  assert.equal(watch.look(7, 100), 100);
  assert.equal(watch.look(7, 210), 210);
  assert.equal(watch.silentMs, 210);
});

test('HeartbeatWatch forgets the silence when the counter moves', () => {
  const watch = new HeartbeatWatch();
  watch.look(7, 0);
  watch.look(7, 100);
  assert.equal(watch.look(8, 200), 0);
  assert.equal(watch.look(8, 300), 100);
});

test('HeartbeatWatch does not blame a worker for a stall of the one who looks', () => {
  const watch = new HeartbeatWatch();
  watch.look(7, 0);
  assert.equal(watch.look(7, 60_000), LOOK_CREDIT_MS);
});

test('HeartbeatWatch begins anew after it forgave', () => {
  const watch = new HeartbeatWatch();
  watch.look(7, 0);
  watch.look(7, 100);
  watch.forgive(200);
  assert.equal(watch.look(7, 300), 100);
});
