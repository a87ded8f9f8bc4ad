import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVENTS_MAX } from '../event-book.ts';
import { StateEvents } from './state-events.ts';

function events(count: number): StateEvents {
  const made = new StateEvents(0);
  for (let i = 1; i <= count; i++) {
    const column = 'observed' as const;
    made.add({ server: `p/${i}`, column, from: 'up', to: 'down', reason: 'r', detail: '' });
  }
  return made;
}

const ids = (found: readonly { readonly id: number }[]) => found.map(({ id }) => id);

test('StateEvents lists the oldest first, and what came after an id', () => {
  assert.deepEqual(events(0).list(), []);
  const three = events(3);
  assert.deepEqual(ids(three.list()), [1, 2, 3]);
  assert.deepEqual(ids(three.list(2)), [3]);
  assert.deepEqual(ids(three.list(3)), []);
  // An id of another life.
  assert.deepEqual(ids(three.list(99)), [1, 2, 3]);
  assert.deepEqual(ids(three.list(0, 0)), []);
  assert.deepEqual(ids(three.list(0, 2)), [2, 3]);
  assert.equal(three.list()[0]!.server, 'p/1');
  assert.match(three.list()[0]!.time, /^\d{4}-\d\d-\d\dT.*Z$/);
});

test('StateEvents keeps the latest EVENTS_MAX and no more', () => {
  const found = events(2 * EVENTS_MAX + 7).list();
  assert.equal(found.length, EVENTS_MAX);
  assert.equal(found[0]!.id, EVENTS_MAX + 8);
  assert.equal(found.at(-1)!.server, `p/${2 * EVENTS_MAX + 7}`);
  assert.deepEqual(ids(events(EVENTS_MAX + 2).list(EVENTS_MAX)), [EVENTS_MAX + 1, EVENTS_MAX + 2]);
});

test('StateEvents of a process that starts later have greater ids', () => {
  const event = {
    server: 's',
    column: 'observed' as const,
    from: '',
    to: '',
    reason: '',
    detail: '',
  };
  const first = new StateEvents();
  first.add(event);
  const { id } = first.list()[0]!;
  const second = new StateEvents(Date.now() + 1_000);
  second.add(event);
  assert.equal(second.list(id).length, 1);
  assert.ok(id <= Date.now() + 1);
});
