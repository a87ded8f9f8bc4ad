import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AddressStatus } from './address-status.ts';
import { explain, lint } from './explain.ts';

const STATUS: AddressStatus = {
  group: 'front',
  addresses: ['10.0.0.100/24'],
  state: 'active',
  reason: 'owner-silent',
  detail: '',
  since: '',
  basePriority: 150,
  priority: 150,
  intervalMs: 20,
  misses: 8,
  preempt: false,
  activePeer: '',
  activePriority: 0,
  takeovers: 1,
  advertsSent: 1,
  advertsHeard: 1,
  advertsRefused: {},
  conditions: [
    { key: 'link', isWell: true, cost: 'resign', seen: 'up' },
    { key: 'pool web', isWell: true, cost: 40, seen: '2 of 2 servers up, 1 needed' },
  ],
  peers: [{ peer: '10.0.0.3', priority: 100, heardAgoMs: 5, addresses: 'same' }],
};

const then = (status: AddressStatus, what: string): string =>
  explain(status).find((line) => line.when === what)!.what;

test('explain: of the active node, each condition and its death', () => {
  assert.match(then(STATUS, 'nothing fails'), /this node has the addresses \(priority 150\)/);
  assert.match(then(STATUS, 'link fails here'), /gives the addresses away/);
  assert.match(then(STATUS, 'pool web fails here'), /from 150 to 110/);
  assert.match(then(STATUS, 'this node dies'), /after about 0\.17 s; 10\.0\.0\.3 .* priority 100/);
});

test('explain: of a backup', () => {
  const backup: AddressStatus = {
    ...STATUS,
    state: 'backup',
    activePeer: '10.0.0.3',
    activePriority: 100,
    conditions: [{ key: 'pool web', isWell: false, cost: 40, seen: '' }],
    priority: 110,
  };
  assert.match(then(backup, 'nothing fails'), /10\.0\.0\.3 has the addresses \(priority 100\)/);
  assert.match(
    then(backup, 'pool web (failing now) is well again'),
    /150 again; the addresses stay/,
  );
  assert.match(then(backup, '10.0.0.3 dies'), /this node takes the addresses after 0\.17 s/);
  const eager = { ...backup, preempt: true };
  assert.match(
    then(eager, 'pool web (failing now) is well again'),
    /takes the addresses \(preempt\)/,
  );
});

test('lint: a weight that cannot move anything is pointed out', () => {
  assert.match(lint(STATUS)[0]!, /"pool web" takes 40 off, which leaves 110/);
  const enough = { key: 'pool web', isWell: true, cost: 60, seen: '' };
  assert.deepEqual(lint({ ...STATUS, conditions: [enough] }), []);
});
