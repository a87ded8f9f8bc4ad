// What an operator sees: access log, metrics, status, and the diagnostics of a bad file.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { runCommand } from '../kit/ballast.ts';
import { freePort } from '../kit/free-ports.ts';
import { ask, getBytes, postBytes, startScene } from '../kit/scene.ts';
import type { Scene } from '../kit/scene.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { until } from '../kit/wait.ts';

const execFileAsync = promisify(execFile);

let scene: Scene;

before(async () => {
  scene = await startScene({ top: { workers: 2 } });
});

after(async () => {
  await scene?.[Symbol.asyncDispose]();
});

test('ready names the addresses, and comes once every listener accepts', () => {
  assert.match(scene.ballast.stdout, new RegExp(`^ready http://127\\.0\\.0\\.1:${scene.port} `));
});

test('the access log has one JSON line per request with its phases', async () => {
  await ask(scene.port, postBytes('/log?secret=1', 'hello'));
  const line = await scene.ballast.accessLine(({ path }) => path.startsWith('/log'));
  assert.match(line.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.equal(line.listener, 'web');
  assert.equal(line.client, '127.0.0.1');
  assert.equal(line.method, 'POST');
  assert.equal(line.host, 'a');
  assert.equal(line.status, 200);
  assert.equal(line.pool, 'web');
  assert.equal(line.server, scene.origin.address);
  assert.equal(line.retries, 0);
  assert.equal(line.bytesIn, 5);
  assert.ok(line.bytesOut > 2);
  assert.equal(line.reason, undefined);
  const { connectMs, firstByteMs } = line;
  assert.ok(typeof connectMs === 'number' && connectMs >= 0, 'connectMs');
  assert.ok(typeof firstByteMs === 'number' && firstByteMs >= 0, 'firstByteMs');
  assert.ok(line.totalMs >= firstByteMs);
});

test('a field value of a client cannot break a line of the access log', async () => {
  const host = 'a"\\,{}';
  await ask(scene.port, getBytes('/quote%22%5E', `Host: a`));
  const line = await scene.ballast.accessLine(({ path }) => path.startsWith('/quote'));
  assert.equal(line.path, '/quote%22%5E');
  const refused = await ask(scene.port, getBytes('/', `Host: ${host}`));
  assert.equal(refused.status, 400);
  // Every line is read as JSON here.
  await scene.ballast.accessLine(({ reason }) => reason === 'bad-host');
});

test('SIGUSR1 opens the access log anew', async () => {
  const moved = `${scene.ballast.accessFile}.1`;
  await ask(scene.port, getBytes('/before'));
  await scene.ballast.accessLine(({ path }) => path === '/before');
  renameSync(scene.ballast.accessFile, moved);
  scene.ballast.signal('SIGUSR1');
  await until(() => existsSync(scene.ballast.accessFile), { what: 'the new file' });
  await ask(scene.port, getBytes('/after'));
  await scene.ballast.accessLine(({ path }) => path === '/after');
  assert.ok(scene.ballast.accessLines().every(({ path }) => path !== '/before'));
});

test('metrics count requests, answers and latencies, workers summed', async () => {
  const requests = (): Promise<number> =>
    scene.ballast.metric('ballast_listener_requests_total', 'listener="web"');
  const started = await requests();
  for (let i = 0; i < 20; i++) await ask(scene.port, getBytes('/'));
  await until(async () => (await requests()) === started + 20, { what: '20 requests counted' });
  const { text, status } = await scene.ballast.admin('GET', '/metrics');
  assert.equal(status, 200);
  for (const family of [
    'ballast_listener_responses_total',
    'ballast_route_duration_seconds_bucket',
    'ballast_pool_requests_total',
    'ballast_server_first_byte_seconds_count',
    'ballast_reasons_total',
    'ballast_worker_restarts_total',
  ]) {
    assert.match(text, new RegExp(`^${family}(\\{| )`, 'm'));
  }
  const names = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
});

test('reasons are counted by their words', async () => {
  const count = (): Promise<number> =>
    scene.ballast.metric('ballast_reasons_total', 'reason="missing-host"');
  const started = await count();
  await ask(scene.port, 'GET / HTTP/1.1\r\n\r\n');
  await until(async () => (await count()) === started + 1, { what: 'the reason counted' });
});

test('status prints a table, and the whole as JSON', async () => {
  const admin = `unix:${scene.ballast.adminSocket}`;
  const table = await runCommand(['status', '--admin', admin]);
  assert.equal(table.code, 0, table.stderr);
  for (const word of ['WORKER', 'LISTENER', 'POOL', 'SERVER', scene.origin.address]) {
    assert.ok(table.stdout.includes(word), `${word} in ${table.stdout}`);
  }
  const json = await runCommand(['status', scene.ballast.configFile, '--json']);
  assert.equal(json.code, 0, json.stderr);
  const report = JSON.parse(json.stdout) as { workers: unknown[]; pools: { name: string }[] };
  assert.ok(report.workers.length >= 2);
  assert.deepEqual(
    report.pools.map(({ name }) => name),
    ['web'],
  );
});

test('reload says what came of it, and exits 1 when nothing was changed', async () => {
  const good = await runCommand(['reload', scene.ballast.configFile]);
  assert.equal(good.code, 0, good.stderr);
});

test('commands exit 3 where no balancer answers, and 2 for a wrong command line', async () => {
  using dir = new TempDir();
  const away = await runCommand(['status', '--admin', `unix:${dir.file('none.sock')}`]);
  assert.equal(away.code, 3);
  assert.equal((await runCommand(['stauts'])).code, 2);
});

const MISTAKES = `
wrokers: 2
listeners:
  web:
    bind: 127.0.0.1:99999
    pool: wbe
    timeouts: { head: 10 }
pools:
  web:
    servers: [127.0.0.1:8080]
`;

for (const command of ['run', 'check']) {
  test(`${command}: all mistakes of a file in one run, with places, and exit 1`, async () => {
    using dir = new TempDir();
    const file = dir.file('bad.yaml');
    writeFileSync(file, MISTAKES);
    const { code, stderr, stdout } = await runCommand([command, file]);
    assert.equal(code, 1);
    const text = stderr + stdout;
    assert.match(text, /bad\.yaml:2:1: BAL_CONFIG_UNKNOWN_KEY: .*wrokers.*/);
    assert.match(text, /did you mean "?workers/);
    assert.match(text, /bad\.yaml:5:/);
    assert.match(text, /bad\.yaml:6:.*wbe/);
    assert.match(text, /bad\.yaml:7:.*BAL_CONFIG_DURATION/);
  });
}

test('run says so and exits 1 when its address is taken', async () => {
  using dir = new TempDir();
  const file = dir.file('taken.yaml');
  const config = {
    admin: `unix:${dir.file('admin.sock')}`,
    listeners: { web: { bind: `127.0.0.1:${scene.port}`, routes: [{ respond: {} }] } },
  };
  writeFileSync(file, JSON.stringify(config));
  const { code, stderr } = await runCommand(['run', file]);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${scene.port}`));
});

test('check accepts a good file', async () => {
  using dir = new TempDir();
  const file = dir.file('good.yaml');
  const bind = `127.0.0.1:${await freePort()}`;
  writeFileSync(file, JSON.stringify({ listeners: { web: { bind, routes: [{ respond: {} }] } } }));
  const { code, stdout } = await runCommand(['check', file]);
  assert.equal(code, 0);
  assert.match(stdout, /good/);
});

test('curl gets an answer over HTTP/1.1 and over HTTP/1.0', async (t) => {
  if (!existsSync('/usr/bin/curl')) {
    t.skip('curl is not installed');
    return;
  }
  for (const version of ['--http1.1', '--http1.0']) {
    const url = `http://127.0.0.1:${scene.port}/`;
    const { stdout } = await execFileAsync('curl', ['-s', '-i', '-m', '10', version, url]);
    assert.match(stdout, /^HTTP\/1\.1 200 [^]*\r\n\r\nok$/);
  }
});
