// Servers are ejected for what requests meet, come back on trial, and start slowly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerStatus } from '../../src/control/status-report.ts';
import { freePort } from '../kit/free-ports.ts';
import { httpAnswer, Origin } from '../kit/origin.ts';
import { startPair } from '../kit/pair.ts';
import type { Pair } from '../kit/pair.ts';
import { endProcess, isAlive } from '../kit/processes.ts';
import { ask, getBytes } from '../kit/scene.ts';
import { until } from '../kit/wait.ts';

/** A server that can be made to fail; `name` is its body. */
class Patient implements AsyncDisposable {
  /** Status of its answers; 0 closes without one. */
  status = 200;
  served = 0;
  readonly name: string;
  origin!: Origin;

  constructor(name: string) {
    this.name = name;
  }

  static async start(name: string): Promise<Patient> {
    const patient = new Patient(name);
    patient.origin = await Origin.startHttp(() => {
      patient.served += 1;
      return patient.status === 0 ? null : httpAnswer(patient.status, name);
    });
    return patient;
  }

  get address(): string {
    return this.origin.address;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.origin.stop();
  }
}

const NO_RETRY = { retry: { attempts: 0 } };
const TWO_WORKERS = { top: { workers: 2 } };

/** Requests one after the other, each on a connection of its own; the statuses of the answers. */
async function askTimes(pair: Pair, count: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < count; i++) statuses.push((await ask(pair.port, getBytes('/'))).status);
  return statuses;
}

async function serverOf(pair: Pair, address: string): Promise<ServerStatus> {
  const { pools } = await pair.ballast.status();
  const servers = pools.flatMap((pool) => pool.servers);
  return servers.find((server) => server.address === address)!;
}

test('gateway errors in a row, over all workers, eject a server; a success between starts anew', async () => {
  await using a = await Patient.start('a');
  await using b = await Patient.start('b');
  const passive = { failures: 6, eject: '60s' };
  await using pair = await startPair([a.address, b.address], { passive, ...NO_RETRY }, TWO_WORKERS);
  a.status = 503;
  while (a.served < 5) await askTimes(pair, 1);
  a.status = 200;
  while (a.served < 6) await askTimes(pair, 1);
  a.status = 502;
  const statuses = await askTimes(pair, 40);
  assert.equal(a.served, 6 + 6);
  assert.equal(statuses.filter((status) => status === 502).length, 6);
  await pair.ballast.serverState(a.address, 'ejected');
  const { reason, detail, ejected } = await serverOf(pair, a.address);
  assert.equal(reason, 'gateway-errors');
  assert.match(detail, /6 failures in a row/);
  assert.ok(Math.abs(Date.parse(ejected!.until) - Date.parse(ejected!.since) - 60_000) < 1000);
  assert.equal(await pair.ballast.metric('ballast_server_ejections_total'), 1);
  assert.match(pair.ballast.stderr, /gateway-errors/);
});

test('a server that cannot be reached is ejected without a check, and no request fails', async () => {
  await using a = await Patient.start('a');
  const dead = `127.0.0.1:${await freePort()}`;
  const passive = { failures: 3, eject: '60s' };
  await using pair = await startPair([a.address, dead], { passive });
  assert.deepEqual(new Set(await askTimes(pair, 30)), new Set([200]));
  await pair.ballast.serverState(dead, 'ejected');
  assert.equal((await serverOf(pair, dead)).reason, 'connect-failures');
  const failures = (): Promise<number> =>
    pair.ballast.metric('ballast_server_connect_failures_total');
  assert.equal(await failures(), 3);
  await askTimes(pair, 20);
  assert.equal(await failures(), 3);
});

test('only what the pool counts ejects a server', async () => {
  await using a = await Patient.start('a');
  await using b = await Patient.start('b');
  const passive = { failures: 1, on: ['reset'], eject: '60s' };
  await using pair = await startPair([a.address, b.address], { passive, ...NO_RETRY });
  a.status = 503;
  await askTimes(pair, 10);
  assert.equal(a.served, 5);
  a.status = 0;
  await askTimes(pair, 10);
  // The first of these went onto a connection that was used before, and was sent again.
  assert.equal(a.served, 7);
  await pair.ballast.serverState(a.address, 'ejected');
  assert.equal((await serverOf(pair, a.address)).reason, 'resets');
});

