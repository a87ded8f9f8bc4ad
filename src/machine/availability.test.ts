import assert from 'node:assert/strict';
import { test } from 'node:test';
import { availabilityTier, isUsable } from './availability.ts';
import type { Columns, Tier } from './availability.ts';
import type { Administrative, Observed } from './health.ts';

function server(observed: Observed, weight = 1, administrative: Administrative = 'ready'): Columns {
  return { observed, weight, administrative, isBackup: false, isEjected: false };
}

const backup = (observed: Observed, weight = 1): Columns => {
  return { ...server(observed, weight), isBackup: true };
};

const ejected = (columns: Columns): Columns => ({ ...columns, isEjected: true });

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
  ['a backup waits while one is up', [server('up'), backup('up')], 'up', [true, false]],
  [
    'all backups that are up serve where no other is up',
    [server('down'), backup('up'), backup('falling'), backup('down')],
    'up-backup',
    [false, true, true, false],
  ],
  [
    'a backup that is up goes before others that are unknown',
    [server('unknown'), backup('up')],
    'up-backup',
    [false, true],
  ],
  [
    'unknown ones go before unknown backups',
    [backup('unknown'), server('unknown')],
    'unknown',
    [false, true],
  ],
  [
    'unknown backups serve where all others are down',
    [server('down'), backup('unknown')],
    'unknown-backup',
    [false, true],
  ],
  [
    'a drained one does not keep a backup waiting',
    [server('up', 1, 'drain'), backup('up')],
    'up-backup',
    [false, true],
  ],
  ['a backup of weight 0 is none', [server('down'), backup('up', 0)], 'none', [false, false]],
  [
    'an ejected one is out while another is up',
    [ejected(server('up')), server('up')],
    'up',
    [false, true],
  ],
  [
    'a backup serves for those that are ejected',
    [ejected(server('up')), backup('up')],
    'up-backup',
    [false, true],
  ],
  [
    'an unknown backup goes before ejected ones',
    [ejected(server('up')), backup('unknown')],
    'unknown-backup',
    [false, true],
  ],
  [
    'ejected ones are the last resort',
    [ejected(server('up')), ejected(backup('up')), server('down')],
    'ejected',
    [true, false, false],
  ],
  [
    'an ejected backup is the very last',
    [ejected(server('down')), ejected(backup('up'))],
    'ejected-backup',
    [false, true],
  ],
  [
    'one that is down is not brought back by an ejection',
    [ejected(server('down'))],
    'none',
    [false],
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
