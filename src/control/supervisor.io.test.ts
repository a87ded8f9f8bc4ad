import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import test from 'node:test';
import { freePorts } from '../../test/kit/free-ports.ts';
import { isAlive } from '../../test/kit/processes.ts';
import { until } from '../../test/kit/wait.ts';
import type { StatusReport } from './status-report.ts';
import { TestSupervisor, workersIn } from './supervisor-testkit.ts';

const config = (parts: { workers?: number; pool?: string; more?: string } = {}): string => `
admin: 127.0.0.1:0
workers: ${parts.workers ?? 2}
drain: 1s
log: { access: off }
listeners:
  web: { bind: 127.0.0.1:0, pool: ${parts.pool ?? 'web'} }
${parts.more ?? ''}
pools:
  ${parts.pool ?? 'web'}: { servers: [127.0.0.1:1] }
`;

const isWhole = (count: number) => (report: Parameters<typeof workersIn>[0]) =>
  workersIn(report, 'serving').length === count && workersIn(report, 'standby').length === 1;

test('Supervisor serves with the wanted number of workers and holds one spare', async () => {
  await using it = await TestSupervisor.start(config());
  const answer = await it.ask();
  assert.equal(answer.plan, 1);
  const report = await it.statusWhen('two workers and a spare', isWhole(2));
  assert.ok(workersIn(report, 'serving').some(({ pid }) => pid === answer.pid));
  assert.equal(report.state, 'serving');
});

test('Supervisor lets the spare take the place of a killed worker', async () => {
  await using it = await TestSupervisor.start(config({ workers: 1 }));
  const report = await it.statusWhen('a spare', isWhole(1));
  const spare = workersIn(report, 'standby')[0]!.pid;
  process.kill(workersIn(report, 'serving')[0]!.pid, 'SIGKILL');
  const answer = await it.ask();
  assert.equal(answer.pid, spare);
  const after = await it.statusWhen('a new spare', isWhole(1));
  assert.equal(after.workerRestarts, 1);
});

test('Supervisor refuses no connection while a worker is killed again and again', async () => {
  await using it = await TestSupervisor.start(config({ workers: 1 }));
  for (let kill = 0; kill < 5; kill++) {
    const report = await it.statusWhen('a spare', isWhole(1));
    process.kill(workersIn(report, 'serving')[0]!.pid, 'SIGKILL');
    const answers = await Promise.all([it.ask(), it.ask(), it.ask()]);
    assert.equal(answers.length, 3);
  }
});

test('Supervisor replaces a worker under SIGSTOP within 1 s', async () => {
  await using it = await TestSupervisor.start(config({ workers: 1 }));
  const report = await it.statusWhen('a spare', isWhole(1));
  const { pid } = workersIn(report, 'serving')[0]!;
  const stoppedAt = performance.now();
  process.kill(pid, 'SIGSTOP');
  const answer = await it.ask();
  const tookMs = performance.now() - stoppedAt;
  assert.notEqual(answer.pid, pid);
  assert.ok(tookMs < 1_000, `it took ${tookMs} ms`);
  await until(() => !isAlive(pid), { what: 'the end of the stopped worker' });
});

test('Supervisor replaces a worker whose loop hangs', async () => {
  await using it = await TestSupervisor.start(config({ workers: 1 }));
  await it.statusWhen('a spare', isWhole(1));
  const before = await it.ask();
  await assert.rejects(it.ask('/hang'));
  assert.notEqual((await it.ask()).pid, before.pid);
});

test('Supervisor keeps what a dead worker counted', async () => {
  await using it = await TestSupervisor.start(config({ workers: 1 }));
  for (let n = 0; n < 5; n++) await it.ask();
  await assert.rejects(it.ask('/die'));
  await it.ask();
  const report = await it.status();
  assert.equal(report.listeners[0]!.requestsTotal, 6);
  assert.match(await it.metrics(), /^ballast_listener_requests_total\{listener="web"\} 6$/m);
});

