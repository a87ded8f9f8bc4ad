// Health checks take servers out and in; full servers make requests wait in a bounded queue.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../kit/free-ports.ts';
import { field } from '../kit/http-message.ts';
import { httpAnswer, Origin } from '../kit/origin.ts';
import { startPair } from '../kit/pair.ts';
import { ask, getBytes, startScene } from '../kit/scene.ts';
import { until } from '../kit/wait.ts';

const FAST = { every: '50ms', timeout: '2s', rise: 2, fall: 2, jitter: '0%' };

/** A server whose health can be switched; `name` is its body. */
class Patient implements AsyncDisposable {
  isWell = true;
  served = 0;
  readonly name: string;
  origin!: Origin;

  constructor(name: string) {
    this.name = name;
  }

  static async start(name: string): Promise<Patient> {
    const patient = new Patient(name);
    patient.origin = await Origin.startHttp(({ target }) => {
      if (target === '/healthz') return httpAnswer(patient.isWell ? 200 : 500, 'state');
      patient.served += 1;
      return httpAnswer(200, name);
    });
    return patient;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.origin.stop();
  }
}

test('an HTTP check takes a failing server out and brings it back', async () => {
  await using a = await Patient.start('a');
  await using b = await Patient.start('b');
  const servers = [a.origin.address, b.origin.address];
  const check = { http: { path: '/healthz' }, ...FAST };
  await using pair = await startPair(servers, { check });
  for (const server of servers) await pair.ballast.serverState(server, 'up');
  for (let i = 0; i < 6; i++) await ask(pair.port, getBytes('/'));
  assert.deepEqual([a.served, b.served], [3, 3]);
  b.isWell = false;
  await pair.ballast.serverState(b.origin.address, 'down');
  const before = b.served;
  for (let i = 0; i < 6; i++) {
    assert.equal((await ask(pair.port, getBytes('/'))).body.toString(), 'a');
  }
  assert.equal(b.served, before);
  b.isWell = true;
  await pair.ballast.serverState(b.origin.address, 'up');
  await until(async () => (await ask(pair.port, getBytes('/'))).body.toString() === 'b', {
    what: 'the healed server to be used again',
  });
});

test('a TCP check takes a dead server out', async () => {
  await using a = await Patient.start('a');
  const dead = `127.0.0.1:${await freePort()}`;
  await using pair = await startPair([a.origin.address, dead], {
    check: { tcp: {}, ...FAST },
    retry: { attempts: 0 },
  });
  await pair.ballast.serverState(dead, 'down');
  for (let i = 0; i < 6; i++) assert.equal((await ask(pair.port, getBytes('/'))).status, 200);
});

test('all servers down is 503 no-server-up, at once', async () => {
  await using a = await Patient.start('a');
  a.isWell = false;
  await using pair = await startPair([a.origin.address], {
    check: { http: { path: '/healthz' }, ...FAST },
  });
  await pair.ballast.serverState(a.origin.address, 'down');
  const answer = await ask(pair.port, getBytes('/'));
  assert.equal(answer.status, 503);
  assert.equal(field(answer, 'ballast-reason'), 'no-server-up');
  assert.equal(a.served, 0);
});

test('while nothing is known yet, servers are used; a server known to be up is preferred', async () => {
  let answerCheck = (): void => {};
  const checked = new Promise<void>((resolve) => {
    answerCheck = resolve;
  });
  await using unknown = await Origin.startHttp(async ({ target }) => {
    if (target === '/healthz') await checked;
    return httpAnswer(200, 'unknown');
  });
  const check = { http: { path: '/healthz' }, ...FAST, timeout: '60s' };
  await using alone = await startPair([unknown.address], { check });
  assert.equal((await ask(alone.port, getBytes('/'))).body.toString(), 'unknown');
  await using known = await Patient.start('known');
  await using both = await startPair([unknown.address, known.origin.address], { check });
  await both.ballast.serverState(known.origin.address, 'up');
  for (let i = 0; i < 4; i++) {
    assert.equal((await ask(both.port, getBytes('/'))).body.toString(), 'known');
  }
  answerCheck();
});

test('a check compares status and body as configured', async () => {
  let body = 'all fine';
  await using origin = await Origin.startHttp(() => httpAnswer(204 + 96, body));
  const http = { path: '/', status: ['300'], body: '~fine$' };
  await using pair = await startPair([origin.address], { check: { http, ...FAST } });
  await pair.ballast.serverState(origin.address, 'up');
  body = 'fine, but not at the end.';
  await pair.ballast.serverState(origin.address, 'down');
});

