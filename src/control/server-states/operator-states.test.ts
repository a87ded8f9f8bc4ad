import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GONE_KEPT_MS, GONE_MAX, OperatorStates } from './operator-states.ts';

const DRAIN = { administrative: 'drain', weight: null } as const;
const ALL = () => true;
const NONE = () => false;
const T = Date.parse('2026-01-01T00:00:00Z');

test('OperatorStates holds what was asked for and forgets what is as configured', () => {
  const states = new OperatorStates();
  assert.deepEqual(states.column('p/a'), { administrative: 'ready', weight: null });
  assert.equal(states.since('p/a'), null);
  states.set('p/a', { administrative: 'ready', weight: 0 }, T);
  assert.equal(states.column('p/a').weight, 0);
  assert.equal(states.since('p/a'), '2026-01-01T00:00:00.000Z');
  states.set('p/a', { administrative: 'ready', weight: null }, T + 1);
  assert.equal(states.entries.size, 0);
});

test('OperatorStates gives a server that comes back its state again', () => {
  const states = new OperatorStates();
  states.set('p/a', DRAIN, T);
  assert.equal(states.settle(ALL, T), false);
  assert.equal(states.settle(NONE, T + 1), true);
  assert.equal(states.settle(NONE, T + 2), false);
  assert.equal(states.entries.get('p/a')!.goneAt, '2026-01-01T00:00:00.001Z');
  assert.equal(states.settle(ALL, T + 3), true);
  assert.deepEqual(states.entries.get('p/a'), {
    ...DRAIN,
    at: '2026-01-01T00:00:00.000Z',
    goneAt: null,
  });
});

test('OperatorStates forgets a server that has been gone for too long', () => {
  const states = new OperatorStates();
  states.set('p/a', DRAIN, T);
  states.settle(NONE, T);
  states.settle(NONE, T + GONE_KEPT_MS);
  assert.equal(states.entries.size, 1);
  assert.equal(states.settle(NONE, T + GONE_KEPT_MS + 1), true);
  assert.equal(states.entries.size, 0);
});

test('OperatorStates keeps GONE_MAX servers that are gone, the latest, and all that are there', () => {
  const states = new OperatorStates();
  states.set('p/first', DRAIN, T);
  states.settle(NONE, T);
  for (let i = 0; i < GONE_MAX + 5; i++) states.set(`p/${i}`, DRAIN, T);
  states.settle(ALL, T + 1);
  assert.equal(states.entries.size, GONE_MAX + 6);
  states.set('p/first', DRAIN, T);
  states.settle((key) => key !== 'p/first', T + 1);
  states.settle((key) => key === 'p/7', T + 2);
  assert.equal(states.entries.size, GONE_MAX + 1);
  assert.ok(states.entries.has('p/7'));
  assert.ok(!states.entries.has('p/first'));
});

test('OperatorStates forgets in time also what was gone by a clock that was ahead', () => {
  const states = new OperatorStates();
  states.set('p/a', DRAIN, T);
  states.settle(NONE, T + 10 * GONE_KEPT_MS);
  states.settle(NONE, T);
  states.settle(NONE, T + GONE_KEPT_MS + 1);
  assert.equal(states.entries.size, 0);
});
