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
