import assert from 'node:assert/strict';
import test from 'node:test';
import type { Plan } from '../config/plan.ts';
import { planOf, poolPlan, serverPlan, ipv4 } from './health/test-plan.ts';
import { SlotTable } from './slots.ts';

function plan(pools: Readonly<Record<string, readonly string[]>>): Plan {
  return planOf(
    Object.entries(pools).map(([key, servers]) =>
      poolPlan(
        key,
        null,
        servers.map((name) => serverPlan(key, name, ipv4('127.0.0.1', 1))),
      ),
    ),
  );
}

function slotsOf(assigned: Plan): Map<string, number> {
  const pairs = assigned.pools.flatMap((pool): [string, number][] => [
    [pool.key, pool.slot],
    ...pool.servers.map(({ key, slot }): [string, number] => [key, slot]),
  ]);
  return new Map(pairs);
}

const unexpected = (): void => assert.fail('no slot may change its owner');

test('SlotTable gives each thing a slot of its own, never slot 0', () => {
  const table = new SlotTable(unexpected);
  const slots = [...slotsOf(table.assign(plan({ a: ['x', 'y'], b: ['x'] }), 1)).values()];
  assert.equal(new Set(slots).size, 5);
  assert.ok(!slots.includes(0));
});

test('SlotTable keeps slots over reloads, also of things that were away', () => {
  const table = new SlotTable(unexpected);
  const first = slotsOf(table.assign(plan({ a: ['x', 'y'] }), 1));
  table.assign(plan({ b: ['z'] }), 2);
  const third = slotsOf(table.assign(plan({ b: ['z'], a: ['y', 'x'] }), 3));
  for (const [key, slot] of first) assert.equal(third.get(key), slot);
});

test('SlotTable fills in the version', () => {
  assert.equal(new SlotTable(unexpected).assign(plan({ a: ['x'] }), 7).version, 7);
});

test('SlotTable gives away the slot that was longest unused, cleared, when all are taken', () => {
  const cleared: number[] = [];
  const table = new SlotTable((slot) => cleared.push(slot), 7);
  const first = slotsOf(table.assign(plan({ a: ['x'] }), 1));
  table.assign(plan({ b: ['x', 'y'] }), 2);
  const third = slotsOf(table.assign(plan({ b: ['x', 'y'], c: ['x'] }), 3));
  assert.deepEqual(cleared.sort(), [...first.values()].sort());
  assert.deepEqual([third.get('c'), third.get('c/x')].sort(), [...first.values()].sort());
});

test('SlotTable has slots again after plans that were refused and never came in force', () => {
  const table = new SlotTable(() => undefined, 8);
  table.assign(plan({ a: ['x'] }), 1);
  table.settle();
  // Each of them has the same version, since none was put in force.
  for (const key of ['b', 'c', 'd', 'e']) {
    const slots = slotsOf(table.assign(plan({ [key]: ['x', 'y', 'z'] }), 2));
    assert.equal(new Set(slots.values()).size, 4);
  }
});

test('SlotTable gives away slots of the plan in force last of all', () => {
  const cleared: number[] = [];
  const table = new SlotTable((slot) => cleared.push(slot), 9);
  const inForce = slotsOf(table.assign(plan({ a: ['x'] }), 1));
  table.settle();
  const refused = slotsOf(table.assign(plan({ b: ['x', 'y', 'z'] }), 2));
  table.assign(plan({ c: ['x', 'y'] }), 2);
  assert.equal(cleared.length, 2);
  assert.ok(cleared.every((slot) => [...refused.values()].includes(slot)));
  // Where it cannot be helped, they go too.
  table.assign(plan({ d: ['1', '2', '3', '4', '5', '6'] }), 2);
  assert.ok([...inForce.values()].every((slot) => cleared.includes(slot)));
});

test('SlotTable finds slots for a whole new plan of the greatest size in no time', () => {
  const table = new SlotTable(() => undefined);
  const names = (mark: string) => Array.from({ length: 40_000 }, (_, i) => `${mark}${i}`);
  const whole = (mark: string) => plan({ a: names(mark) });
  table.assign(whole('x'), 1);
  const second = whole('y');
  const begin = performance.now();
  table.assign(second, 2);
  const tookMs = performance.now() - begin;
  assert.ok(tookMs < 2_000, `took ${tookMs} ms`);
});

test('SlotTable refuses a plan with more things than slots', () => {
  const table = new SlotTable(unexpected, 5);
  assert.throws(() => table.assign(plan({ a: ['x', 'y', 'z'] }), 1), {
    code: 'BAL_PLAN_TOO_LARGE',
  });
});

test('SlotTable lists every slot in use with its kind, also of things that are gone', () => {
  const table = new SlotTable(unexpected);
  table.assign(plan({ a: ['x'] }), 1);
  table.assign(plan({ b: [] }), 2);
  const kinds = [...table.uses()].map(({ kind }) => kind);
  assert.deepEqual(kinds, ['pool', 'server', 'pool']);
});
