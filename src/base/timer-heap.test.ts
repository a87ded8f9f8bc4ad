import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimerHeap } from './timer-heap.ts';

test('TimerHeap: timers come in the order of their times, those taken out do not', () => {
  const heap = new TimerHeap();
  const dues = Array.from({ length: 500 }, (_, i) => (i * 7919) % 503);
  const timers = dues.map((due) => heap.add(due, () => {}));
  for (let i = 0; i < timers.length; i += 3) heap.remove(timers[i]!);
  heap.remove(timers[0]!);
  const left = dues.filter((_, i) => i % 3 !== 0).toSorted((a, b) => a - b);
  const taken: number[] = [];
  for (let t = heap.take(1000); t !== null; t = heap.take(1000)) taken.push(t.dueMs);
  assert.deepEqual(taken, left);
  assert.equal(heap.count, 0);
  assert.equal(heap.nextDueMs, Infinity);
});

test('TimerHeap: take leaves what is not due', () => {
  const heap = new TimerHeap();
  heap.add(5, () => {});
  assert.equal(heap.take(4), null);
  assert.equal(heap.take(5)?.dueMs, 5);
});
