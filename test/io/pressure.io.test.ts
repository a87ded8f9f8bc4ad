// Many, slow and hostile connections: bounded memory, no crash, and service for the others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectTo } from '../kit/byte-stream.ts';
import type { ByteStream } from '../kit/byte-stream.ts';
import { httpAnswer } from '../kit/origin.ts';
import { privateBytesOf } from '../kit/processes.ts';
import { ask, getBytes, startScene } from '../kit/scene.ts';
import type { Scene } from '../kit/scene.ts';
import { delay, until } from '../kit/wait.ts';

const KIB = 1_024;
const MIB = KIB * KIB;
const IDLE_CLIENTS = 5_000;
/** Most memory of the worker per idle client connection, in bytes. */
const IDLE_BYTES_MAX = 8 * KIB;

async function connectMany(port: number, count: number): Promise<ByteStream[]> {
  const clients: ByteStream[] = [];
  while (clients.length < count) {
    const batch = Math.min(100, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: batch }, () => connectTo(port)))));
  }
  return clients;
}

const liveConnections = (scene: Scene): Promise<number> =>
  scene.ballast.metric('ballast_connections');

test('5,000 idle connections cost little memory each, and others are served', async (t) => {
  await using scene = await startScene({ top: { workers: 1 } });
  const [worker] = await scene.ballast.workerPids();
  for (let i = 0; i < 20; i++) await ask(scene.port, getBytes('/'));
  const before = privateBytesOf(worker!);
  const clients = await connectMany(scene.port, IDLE_CLIENTS);
  for (const client of clients) {
    client.isKept = false;
    void client.write(getBytes('/'));
  }
  await until(() => clients.every(({ receivedBytes }) => receivedBytes > 0), {
    what: 'an answer to each client',
    timeoutMs: 60_000,
  });
  assert.equal(await liveConnections(scene), IDLE_CLIENTS);
  const each = Math.round((privateBytesOf(worker!) - before) / IDLE_CLIENTS);
  t.diagnostic(`${each} bytes of the worker per idle connection`);
  assert.ok(each < IDLE_BYTES_MAX, `${each} bytes per idle connection`);
  assert.equal((await ask(scene.port, getBytes('/'))).status, 200);
  for (const client of clients) client.destroy();
  await until(async () => (await liveConnections(scene)) === 0, { what: 'all to be closed' });
});

test('200 clients that read slowly hold bounded memory', async (t) => {
  const total = 4 * MIB;
  const body = Buffer.alloc(total, 'x');
  await using scene = await startScene({
    respond: () =>
      Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`), body]),
    listener: { timeouts: { write: '60s' } },
  });
  const [worker] = await scene.ballast.workerPids();
  const before = privateBytesOf(worker!);
  const clients = await connectMany(scene.port, 200);
  for (const client of clients) {
    client.isKept = false;
    client.pause();
    void client.write(getBytes('/'));
  }
  await until(() => scene.origin.requests.length === 200, { what: 'all requests' });
  await delay(1_000);
  const each = Math.round((privateBytesOf(worker!) - before) / clients.length);
  t.diagnostic(`${each} bytes of the worker per slow reader`);
  assert.ok(each < 300 * KIB, `${each} bytes per slow reader`);
  assert.equal(
    (await ask(scene.port, 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', 'head-response')).status,
    200,
  );
  for (const client of clients) client.resume();
  await until(() => clients.every(({ receivedBytes }) => receivedBytes > total), {
    what: 'every slow reader to have its whole answer',
    timeoutMs: 120_000,
  });
  for (const client of clients) client.destroy();
});

test('1,000 clients that send their heads slowly do not hinder others', async (t) => {
  await using scene = await startScene({ listener: { timeouts: { head: '60s' } } });
  const [worker] = await scene.ballast.workerPids();
  const before = privateBytesOf(worker!);
  const clients = await connectMany(scene.port, 1_000);
  await Promise.all(clients.map((client) => client.write('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ')));
  for (let i = 0; i < 5; i++) {
    for (const client of clients) void client.write('x');
    const started = performance.now();
    assert.equal((await ask(scene.port, getBytes('/'))).status, 200);
    assert.ok(performance.now() - started < 2_000);
  }
  const each = Math.round((privateBytesOf(worker!) - before) / clients.length);
  t.diagnostic(`${each} bytes of the worker per slow sender`);
  assert.ok(each < 40 * KIB, `${each} bytes per slow sender`);
  for (const client of clients) client.destroy();
});

test('limits.connections: accepting pauses at the limit and resumes', async () => {
  await using scene = await startScene({ top: { limits: { connections: 10 } } });
  const clients = await connectMany(scene.port, 10);
  for (const client of clients) {
    await client.write(getBytes('/'));
    await client.readMessage('response');
  }
  // Further ones wait in the queue of the listening socket.
  const waiting = await connectTo(scene.port);
  await waiting.write(getBytes('/'));
  await until(async () => (await scene.ballast.metric('ballast_accept_pauses_total')) > 0, {
    what: 'accepting to pause',
  });
  assert.equal(waiting.text, '');
  clients.pop()!.destroy();
  assert.equal((await waiting.readMessage('response')).status, 200);
  waiting.destroy();
  for (const client of clients) client.destroy();
});

test('an exception in one connection ends only that one, is counted and logged', async () => {
  await using scene = await startScene({ env: { BALLAST_TEST_FAULT: '1' } });
  const [worker] = await scene.ballast.workerPids();
  const bystander = await scene.connect();
  await bystander.write(getBytes('/'));
  await bystander.readMessage('response');
  for (let i = 1; i <= 3; i++) {
    const victim = await scene.connect();
    await victim.write(getBytes('/', 'X-Ballast-Fault: 1'));
    await victim.closed();
    assert.match(victim.text, /^(HTTP\/1\.1 500 [^]*)?$/);
    await bystander.write(getBytes('/'));
    assert.equal((await bystander.readMessage('response')).status, 200);
    assert.equal(await scene.ballast.metric('ballast_exceptions_total'), i);
  }
  bystander.destroy();
  assert.deepEqual(await scene.ballast.workerPids(), [worker]);
  await until(() => /exception|fault/i.test(scene.ballast.stderr), { what: 'a line in the log' });
});

test('the fault of the test above does nothing where it is not switched on', async () => {
  await using scene = await startScene({ respond: () => httpAnswer(200, 'ok') });
  assert.equal((await ask(scene.port, getBytes('/', 'X-Ballast-Fault: 1'))).status, 200);
});
