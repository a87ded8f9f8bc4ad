import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillSlots, sharedSlots, tableSize } from './slot-table.ts';

const servers = (count: number, weight = 1) =>
  Array.from({ length: count }, (_, i) => ({ key: `10.0.${i >> 8}.${i & 255}:80`, weight }));

const shares = (table: Int32Array, count: number): number[] => {
  const out = Array.from({ length: count }, () => 0);
  for (const owner of table) if (owner >= 0) out[owner]!++;
  return out;
};

test('fillSlots shares evenly, and by weight', () => {
  for (const count of [1, 3, 10, 100]) {
    const table = fillSlots(servers(count), tableSize(count));
    const all = shares(table, count);
    assert.ok(Math.max(...all) - Math.min(...all) <= 2, all.join(' '));
  }
  const weighted = [...servers(3), { key: 'heavy:80', weight: 3 }];
  const all = shares(fillSlots(weighted, 1_021), 4);
  assert.ok(Math.abs(all[3]! / all[0]! - 3) < 0.05, all.join(' '));
});

test('fillSlots is the same for the same servers, and nearly so with one more', () => {
  const size = tableSize(10);
  const before = fillSlots(servers(10), size);
  assert.deepEqual(fillSlots(servers(10), size), before);
  const after = fillSlots(servers(11), size);
  const moved = before.filter((owner, slot) => after[slot] !== owner && after[slot] !== 10).length;
  assert.ok(moved / size < 0.06, `${moved} of ${size}`);
});

test('sharedSlots moves the slots of a failed server alone, to all others', () => {
  const size = tableSize(5);
  const table = fillSlots(servers(5), size);
  const now = sharedSlots(table, [1, 1, 0, 1, 1]);
  for (let slot = 0; slot < size; slot++) {
    if (table[slot] === 2) assert.notEqual(now[slot], 2);
    else assert.equal(now[slot], table[slot]);
  }
  const all = shares(now, 5);
  for (const index of [0, 1, 3, 4]) assert.ok(all[index]! > size / 5, all.join(' '));
  assert.ok(sharedSlots(table, [0, 0, 0, 0, 0]).every((owner) => owner === -1));
});

test('sharedSlots: a server that takes less keeps some of its slots; nobody else loses any', () => {
  const size = tableSize(50);
  const table = fillSlots(servers(4), size);
  const now = sharedSlots(table, [1, 0.25, 1, 1]);
  const [before, after] = [shares(table, 4), shares(now, 4)];
  assert.ok(Math.abs(after[1]! / size - 0.25 / 3.25) < 0.01, after.join(' '));
  for (const [slot, owner] of table.entries()) if (owner !== 1) assert.equal(now[slot], owner);
  for (const index of [0, 2, 3]) assert.ok(after[index]! / before[index]! > 1.2, after.join(' '));
  // What it takes back later is what it had.
  const more = sharedSlots(table, [1, 0.5, 1, 1]);
  for (const [slot, owner] of now.entries()) if (owner === 1) assert.equal(more[slot], 1);
});

test('sharedSlots: what is left goes by share as well', () => {
  const table = fillSlots(servers(4), tableSize(50));
  const now = shares(sharedSlots(table, [0, 0.2, 1, 1]), 4);
  const all = now.reduce((sum, one) => sum + one, 0);
  // 0.2 to 1 to 1.
  assert.ok(Math.abs(now[1]! / all - 1 / 11) < 0.02, now.join(' '));
});

test('sharedSlots: one of many that takes a hundred times as much as the others', () => {
  const size = tableSize(100);
  const table = fillSlots(servers(100), size);
  const shareOf = (index: number): number => (index === 7 ? 1 : 0.01);
  const all = Array.from({ length: 100 }, (_, index) => shareOf(index));
  const now = shares(sharedSlots(table, all), 100);
  // 1 to 99 times 0.01.
  assert.ok(Math.abs(now[7]! / size - 1 / 1.99) < 0.05, String(now[7]));
});

test('a server of weight 0 takes no slot', () => {
  const table = fillSlots(
    [
      { key: 'a', weight: 0 },
      { key: 'b', weight: 1 },
    ],
    1_021,
  );
  assert.ok(table.every((owner) => owner === 1));
  assert.ok(fillSlots([{ key: 'a', weight: 0 }], 1_021).every((owner) => owner === -1));
});