test('after its time a server is on trial: a failure ejects it for longer, a success makes it whole', async () => {
  await using a = await Patient.start('a');
  await using b = await Patient.start('b');
  const passive = { failures: 4, eject: '300ms', ejectMax: '60s' };
  const pool = { passive, ...NO_RETRY };
  await using pair = await startPair([a.address, b.address], pool, TWO_WORKERS);
  const ejections = (): Promise<number> => pair.ballast.metric('ballast_server_ejections_total');
  a.status = 504;
  await until(async () => (await askTimes(pair, 1)) && (await ejections()) === 1, {
    what: 'the first ejection',
  });
  assert.equal(a.served, 4);
  await until(async () => (await askTimes(pair, 1)) && (await ejections()) === 2, {
    what: 'the second ejection',
  });
  assert.equal(a.served, 5);
  await until(() => /failed again after an ejection.* for [56]\d\d ms/.test(pair.ballast.stderr), {
    what: 'the line of the second ejection',
  });
  a.status = 200;
  await until(async () => (await askTimes(pair, 1)) && a.served > 5, { what: 'the trial' });
  await pair.ballast.serverState(a.address, 'up');
  // It is whole: one failure is one of four again.
  a.status = 504;
  const before = a.served;
  await until(async () => (await askTimes(pair, 1)) && (await ejections()) === 3, {
    what: 'the third ejection',
  });
  assert.equal(a.served, before + 4);
});

test('no more than the given share of a pool is ejected at once', async () => {
  await using a = await Patient.start('a');
  await using b = await Patient.start('b');
  await using c = await Patient.start('c');
  await using d = await Patient.start('d');
  const all = [a, b, c, d];
  const passive = { failures: 1, eject: '60s', maxEjected: '50%' };
  const addresses = all.map(({ address }) => address);
  await using pair = await startPair(addresses, { passive, ...NO_RETRY }, TWO_WORKERS);
  for (const patient of all) patient.status = 503;
  await askTimes(pair, 40);
  assert.equal(await pair.ballast.metric('ballast_server_ejections_total'), 2);
  const served = all.map((patient) => patient.served).toSorted((x, y) => x - y);
  // A worker may have one under way there when the other one ejects it.
  assert.ok(served[0]! <= 2 && served[1]! <= 2, served.join());
  assert.equal(
    served.reduce((sum, one) => sum + one),
    40,
  );
});

test('the only server of a pool is used though it is ejected', async () => {
  await using a = await Patient.start('a');
  const passive = { failures: 1, eject: '60s' };
  await using pair = await startPair([a.address], { passive, ...NO_RETRY });
  a.status = 503;
  await askTimes(pair, 2);
  await pair.ballast.serverState(a.address, 'ejected');
  a.status = 200;
  assert.deepEqual(await askTimes(pair, 2), [200, 200]);
});

test('ejections are shared, and end, without a supervisor', async () => {
  await using a = await Patient.start('a');
  await using b = await Patient.start('b');
  const passive = { failures: 3, eject: '3s' };
  const pool = { passive, ...NO_RETRY };
  await using pair = await startPair([a.address, b.address], pool, TWO_WORKERS);
  const workers = await pair.ballast.workerPids();
  try {
    await endProcess(pair.ballast.child, 'SIGKILL', 1_000);
    a.status = 503;
    // Requests of one instant, so that no ejection can end between them.
    await Promise.all(Array.from({ length: 12 }, () => ask(pair.port, getBytes('/'))));
    const served = a.served;
    assert.ok(served >= 3 && served < 12, `${served}`);
    assert.deepEqual(await askTimes(pair, 4), [200, 200, 200, 200]);
    assert.equal(a.served, served);
    a.status = 200;
    await until(async () => (await askTimes(pair, 1)) && a.served > served, { what: 'the trial' });
  } finally {
    for (const pid of workers) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  }
});

test('another address under the same name starts without the failures of the one before', async () => {
  await using a = await Patient.start('a');
  await using b = await Patient.start('b');
  await using c = await Patient.start('c');
  const passive = { failures: 1, eject: '60s' };
  const pool = { passive, ...NO_RETRY };
  const named = (first: Patient): unknown[] => [{ address: first.address, name: 'x' }, b.address];
  await using pair = await startPair(named(a), pool, TWO_WORKERS);
  a.status = 503;
  await askTimes(pair, 4);
  assert.equal(a.served, 1);
  const config = {
    workers: 2,
    listeners: { web: { bind: `127.0.0.1:${pair.port}`, pool: 'web' } },
    pools: { web: { servers: named(c), ...pool } },
  };
  pair.ballast.writeConfig(config);
  const { ok, message } = await pair.ballast.reload();
  assert.ok(ok, message);
  await until(async () => (await askTimes(pair, 1)) && c.served > 0, { what: 'the new address' });
});
