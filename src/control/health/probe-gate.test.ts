import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DOWN_PROBES_MAX, PROBES_MAX, ProbeGate } from './probe-gate.ts';

type Item = { readonly name: string };

function fill(gate: ProbeGate<Item>, count: number, isDown: boolean): Item[] {
  const items = Array.from({ length: count }, (_, i) => ({ name: String(i) }));
  for (const item of items) gate.enter(item, isDown);
  return items;
}

test('ProbeGate runs PROBES_MAX at once and counts and starts the others in turn', () => {
  const started: Item[] = [];
  const gate = new ProbeGate<Item>((item) => started.push(item));
  const items = fill(gate, PROBES_MAX + 2, false);
  assert.equal(gate.running, PROBES_MAX);
  assert.equal(gate.waiting, 2);
  assert.equal(gate.waits, 2);
  gate.leave(items[7]!);
  assert.equal(started.at(-1), items[PROBES_MAX]);
  assert.equal(gate.waiting, 1);
});

test('ProbeGate keeps places free for servers that are not down', () => {
  const started: Item[] = [];
  const gate = new ProbeGate<Item>((item) => started.push(item));
  fill(gate, PROBES_MAX, true);
  assert.equal(gate.running, DOWN_PROBES_MAX);
  const [healthy] = fill(gate, 1, false);
  assert.equal(started.at(-1), healthy);
  assert.equal(gate.running, DOWN_PROBES_MAX + 1);
});

test('ProbeGate forgets an item that leaves while it waits', () => {
  const started: Item[] = [];
  const gate = new ProbeGate<Item>((item) => started.push(item));
  const items = fill(gate, PROBES_MAX + 1, false);
  gate.leave(items[PROBES_MAX]!);
  gate.leave(items[0]!);
  assert.equal(started.length, PROBES_MAX);
  assert.equal(gate.running, PROBES_MAX - 1);
});
