import assert from 'node:assert/strict';
import test from 'node:test';
import type { ChangedServer } from '../control/server-states/server-control.ts';
import { leftText, reportText } from './change-servers.ts';

const READY = { state: 'ready', by: '', operator: 'ready', weight: null, since: null };

const changed = (parts: Partial<ChangedServer>): ChangedServer => ({
  pool: 'web',
  server: 'a',
  before: READY,
  after: READY,
  weightBefore: 10,
  weightAfter: 10,
  requestsLive: 0,
  ...parts,
});

const text = (...servers: ChangedServer[]): string =>
  reportText({ servers, warnings: [], isKept: true, kept: '' });

test('reportText says that an agent asks for what is in force', () => {
  const after = { ...READY, state: 'drain', by: 'agent' };
  assert.equal(
    text(changed({ after, before: { ...READY, state: 'maintenance', by: 'operator' } })),
    'web/a  drain (by its agent), was maintenance  nothing left on it\n',
  );
});

test('reportText shows a weight only where one is set or has changed', () => {
  assert.equal(text(changed({})), 'web/a  ready, as before  nothing left on it\n');
  const after = { ...READY, weight: 10 };
  assert.match(text(changed({ after })), /ready, as before; weight 10, as before /);
  assert.match(text(changed({ weightAfter: 5 })), /weight 5, was 10 /);
});

test('reportText lines many servers up, and counts those past a hundred', () => {
  const servers = Array.from({ length: 120 }, (_, i) => changed({ server: String(i) }));
  const lines = text(...servers).split('\n');
  assert.equal(lines.length, 102);
  assert.equal(lines[100], 'and 20 more');
  assert.equal(lines[0]!.indexOf('ready'), lines[99]!.indexOf('ready'));
});

test('leftText counts', () => {
  assert.deepEqual([0, 1, 2].map(leftText), [
    'nothing left on it',
    '1 request or session left',
    '2 requests or sessions left',
  ]);
});
