import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Administrative, Observed } from '../../machine/health.ts';
import type { ObservedState } from '../../plane/worker-protocol.ts';
import { combine, NO_OPERATOR, SILENT_AGENT } from './columns.ts';
import type { AgentColumn, Columns, OperatorColumn } from './columns.ts';

const columns = (parts: Partial<Columns>): Columns => ({
  configuredWeight: 10,
  operator: NO_OPERATOR,
  agent: SILENT_AGENT,
  check: 'up',
  ...parts,
});

test('combine: without operator and agent all is as configured and as checked', () => {
  assert.deepEqual(combine(columns({})), {
    state: 'up',
    administrative: 'ready',
    weight: null,
    maxConnections: null,
  });
});

const STATES: readonly (readonly [Observed, boolean, ObservedState])[] = [
  // check, agent down, what the workers are told
  ['unknown', false, 'unknown'],
  ['up', false, 'up'],
  ['falling', false, 'up'],
  ['rising', false, 'down'],
  ['down', false, 'down'],
  ['unknown', true, 'down'],
  ['up', true, 'down'],
  ['falling', true, 'down'],
  ['rising', true, 'down'],
  ['down', true, 'down'],
];

for (const [check, isDown, state] of STATES) {
  test(`combine: check ${check}, agent ${isDown ? 'down' : 'not down'} is ${state}`, () => {
    for (const administrative of ['ready', 'drain', 'maintenance'] as const) {
      const operator = { administrative, weight: null };
      const combined = combine(columns({ check, operator, agent: { ...SILENT_AGENT, isDown } }));
      assert.equal(combined.state, state);
      assert.equal(combined.administrative, administrative);
    }
  });
}

const ADMINISTRATIVE: readonly (readonly [Administrative, Administrative, Administrative])[] = [
  // operator, agent, in force
  ['ready', 'ready', 'ready'],
  ['ready', 'drain', 'drain'],
  ['ready', 'maintenance', 'maintenance'],
  ['drain', 'ready', 'drain'],
  ['drain', 'drain', 'drain'],
  ['drain', 'maintenance', 'drain'],
  ['maintenance', 'ready', 'maintenance'],
  ['maintenance', 'drain', 'maintenance'],
  ['maintenance', 'maintenance', 'maintenance'],
];

for (const [operators, agents, inForce] of ADMINISTRATIVE) {
  test(`combine: operator ${operators}, agent ${agents} is ${inForce}`, () => {
    const operator: OperatorColumn = { administrative: operators, weight: null };
    const agent: AgentColumn = { ...SILENT_AGENT, administrative: agents };
    assert.equal(combine(columns({ operator, agent })).administrative, inForce);
  });
}

type WeightRow = readonly [number, number | null, number | null, number | null];

const WEIGHTS: readonly WeightRow[] = [
  // configured, operator's, agent's percent, in force
  [10, null, null, null],
  [10, 3, null, 3],
  [10, 0, null, 0],
  [10, null, 75, 8],
  [10, null, 1, 1],
  [1, null, 1, 1],
  [10, null, 0, 0],
  [10, null, 100, 10],
  [10, null, 200, 20],
  [200, null, 200, 256],
  [0, null, 100, 0],
  [10, 3, 75, 3],
  [10, 0, 75, 0],
  [10, 256, 0, 256],
];

for (const [configuredWeight, weight, weightPercent, inForce] of WEIGHTS) {
  const title = `configured ${configuredWeight}, operator ${weight}, agent ${weightPercent} %`;
  test(`combine: weight ${title} is ${inForce}`, () => {
    const operator: OperatorColumn = { administrative: 'ready', weight };
    const agent: AgentColumn = { ...SILENT_AGENT, weightPercent };
    assert.equal(combine(columns({ configuredWeight, operator, agent })).weight, inForce);
  });
}

test("combine: only the agent limits connections, whatever the operator's column says", () => {
  const agent: AgentColumn = { ...SILENT_AGENT, maxConnections: 5 };
  const operator: OperatorColumn = { administrative: 'drain', weight: 7 };
  assert.equal(combine(columns({ operator, agent })).maxConnections, 5);
});