test('Supervisor gives a new worker what is known of the servers', async () => {
  await using it = await TestSupervisor.start(
    config({ workers: 1 }).replace('[127.0.0.1:1]', '[127.0.0.1:1], check: { tcp: {}, every: 1s }'),
  );
  await it.statusWhen('the server is down', ({ pools }) => pools[0]!.servers[0]!.state === 'down');
  await assert.rejects(it.ask('/die'));
  const { health } = await it.ask();
  assert.deepEqual(health, [
    {
      key: 'web/127.0.0.1:1',
      state: 'down',
      administrative: 'ready',
      weight: null,
      maxConnections: null,
    },
  ]);
});

test('Supervisor shows what a worker has ejected, after the death of that worker too', async () => {
  await using it = await TestSupervisor.start(config({ workers: 1 }));
  await it.ask('/eject');
  const isEjected = ({ pools }: StatusReport) => pools[0]!.servers[0]!.state === 'ejected';
  await it.statusWhen('the server is ejected', isEjected);
  await assert.rejects(it.ask('/die'));
  await it.ask();
  const report = await it.status();
  const { state, reason, ejected, check } = report.pools[0]!.servers[0]!;
  assert.deepEqual([state, reason, check.state], ['ejected', 'failures', 'up']);
  assert.ok(Date.parse(ejected!.until) > Date.now());
  const { server, column, from, to } = report.recentEvents.at(-1)!;
  assert.deepEqual([server, column, from, to], ['web/127.0.0.1:1', 'observed', 'up', 'ejected']);
});

test('Supervisor puts a reloaded plan in force in running workers and keeps sockets', async () => {
  await using it = await TestSupervisor.start(config());
  const before = await it.statusWhen('a spare', isWhole(2));
  it.config = config({ more: '  more: { bind: 127.0.0.1:0, pool: web }' });
  const report = await it.supervisor.reload();
  assert.equal(report.ok, true, report.message);
  const after = await it.status();
  assert.deepEqual(
    workersIn(after, 'serving').map(({ pid, planVersion }) => [pid, planVersion]),
    workersIn(before, 'serving').map(({ pid }) => [pid, 2]),
  );
  assert.deepEqual(after.listeners[0]!.addresses, before.listeners[0]!.addresses);
  assert.equal((await it.ask()).plan, 2);
  const port = after.listeners[1]!.addresses[0]!;
  assert.equal((await fetch(`http://${port}/`)).status, 200);
  it.config = config();
  await it.supervisor.reload();
  await assert.rejects(fetch(`http://${port}/`));
});

test('Supervisor changes nothing when the file says the same', async () => {
  await using it = await TestSupervisor.start(config());
  const report = await it.supervisor.reload();
  assert.deepEqual([report.ok, report.changed, report.version], [true, false, 1]);
});

test('Supervisor changes nothing when the file has mistakes, and says so', async () => {
  await using it = await TestSupervisor.start(config());
  it.config = config().replace('workers:', 'wokrers:');
  const report = await it.supervisor.reload();
  assert.equal(report.ok, false);
  assert.equal(report.diagnostics[0]!.code, 'BAL_CONFIG_UNKNOWN_KEY');
  assert.equal((await it.ask()).plan, 1);
  assert.equal((await it.status()).lastReload?.ok, false);
  assert.match(readFileSync(it.dir.file('product.log'), 'utf8'), /BAL_CONFIG_UNKNOWN_KEY/);
});

test('Supervisor changes nothing when a new address is in use', async () => {
  await using it = await TestSupervisor.start(config());
  const taken = it.supervisor.adminAddress!.replace('http://', '');
  it.config = config({ more: `  more: { bind: ${taken}, pool: web }` });
  const report = await it.supervisor.reload();
  assert.equal(report.ok, false);
  assert.match(report.message, /cannot listen on 127\.0\.0\.1:\d+.*nothing was changed/);
  assert.equal((await it.ask()).plan, 1);
});

