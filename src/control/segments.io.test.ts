import assert from 'node:assert/strict';
import test from 'node:test';
import { LISTENER_METER, SERVER_METER, SLOT_FIELDS, WORKER_METER } from '../base/meters.ts';
import { SHARED, SHARED_COUNTER_BYTES } from '../plane/worker-protocol.ts';
import { mapShared } from '../sys/shared-memory.ts';
import { MetersReader } from './meters-reader.ts';
import { Segments } from './segments.ts';

const LISTENER = 1;
const SERVER = 2;
const USES = [
  { kind: 'listener', slot: LISTENER },
  { kind: 'server', slot: SERVER },
] as const;
const at = (slot: number, field: number): number => slot * SLOT_FIELDS + field;

function sharedOf(segments: Segments): Int32Array {
  const bytes = mapShared(segments.sharedFd, SHARED_COUNTER_BYTES);
  return new Int32Array(bytes.buffer, bytes.byteOffset, SHARED_COUNTER_BYTES / 4);
}

test('MetersReader sums over all segments', () => {
  const segments = new Segments();
  const reader = new MetersReader(segments);
  for (const count of [3, 4]) segments.acquire().values[at(LISTENER, 2)] = count;
  assert.equal(reader.sum(LISTENER, 2), 7);
  assert.deepEqual(reader.sums(LISTENER, 1, 3), [0, 7, 0]);
});

test('Segments keeps the counters of a dead worker, zeroes its gauges, and gives it on', () => {
  const segments = new Segments();
  const segment = segments.acquire();
  segment.values[WORKER_METER.heartbeat] = 9;
  segment.values[WORKER_METER.connectionsLive] = 5;
  segment.values[WORKER_METER.exceptions] = 1;
  segment.values[at(LISTENER, LISTENER_METER.requests)] = 100;
  segment.values[at(LISTENER, LISTENER_METER.connectionsLive)] = 5;
  segments.release(segment, USES);
  assert.equal(segments.acquire(), segment);
  assert.equal(segment.values[WORKER_METER.connectionsLive], 0);
  assert.equal(segment.values[WORKER_METER.exceptions], 1);
  assert.equal(segment.values[at(LISTENER, LISTENER_METER.requests)], 100);
  assert.equal(segment.values[at(LISTENER, LISTENER_METER.connectionsLive)], 0);
});

test('Segments gives back what a dead worker held of the counters common to all', () => {
  const segments = new Segments();
  const shared = sharedOf(segments);
  const segment = segments.acquire();
  segment.values[at(SERVER, SERVER_METER.requestsLive)] = 5;
  segment.values[at(SERVER, SERVER_METER.placesLive)] = 3;
  Atomics.store(shared, SERVER, 10);
  segments.release(segment, USES);
  assert.equal(Atomics.load(shared, SERVER), 7);
  assert.equal(segment.values[at(SERVER, SERVER_METER.requestsLive)], 0);
  assert.equal(segment.values[at(SERVER, SERVER_METER.placesLive)], 0);
});

test('Segments clears a slot everywhere before it changes its owner', () => {
  const segments = new Segments();
  const shared = sharedOf(segments);
  const both = [segments.acquire(), segments.acquire()];
  for (const { values } of both) values.fill(1, at(SERVER, 0), at(SERVER + 2, 0));
  const sections = [SHARED.live, SHARED.failures, SHARED.ejectedUntil, SHARED.ejections];
  for (const section of sections) {
    Atomics.store(shared, section + SERVER, 5);
    Atomics.store(shared, section + SERVER + 1, 6);
  }
  segments.clearSlot(SERVER);
  for (const { values } of both) {
    assert.ok(values.subarray(at(SERVER, 0), at(SERVER + 1, 0)).every((value) => value === 0));
    assert.equal(values[at(SERVER + 1, 0)], 1);
  }
  for (const section of sections) {
    assert.equal(Atomics.load(shared, section + SERVER), 0);
    assert.equal(Atomics.load(shared, section + SERVER + 1), 6);
  }
});
