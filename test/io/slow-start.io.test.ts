// Backups serve where no other server is up; a server that comes back starts slowly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpAnswer, Origin } from '../kit/origin.ts';
import { startPair } from '../kit/pair.ts';
import type { Pair } from '../kit/pair.ts';
import { ask, getBytes } from '../kit/scene.ts';
import { until } from '../kit/wait.ts';

const CHECK = {
  http: { path: '/healthz' },
  every: '50ms',
  timeout: '5s',
  rise: 1,
  fall: 1,
  jitter: '0%',
};

/** A server whose check can be switched; `name` is its body. */
class Patient implements AsyncDisposable {
  isWell = true;
  readonly name: string;
  origin!: Origin;

  constructor(name: string) {
    this.name = name;
  }

  static async start(name: string, isWell = true): Promise<Patient> {
    const patient = new Patient(name);
    patient.isWell = isWell;
    patient.origin = await Origin.startHttp(({ target }) => {
      if (target === '/healthz') return httpAnswer(patient.isWell ? 200 : 500);
      return httpAnswer(200, name);
    });
    return patient;
  }

  get address(): string {
    return this.origin.address;
  }

  /** Switches it and waits until the balancer knows. */
  async become(pair: Pair, isWell: boolean): Promise<void> {
    this.isWell = isWell;
    await pair.ballast.serverState(this.address, isWell ? 'up' : 'down');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.origin.stop();
  }
}

/** Bodies of the answers to requests, which differ in `x-key`. */
async function bodies(pair: Pair, count: number): Promise<string[]> {
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    names.push((await ask(pair.port, getBytes('/', `x-key: ${i}`))).body.toString());
  }
  return names;
}

const countOf = (names: readonly string[], name: string): number =>
  names.filter((each) => each === name).length;

/** Resolves when the answers to `count` requests meet `test`. */
function untilBodies(
  pair: Pair,
  count: number,
  test_: (names: string[]) => boolean,
): Promise<unknown> {
  return until(async () => test_(await bodies(pair, count)), {
    what: 'the expected answers',
    timeoutMs: 60_000,
  });
}

test('backups serve only while no other server is up', async () => {
  await using a = await Patient.start('a');
  await using spare = await Patient.start('spare');
  const servers = [a.address, { address: spare.address, backup: true }];
  await using pair = await startPair(servers, { check: CHECK });
  for (const { address } of [a, spare]) await pair.ballast.serverState(address, 'up');
  await untilBodies(pair, 6, (names) => countOf(names, 'a') === 6);
  await a.become(pair, false);
  await untilBodies(pair, 6, (names) => countOf(names, 'spare') === 6);
  await a.become(pair, true);
  await untilBodies(pair, 6, (names) => countOf(names, 'a') === 6);
});

for (const balance of ['round-robin', 'least-connections']) {
  test(`${balance}: a server that comes back gets a small part of the requests at first`, async () => {
    await using a = await Patient.start('a');
    await using b = await Patient.start('b');
    const pool = { balance, check: CHECK, slowStart: '10m' };
    await using pair = await startPair([a.address, b.address], pool);
    for (const { address } of [a, b]) await pair.ballast.serverState(address, 'up');
    // Not when Ballast starts.
    await untilBodies(pair, 8, (names) => countOf(names, 'a') === 4);
    await b.become(pair, false);
    await untilBodies(pair, 4, (names) => countOf(names, 'b') === 0);
    await b.become(pair, true);
    await untilBodies(pair, 11, (names) => countOf(names, 'b') > 0);
    // Weights of 20 and 2; 20 and 3 after half a minute.
    const got = countOf(await bodies(pair, 110), 'b');
    assert.ok(got >= 8 && got <= 16, `${got} of 110`);
  });
}

test('a slow start ends with the full weight, by itself', async () => {
  await using a = await Patient.start('a');
  await using b = await Patient.start('b', false);
  const pool = { check: CHECK, slowStart: '1s' };
  await using pair = await startPair([a.address, b.address], pool);
  await pair.ballast.serverState(b.address, 'down');
  await b.become(pair, true);
  await untilBodies(pair, 8, (names) => countOf(names, 'b') === 4);
});

test('under a hash a server that comes back gets a part of its own keys, and no others move', async () => {
  await using a = await Patient.start('a');
  await using b = await Patient.start('b');
  await using c = await Patient.start('c');
  const all = [a, b, c];
  const balance = { algorithm: 'header-hash', name: 'x-key' };
  const servers = all.map(({ address, name }) => ({ address, name }));
  const pool = { balance, check: CHECK, slowStart: '10m' };
  await using pair = await startPair(servers, pool, { top: { workers: 2 } });
  for (const { address } of all) await pair.ballast.serverState(address, 'up');
  const before = await bodies(pair, 150);
  assert.deepEqual(await bodies(pair, 150), before);
  await b.become(pair, false);
  await untilBodies(pair, 60, (names) => countOf(names, 'b') === 0);
  const without = await bodies(pair, 150);
  assert.ok(before.every((name, i) => name === 'b' || name === without[i]));
  await b.become(pair, true);
  await untilBodies(pair, 150, (names) => countOf(names, 'b') > 0);
  const back = await bodies(pair, 150);
  const own = countOf(before, 'b');
  const returned = countOf(back, 'b');
  assert.ok(returned > 0 && returned < own / 2, `${returned} of ${own}`);
  back.forEach((name, i) => {
    assert.ok(name === without[i] || (name === 'b' && before[i] === 'b'), `${i}: ${name}`);
  });
});