test('the verdict of a check survives a reload', async () => {
  await using a = await Patient.start('a');
  await using b = await Patient.start('b');
  b.isWell = false;
  const servers = [a.origin.address, b.origin.address];
  const check = { http: { path: '/healthz' }, ...FAST, fall: 3, downEvery: '60s' };
  await using pair = await startPair(servers, { check });
  await pair.ballast.serverState(b.origin.address, 'down');
  const text = (connectTimeout: string): object => ({
    workers: 1,
    listeners: { web: { bind: `127.0.0.1:${pair.port}`, pool: 'web' } },
    pools: { web: { servers, check, connectTimeout } },
  });
  pair.ballast.writeConfig(text('3s') as never);
  assert.equal((await pair.ballast.reload()).ok, true);
  const [, second] = (await pair.ballast.status()).pools[0]!.servers;
  assert.equal(second!.state, 'down');
  for (let i = 0; i < 4; i++) await ask(pair.port, getBytes('/'));
  assert.equal(b.served, 0);
});

test('maxConnections holds, and waiting requests are served in turn', async () => {
  let live = 0;
  let liveMax = 0;
  await using scene = await startScene({
    respond: async ({ target }) => {
      live += 1;
      liveMax = Math.max(liveMax, live);
      await new Promise((resolve) => setTimeout(resolve, 20));
      live -= 1;
      return httpAnswer(200, target);
    },
    pool: { maxConnections: 2, queue: { size: 100, timeout: '20s' } },
    top: { workers: 1 },
  });
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, i) => ask(scene.port, getBytes(`/${i}`))),
  );
  assert.deepEqual(
    answers.map(({ status, body }) => `${status} ${body.toString()}`),
    Array.from({ length: 30 }, (_, i) => `200 /${i}`),
  );
  assert.equal(liveMax, 2);
  assert.ok((await scene.ballast.metric('ballast_pool_queued_total')) >= 20);
});

test('maxConnections holds over all workers', async () => {
  let live = 0;
  let liveMax = 0;
  await using scene = await startScene({
    respond: async () => {
      live += 1;
      liveMax = Math.max(liveMax, live);
      await new Promise((resolve) => setTimeout(resolve, 10));
      live -= 1;
      return httpAnswer(200, 'ok');
    },
    pool: { maxConnections: 3, queue: { timeout: '20s' } },
    top: { workers: 2 },
  });
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => ask(scene.port, getBytes('/'))),
  );
  assert.ok(answers.every(({ status }) => status === 200));
  assert.ok(liveMax <= 3, `${liveMax} at once`);
});

test('a full queue answers 503 queue-full at once', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.closed(60_000);
    },
    pool: { maxConnections: 1, queue: { size: 1, timeout: '20s' } },
  });
  const first = await scene.connect();
  await first.write(getBytes('/1'));
  await scene.origin.connection(0);
  const second = await scene.connect();
  await second.write(getBytes('/2'));
  await until(async () => (await scene.ballast.metric('ballast_pool_queue_length')) === 1, {
    what: 'the second request to wait',
  });
  const third = await ask(scene.port, getBytes('/3'));
  assert.equal(third.status, 503);
  assert.equal(field(third, 'ballast-reason'), 'queue-full');
  first.destroy();
  second.destroy();
});

test('a client that gives up while it waits leaves the queue', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.closed(60_000);
    },
    pool: { maxConnections: 1, queue: { timeout: '20s' } },
  });
  const first = await scene.connect();
  await first.write(getBytes('/1'));
  await scene.origin.connection(0);
  const second = await scene.connect();
  await second.write(getBytes('/2'));
  const length = (): Promise<number> => scene.ballast.metric('ballast_pool_queue_length');
  await until(async () => (await length()) === 1, { what: 'the second request to wait' });
  second.reset();
  await until(async () => (await length()) === 0, { what: 'the queue to be empty' });
  first.destroy();
});

test('weights share requests smoothly', async () => {
  await using a = await Patient.start('a');
  await using b = await Patient.start('b');
  const servers = [
    { address: a.origin.address, weight: 3 },
    { address: b.origin.address, weight: 1 },
  ];
  await using pair = await startPair(servers, { idle: { perServer: 8 } });
  for (let i = 0; i < 16; i++) await ask(pair.port, getBytes('/'));
  assert.deepEqual([a.served, b.served], [12, 4]);
});
