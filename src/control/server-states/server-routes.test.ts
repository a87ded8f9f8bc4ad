import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hono } from 'hono';
import { LOOPBACK_ACCESS } from '../admin/access.ts';
import { adminApp } from '../admin-app.ts';
import type { ControlView } from '../control-view.ts';
import { checkPlan, ipv4, planOf, poolPlan, serverPlan } from '../health/test-plan.ts';
import type { MetersReader } from '../meters-reader.ts';
import { BoardBench } from './board-testkit.ts';
import { serverControl } from './server-control.ts';
import type { ChangeReport, NamedServer, ServerControl } from './server-control.ts';
import { CHANGE_BYTES_MAX } from './server-routes.ts';

const PLAN = planOf([
  poolPlan('web', checkPlan(), [
    serverPlan('web', 'a', ipv4('10.0.0.1', 1)),
    serverPlan('web', 'b', ipv4('10.0.0.2', 2)),
  ]),
  poolPlan('pg', null, [serverPlan('pg', 'db/10.0.0.3:5432', ipv4('10.0.0.3', 5432))]),
]);

type Bench = {
  readonly app: Hono;
  readonly board: BoardBench;
  readonly servers: ServerControl;
};

/** No upgrade is under way. */
function viewOf(servers: ServerControl): ControlView {
  const upgrader = { settled: Promise.resolve(), last: null };
  const floating = { kernel: { countLive: () => Promise.resolve() } };
  return { servers, upgrader, floating } as unknown as ControlView;
}

function started(plan: typeof PLAN | null = PLAN, isTold = true): Bench {
  const board = new BoardBench(PLAN);
  board.probed(1, 'check-passed');
  board.probed(2, 'check-passed');
  const servers = serverControl({
    plan: () => plan,
    board: board.board,
    counts: {
      meters: { sum: () => 3 } as unknown as MetersReader,
      kernel: { liveOn: () => 1, countLive: () => Promise.resolve() },
    },
    told: () => Promise.resolve(isTold),
  });
  return { app: adminApp(viewOf(servers)), board, servers };
}

async function put(app: Hono, path: string, body: unknown): Promise<[number, ChangeReport]> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await app.request(path, { method: 'PUT', body: text });
  return [response.status, (await response.json()) as ChangeReport];
}

type Fault = { readonly error: string; readonly code: string; readonly hint: string };

test('GET /servers/… shows one server, and a list for a pattern', async () => {
  const { app } = started();
  const one = (await (await app.request('/servers/web/a')).json()) as NamedServer;
  assert.deepEqual([one.pool, one.name, one.state, one.requestsLive], ['web', 'a', 'up', 4]);
  const list = async (path: string) => {
    const body = (await (await app.request(path)).json()) as { servers: NamedServer[] };
    return body.servers.map(({ pool, name }) => `${pool}/${name}`);
  };
  assert.deepEqual(await list('/servers/web/*'), ['web/a', 'web/b']);
  assert.deepEqual(await list('/servers'), ['web/a', 'web/b', 'pg/db/10.0.0.3:5432']);
});

for (const path of ['/servers/pg/db/10.0.0.3:5432', '/servers/pg/db%2F10.0.0.3%3A5432']) {
  test(`PUT ${path} finds a server whose name has a slash`, async () => {
    const { app, board } = started();
    const [status, report] = await put(app, path, { administrative: 'maintenance' });
    assert.equal(status, 200);
    assert.equal(report.servers[0]!.server, 'db/10.0.0.3:5432');
    assert.equal(board.short('pg/db/10.0.0.3:5432'), 'up maintenance 1');
  });
}

test('PUT /servers/… says what was before, what is now and what is left', async () => {
  const { app } = started();
  const [, report] = await put(app, '/servers/web/a', { administrative: 'drain', weight: 7 });
  const [one] = report.servers;
  assert.deepEqual([one!.before.state, one!.after.state], ['ready', 'drain']);
  assert.deepEqual([one!.weightBefore, one!.weightAfter, one!.requestsLive], [1, 7, 4]);
  assert.equal(one!.after.by, 'operator');
  assert.deepEqual(report.warnings, []);
  assert.equal(report.isKept, false);
  assert.match(report.kept, /set "state" in the configuration/);
});

test('PATCH is the same: what is not given stays', async () => {
  const { app, board } = started();
  await put(app, '/servers/web/a', { administrative: 'drain', weight: 7 });
  const patch = { method: 'PATCH', body: '{"weight":null}' };
  assert.equal((await app.request('/servers/web/a', patch)).status, 200);
  assert.equal(board.short('web/a'), 'up drain 1');
});

