import assert from 'node:assert/strict';
import test from 'node:test';
import type { ServerStatus, StatusReport } from '../control/status-report.ts';
import { durationText } from './duration-text.ts';
import { statusText } from './status-text.ts';

const server = (name: string, parts: Partial<ServerStatus>): ServerStatus => ({
  name,
  address: '10.0.0.1:80',
  weight: 1,
  backup: false,
  maxConnections: 0,
  weightEffective: 1,
  administrative: { state: 'ready', by: '', operator: 'ready', weight: null, since: null },
  state: 'up',
  since: new Date(Date.now() - 65_000).toISOString(),
  reason: 'check-passed',
  detail: '',
  requestsLive: 0,
  idleConnections: 2,
  requestsTotal: 10,
  failuresTotal: 0,
  check: { state: 'up', since: '', reason: 'check-passed', detail: '' },
  ejected: null,
  agent: null,
  ...parts,
});

const REPORT: StatusReport = {
  version: '1.2.3',
  generation: 1,
  lastUpgrade: null,
  pid: 7,
  state: 'serving',
  startedAt: '',
  uptimeSeconds: 3_700,
  plan: { version: 4, digest: '0123456789abcdef' },
  configuration: {
    number: 4,
    digest: '0123456789abcdef',
    since: '',
    cause: 'reload',
    note: '',
    file: '/etc/ballast/ballast.yaml',
    onDisk: 'same',
    hint: '',
    isKept: true,
    kept: '/var/lib/ballast/history.json',
  },
  workers: [
    {
      index: 0,
      pid: 8,
      state: 'serving',
      startedAt: '',
      heartbeatAgeMs: 0,
      planVersion: 4,
      connections: 9,
    },
  ],
  workerRestarts: 0,
  listeners: [],
  kernelListeners: [],
  routes: [],
  addresses: [],
  pools: [
    {
      name: 'web',
      requestsTotal: 0,
      requestsLive: 0,
      queueLength: 0,
      retriesTotal: 0,
      servers: [
        server('up-server', {}),
        server('b', { state: 'down', reason: 'status', detail: 'status 503' }),
      ],
      names: [],
    },
  ],
  certificates: { total: 0, expired: 0, broken: 0, first: [] },
  lastReload: null,
  acme: [],
  recentEvents: [],
};

/** The status text with one server that is so. */
function serverLine(parts: Partial<ServerStatus>): string {
  const [pool] = REPORT.pools;
  const report = { ...REPORT, pools: [{ ...pool!, servers: [server('one', parts)] }] };
  return statusText(report, false)
    .split('\n')
    .find((line) => line.includes(' one '))!;
}

test('statusText shows each server with its state, and why it is not up', () => {
  const lines = statusText(REPORT, false).split('\n');
  const up = lines.find((line) => line.includes('up-server'))!;
  const down = lines.find((line) => line.includes(' b '))!;
  assert.match(up, /web +up-server \(10\.0\.0\.1:80\) +up +1m 05s +ready +1 +0 +2 +10 +0$/);
  assert.match(down, /b \(10\.0\.0\.1:80\) +down .* status: status 503$/);
});

test('statusText shows the three columns beside one another', () => {
  const administrative = {
    state: 'drain',
    by: 'operator',
    operator: 'drain',
    weight: 3,
    since: '',
  };
  const drained = serverLine({ administrative, weightEffective: 3, weight: 10, backup: true });
  assert.match(drained, / up +1m 05s +drain +3 \(10\) backup +0 /);
  const byAgent = { ...administrative, state: 'maintenance', by: 'agent', operator: 'ready' };
  assert.match(serverLine({ administrative: byAgent }), / up +1m 05s +maintenance \(agent\) +1 /);
});

test('statusText shows how long an ejection lasts still', () => {
  const until = new Date(Date.now() + 29_500).toISOString();
  const ejected = { since: '', until, reason: 'failures', detail: '5 in a row' };
  const line = serverLine({
    state: 'ejected',
    ...ejected,
    since: new Date().toISOString(),
    ejected,
  });
  assert.match(line, / ejected +0s .* failures: 5 in a row, for 30s more$/);
});

