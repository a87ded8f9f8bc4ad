import assert from 'node:assert/strict';
import { test } from 'node:test';
import { availabilityTier, isUsable } from './availability.ts';
import type { Columns, Tier } from './availability.ts';
import type { Administrative, Observed } from './health.ts';

function server(observed: Observed, weight = 1, administrative: Administrative = 'ready'): Columns {
  return { observed, weight, administrative };
}

/** Servers, the tier of their pool, and which of them are usable. */
const TABLE: readonly (readonly [string, Columns[], Tier, boolean[]])[] = [
  ['no servers', [], 'none', []],
  ['one up', [server('up'), server('down')], 'up', [true, false]],
  ['a falling one counts as up', [server('falling'), server('down')], 'up', [true, false]],
  ['unknown beside up', [server('unknown'), server('up')], 'up', [false, true]],
  ['all unknown', [server('unknown'), server('unknown')], 'unknown', [true, true]],
  ['unknown beside down', [server('down'), server('unknown')], 'unknown', [false, true]],
  ['all down', [server('down'), server('rising')], 'none', [false, false]],
  ['weight 0 is no help', [server('up', 0), server('down')], 'none', [false, false]],
  ['a drained one is no help', [server('up', 1, 'drain')], 'none', [false]],
  [
    'maintenance beside unknown',
    [server('up', 1, 'maintenance'), server('unknown')],
    'unknown',
    [false, true],
  ],
];

for (const [name, servers, tier, usable] of TABLE) {
  test(`availabilityTier: ${name}: ${tier}`, () => {
    assert.equal(availabilityTier(servers), tier);
    assert.deepEqual(
      servers.map((each) => isUsable(each, tier)),
      usable,
    );
  });
}