test('PUT /servers/… warns when it takes the last server of a pool, and does it', async () => {
  const { app, board } = started();
  const [, first] = await put(app, '/servers/web/a', { administrative: 'drain' });
  assert.deepEqual(first.warnings, []);
  const [status, second] = await put(app, '/servers/web/b', { weight: 0 });
  assert.equal(status, 200);
  assert.deepEqual(second.warnings, ['the pool "web" has no server left that takes anything new']);
  assert.equal(board.short('web/b'), 'up ready 0');
  const [, third] = await put(app, '/servers/web/*', { administrative: 'maintenance' });
  assert.deepEqual(third.warnings, []);
});

test('PUT /servers/… counts a server that is down as none', async () => {
  const { app, board } = started();
  board.probed(2, 'connect-refused');
  board.probed(2, 'connect-refused');
  const [, report] = await put(app, '/servers/web/a', { administrative: 'drain' });
  assert.equal(report.warnings.length, 1);
});

test('PUT /servers/… counts an ejected server: it is the last resort', async () => {
  const { app, board } = started();
  board.board.takePassive({
    type: 'passive',
    server: 'web/b',
    change: 'ejected',
    reason: 'failures',
    detail: '',
    forMs: 60_000,
  });
  const [, report] = await put(app, '/servers/web/a', { administrative: 'drain' });
  assert.deepEqual(report.warnings, []);
});

test('PUT /servers/… says when a worker does not know it yet', async () => {
  const { app } = started(PLAN, false);
  const [, report] = await put(app, '/servers/web/a', { administrative: 'drain' });
  assert.deepEqual(report.warnings, ['a worker that hangs does not know it yet']);
});

test('an unknown server is 404 with near names', async () => {
  const { app } = started();
  for (const method of ['GET', 'PUT']) {
    const init = method === 'GET' ? { method } : { method, body: '{"weight":1}' };
    const response = await app.request('/servers/web/aa', init);
    assert.equal(response.status, 404);
    const fault = (await response.json()) as Fault;
    assert.equal(fault.code, 'BAL_SERVER_UNKNOWN');
    assert.match(fault.hint, /did you mean "web\/a"\?/);
  }
  assert.equal((await app.request('/servers/%ff')).status, 404);
  assert.equal((await app.request('/servers/')).status, 404);
});

const BAD_BODIES = [
  '',
  '{',
  '[]',
  'null',
  '7',
  '{}',
  '{"administrative":"gone"}',
  '{"administrative":null}',
  '{"administrative":["drain"]}',
  '{"weight":-1}',
  '{"weight":257}',
  '{"weight":1.5}',
  '{"weight":"1"}',
  '{"weight":1,"wait":2}',
  '{"__proto__":{"weight":1}}',
];

for (const body of BAD_BODIES) {
  test(`PUT /servers/… refuses ${JSON.stringify(body)} and changes nothing`, async () => {
    const { app, board } = started();
    const [status, answer] = await put(app, '/servers/web/a', body);
    const fault = answer as unknown as Fault;
    assert.equal(status, 400);
    assert.equal(fault.code, 'BAL_SERVER_CHANGE');
    assert.match(fault.hint, /allowed are/);
    assert.equal(board.short('web/a'), 'up ready 1');
  });
}

test('PUT /servers/… takes no more of a body than a change may have', async () => {
  const { app } = started();
  const [status] = await put(app, '/servers/web/a', ' '.repeat(CHANGE_BYTES_MAX + 1));
  assert.equal(status, 413);
});

test('PUT /servers/… lets no page of another site change a server', async () => {
  const { board, servers } = started();
  const app = adminApp(viewOf(servers), LOOPBACK_ACCESS);
  const headers = { host: '127.0.0.1:9900', origin: 'https://evil.example' };
  for (const method of ['PUT', 'PATCH']) {
    const init = { method, headers, body: '{"administrative":"drain"}' };
    assert.equal((await app.request('/servers/web/a', init)).status, 403);
  }
  assert.equal(board.short('web/a'), 'up ready 1');
});

test('PUT /servers/… before the start is 503', async () => {
  const { app } = started(null);
  assert.equal((await put(app, '/servers/web/a', { weight: 1 }))[0], 503);
});

test('GET /events gives the changes, and those after an id', async () => {
  const { app } = started();
  await put(app, '/servers/web/a', { administrative: 'drain' });
  const ask = async (query: string) => {
    const response = await app.request(`/events${query}`);
    return (await response.json()) as { events: { id: number; server: string; to: string }[] };
  };
  const { events } = await ask('');
  assert.deepEqual(
    events.map(({ to }) => to),
    ['up', 'up', 'drain'],
  );
  assert.deepEqual((await ask(`?after=${events[1]!.id}`)).events, events.slice(2));
  assert.deepEqual((await ask('?count=1')).events, events.slice(2));
  assert.equal((await app.request('/events?after=x')).status, 400);
});