test('statusText shows servers by name, and names that are held or unknown', () => {
  const [pool] = REPORT.pools;
  const address = '10.0.0.1:80';
  const held = {
    name: 'db.test:80',
    lookup: 'db.test:80',
    state: 'holding',
    since: '',
    reason: 'name-no-answer',
    detail: '10.0.0.2:53 did not answer in 2000 ms',
    servers: 1,
  };
  const servers = [
    server('db.test:80/10.0.0.1:80', { address }),
    server('gone.test:80', { address: 'gone.test:80', state: 'down', reason: 'name-not-found' }),
  ];
  const names = [held, { ...held, name: 'gone.test:80', state: 'unresolved' }];
  const report = { ...REPORT, pools: [{ ...pool!, servers, names }] };
  const text = statusText(report, false);
  assert.match(text, / db\.test:80\/10\.0\.0\.1:80 +up /);
  assert.match(text, / gone\.test:80 +down .* name-not-found$/m);
  assert.match(text, /^name db\.test:80 as it was known last: name-no-answer: 10\.0\.0\.2:53 did/m);
  assert.equal(text.match(/as it was known last/g)!.length, 1);
});

test('statusText keeps the columns of common servers within 100', () => {
  const name = 'web-server-01';
  const line = serverLine({ name: `one ${name}`, address: '10.100.100.11:8080' });
  assert.ok(line.length <= 100, `${line.length}: ${line}`);
});

test('statusText shows the latest changes of states', () => {
  const recentEvents = Array.from({ length: 9 }, (_, id) => ({
    id,
    time: `2026-01-01T00:00:0${id}.000Z`,
    server: 'web/a',
    column: 'observed' as const,
    from: 'up',
    to: 'down',
    reason: 'timeout',
    detail: `number ${id}`,
  }));
  const text = statusText({ ...REPORT, recentEvents }, false);
  assert.match(text, /2026-01-01T00:00:08 +web\/a +observed +up → down +timeout: number 8\n/);
  assert.doesNotMatch(text, /number 3/);
});

test('statusText colours states without moving columns', () => {
  const coloured = statusText(REPORT, true);
  assert.ok(coloured.includes('\u001b[31mdown\u001b[0m'));
  assert.ok(coloured.includes('\u001b[32mup\u001b[0m'));
  assert.equal(coloured.replaceAll(/\u001b\[\d+m/g, ''), statusText(REPORT, false));
});

test('statusText says how many routes it does not show', () => {
  const routes = Array.from({ length: 30 }, (_, place) => ({
    listener: 'web',
    name: String(place),
    requestsTotal: place,
  }));
  const text = statusText({ ...REPORT, routes }, false);
  assert.match(text, /web\/29 +29\n/);
  assert.match(text, /and 10 more/);
});

test('statusText shows the last reload and whether it failed', () => {
  const lastReload = {
    ok: false,
    changed: false,
    version: 4,
    number: 4,
    digest: '',
    cause: 'reload' as const,
    at: '2026-01-01T00:00:00.000Z',
    tookMs: 1,
    message: 'the file has 1 mistake: nothing was changed',
    code: '',
    hint: '',
    diagnostics: [],
  };
  assert.match(statusText({ ...REPORT, lastReload }, false), /failed: the file has 1 mistake/);
});

test('statusText says when the file is not what is in force, and what to do', () => {
  const text = statusText(REPORT, false);
  assert.match(text, /configuration 4 \(0123456789ab\)/);
  assert.doesNotMatch(text, /ballast\.yaml/);
  const hint = '"ballast reload" puts the file in force';
  const changed = { ...REPORT.configuration, onDisk: 'changed' as const, hint };
  const told = statusText({ ...REPORT, configuration: changed }, false);
  assert.match(told, /\/etc\/ballast\/ballast\.yaml is not what is in force: "ballast reload"/);
  const missing = { ...changed, onDisk: 'missing' as const };
  assert.match(
    statusText({ ...REPORT, configuration: missing }, false),
    /ballast\.yaml is missing: /,
  );
});

test('durationText keeps to two units', () => {
  const seconds = [5, 65, 3_600, 90_061, 864_000];
  const texts = ['5s', '1m 05s', '1h 00m', '1d 01h', '10d 00h'];
  assert.deepEqual(seconds.map(durationText), texts);
});
