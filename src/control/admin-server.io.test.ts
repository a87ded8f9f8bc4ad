import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import test from 'node:test';
import type { AdminPlan } from '../config/plan-admin.ts';
import type { BindPlan } from '../config/plan.ts';
import { TempDir } from '../../test/kit/temp-dir.ts';
import { closeFd, openListener } from '../sys/sockets.ts';
import { AdminServer } from './admin-server.ts';
import { EventStreams } from './admin/event-stream.ts';
import { TrafficBook } from './admin/traffic.ts';
import type { ControlView } from './control-view.ts';
import { EventBook } from './event-book.ts';
import { Outlet } from './outlet.ts';
import { createProductLog } from './product-log.ts';
import type { MetersReader } from './meters-reader.ts';
import type { ReloadReport } from './reload.ts';
import type { StatusReport } from './status-report.ts';

const events = new EventBook();

const REPORT: ReloadReport = {
  ok: true,
  changed: true,
  version: 2,
  number: 2,
  digest: '',
  cause: 'reload',
  at: '',
  tookMs: 1,
  message: '',
  code: '',
  hint: '',
  diagnostics: [],
};

async function* pieces(...texts: string[]): AsyncGenerator<string> {
  yield* texts;
}

function view(parts: Partial<ControlView> = {}): ControlView {
  return {
    isReady: () => true,
    status: () => ({ version: '1' }) as StatusReport,
    metrics: () => pieces('# one\n', '# two\n'),
    reload: () => Promise.resolve(REPORT),
    upgrader: {
      request: () => assert.fail('must not upgrade'),
      settled: Promise.resolve(),
      last: null,
    },
    config: {
      inForce: () => null,
      kept: () => assert.fail('not asked for'),
      status: () => assert.fail('not asked for'),
      history: () => assert.fail('not asked for'),
      dryRun: () => assert.fail('must not be tried'),
      apply: () => assert.fail('must not be applied'),
      rollback: () => assert.fail('must not go back'),
    },
    servers: {
      list: () => [],
      change: () => assert.fail('must not change'),
      events: () => [],
    },
    floating: {
      standing: [],
      addressesOf: () => [],
      groupNamed: () => null,
      move: () => assert.fail('must not move'),
      kernel: { countLive: () => Promise.resolve() },
    },
    certificates: {
      list: () => [],
      status: () => assert.fail('must not be asked'),
      refresh: () => assert.fail('must not be refreshed'),
      put: () => assert.fail('must not be written'),
    },
    api: {
      overview: () => assert.fail('must not be asked'),
      listRoutes: () => ({ total: 0, offset: 0, routes: [] }),
      drain: () => assert.fail('must not drain'),
      listServers: () => ({ total: 0, offset: 0, servers: [] }),
      traffic: new TrafficBook(() => null, {} as MetersReader),
      events,
      streams: new EventStreams(events, 0),
    },
    ...parts,
  };
}

const log = createProductLog({ outlet: Outlet.file('/dev/null'), level: 'error', format: 'json' });

const open = (plan: AdminPlan, of: ControlView) => AdminServer.open({ plan, view: of, log });

const LOOPBACK: BindPlan = { family: 'ipv4', host: '127.0.0.1', port: 0 };
const unix = (path: string): BindPlan => ({ family: 'unix', host: path, port: 0 });

test('AdminServer answers its four paths, and says what there is on others', async () => {
  const server = await open(LOOPBACK, view());
  const ask = (path: string, method = 'GET') => fetch(`${server.address}${path}`, { method });
  assert.equal((await ask('/healthz')).status, 200);
  assert.deepEqual(await (await ask('/status')).json(), { version: '1' });
  const metrics = await ask('/metrics');
  assert.match(metrics.headers.get('content-type')!, /^text\/plain; version=0.0.4/);
  assert.equal(await metrics.text(), '# one\n# two\n');
  assert.deepEqual(await (await ask('/reload', 'POST')).json(), REPORT);
  const other = await ask('/reload');
  assert.equal(other.status, 405);
  assert.equal(other.headers.get('allow'), 'POST');
  const missing = await ask('/relod');
  assert.equal(missing.status, 404);
  assert.match(await missing.text(), /openapi\.json/);
  await server.close();
});

test('AdminServer says 503 on /healthz while nothing is served', async () => {
  const server = await open(LOOPBACK, view({ isReady: () => false }));
  assert.equal((await fetch(`${server.address}/healthz`)).status, 503);
  await server.close();
});

test('AdminServer says 422 with the report when a reload failed', async () => {
  const failed = { ...REPORT, ok: false };
  const server = await open(LOOPBACK, view({ reload: () => Promise.resolve(failed) }));
  const response = await fetch(`${server.address}/reload`, { method: 'POST' });
  assert.equal(response.status, 422);
  assert.deepEqual(await response.json(), failed);
  await server.close();
});

test('AdminServer lets no page of another site reload', async () => {
  const reload = () => assert.fail('must not reload');
  const server = await open(LOOPBACK, view({ reload }));
  const headers = { origin: 'https://evil.example' };
  const response = await fetch(`${server.address}/reload`, { method: 'POST', headers });
  assert.equal(response.status, 403);
  await server.close();
});

test('AdminServer keeps an error of one request to that request', async () => {
  const status = () => {
    throw new Error('broken');
  };
  const server = await open(LOOPBACK, view({ status }));
  assert.equal((await fetch(`${server.address}/status`)).status, 500);
  assert.equal((await fetch(`${server.address}/healthz`)).status, 200);
  await server.close();
});

test('AdminServer gives its unix socket to the owner alone and removes it', async () => {
  using dir = new TempDir();
  const path = dir.file('admin.sock');
  const server = await open(unix(path), view());
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(await statusOf(path), 200);
  await server.close();
  assert.equal(existsSync(path), false);
});

test('AdminServer takes over the socket file of a dead process', async () => {
  using dir = new TempDir();
  const path = dir.file('admin.sock');
  closeFd(openListener(unix(path), { backlog: 1, nodelay: false }));
  assert.ok(existsSync(path));
  const server = await open(unix(path), view());
  assert.equal(await statusOf(path), 200);
  await server.close();
});

test('AdminServer leaves a socket alone on which somebody listens', async () => {
  using dir = new TempDir();
  const path = dir.file('admin.sock');
  const other = await open(unix(path), view());
  await assert.rejects(open(unix(path), view()), { code: 'BAL_ADMIN_LISTEN' });
  assert.equal(await statusOf(path), 200);
  await other.close();
});

test('AdminServer leaves a file alone that is no socket', async () => {
  using dir = new TempDir();
  const path = dir.file('precious');
  writeFileSync(path, 'text');
  await assert.rejects(open(unix(path), view()), { code: 'BAL_ADMIN_LISTEN' });
  assert.equal(statSync(path).size, 4);
});

test('AdminServer says which port is in use and what to do', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  await assert.rejects(open({ ...LOOPBACK, port }, view()), {
    code: 'BAL_ADMIN_LISTEN',
    message: new RegExp(`127.0.0.1:${port}`),
    hint: /stop it or choose another address.*"admin: off"/,
  });
  other.close();
});

function statusOf(socketPath: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path: '/healthz', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.once('error', reject);
    sent.end();
  });
}