test('Supervisor takes a plan back everywhere that a worker refuses', async () => {
  await using it = await TestSupervisor.start(config());
  it.config = config({ pool: 'refuse' });
  const report = await it.supervisor.reload();
  assert.equal(report.ok, false);
  assert.match(report.message, /a worker refused: it was asked to: nothing was changed/);
  assert.equal((await it.ask()).plan, 1);
  it.config = config({ more: '  more: { bind: 127.0.0.1:0, pool: web }' });
  assert.equal((await it.supervisor.reload()).ok, true);
});

test('Supervisor starts and ends workers when their number changes', async () => {
  await using it = await TestSupervisor.start(config({ workers: 1 }));
  await it.statusWhen('a spare', isWhole(1));
  it.config = config({ workers: 3 });
  assert.equal((await it.supervisor.reload()).ok, true);
  await it.statusWhen('three workers', isWhole(3));
  it.config = config({ workers: 1 });
  assert.equal((await it.supervisor.reload()).ok, true);
  await it.statusWhen('one worker and a spare', (report) => {
    return isWhole(1)(report) && report.workers.length === 2;
  });
  assert.equal((await it.ask()).plan, 3);
});

test('Supervisor moves its admin server on reload', async () => {
  await using it = await TestSupervisor.start(config());
  const path = it.dir.file('admin.sock');
  it.config = config().replace('127.0.0.1:0', `unix:${path}`);
  assert.equal((await it.supervisor.reload()).ok, true);
  assert.equal(it.supervisor.adminAddress, `unix:${path}`);
});

test('Supervisor leaves no process behind after a drain', async () => {
  await using it = await TestSupervisor.start(config());
  const report = await it.statusWhen('a spare', isWhole(2));
  await it.drain();
  assert.deepEqual(
    report.workers.filter(({ pid }) => isAlive(pid)),
    [],
  );
  await assert.rejects(it.ask());
});

test('Supervisor gives up, with the reason, when a worker refuses the first plan', async () => {
  await assert.rejects(TestSupervisor.start(config({ pool: 'refuse' })), {
    code: 'BAL_WORKER_START',
    message: /refused the plan: it was asked to/,
  });
});

test('Supervisor refuses to reload before it has started and while it drains', async () => {
  await using it = new TestSupervisor(config());
  assert.match((await it.supervisor.reload()).message, /has not started yet/);
  it.plan = await it.supervisor.start(it.load().plan!, it.config);
  const drained = it.drain();
  it.config = config({ workers: 1 });
  assert.match((await it.supervisor.reload()).message, /draining/);
  await drained;
});

test('Supervisor that is ended within a reload leaves no socket that nobody accepts on', async () => {
  const [port] = (await freePorts(1)) as [number];
  await using it = await TestSupervisor.start(config());
  it.config = config({ pool: 'slow', more: `  more: { bind: 127.0.0.1:${port}, pool: slow }` });
  const reloaded = it.supervisor.reload();
  await until(async () => (await canConnect(port)) || null, { what: 'the new socket' });
  const drained = it.drain();
  const report = await reloaded;
  assert.equal(report.ok, false, report.message);
  assert.match(report.message, /the balancer is draining/);
  await drained;
  // Who connected to it would wait for nobody.
  assert.equal(await canConnect(port), false);
});

test('Supervisor that is ended before a reload opens anything opens nothing', async () => {
  const [port] = (await freePorts(1)) as [number];
  await using it = await TestSupervisor.start(config());
  it.config = config({ more: `  more: { bind: 127.0.0.1:${port}, pool: web }` });
  const reloaded = it.supervisor.reload();
  const drained = it.drain();
  assert.match((await reloaded).message, /draining|closed for good/);
  assert.equal(await canConnect(port), false);
  await drained;
});

/** Whether anything listens on a port of 127.0.0.1. */
function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
