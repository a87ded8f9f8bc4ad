// Each time limit: when it runs out, what the client gets, and the reason in the log.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ByteStream } from '../kit/byte-stream.ts';
import { field } from '../kit/http-message.ts';
import { httpAnswer, Origin } from '../kit/origin.ts';
import { startPair } from '../kit/pair.ts';
import { ask, getBytes, postBytes, startScene } from '../kit/scene.ts';
import type { Scene } from '../kit/scene.ts';
import { StuckServer } from '../kit/stuck-server.ts';
import { delay } from '../kit/wait.ts';
import { acceptValue } from '../kit/websocket.ts';

/** Longer than any limit of these tests, with the load of other tests, in ms. */
const SOON_MS = 8_000;

async function readsTimeout(client: ByteStream, status: number, reason: string): Promise<void> {
  const answer = await client.readMessage('response', SOON_MS);
  assert.equal(answer.status, status);
  assert.equal(field(answer, 'ballast-reason'), reason);
}

const reasonLogged = (scene: Scene, reason: string): Promise<unknown> =>
  scene.ballast.accessLine((line) => line.reason === reason);

test('head: a head that trickles in is cut off at the whole limit (RFC 9110 §15.5.9)', async () => {
  await using scene = await startScene({ listener: { timeouts: { head: '600ms' } } });
  const client = await scene.connect();
  const started = performance.now();
  const trickle = setInterval(() => void client.write('x'), 50);
  await client.write('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ');
  await readsTimeout(client, 408, 'head-timeout');
  clearInterval(trickle);
  assert.ok(performance.now() - started >= 550);
  await client.closed();
});

test('head: a connection that never says anything is closed without an answer', async () => {
  await using scene = await startScene({ listener: { timeouts: { head: '300ms' } } });
  const client = await scene.connect();
  await client.closed(SOON_MS);
  // Nothing was asked, so whether 408 is sent is left open (RFC 9112 §9.5).
  assert.match(client.text, /^(HTTP\/1\.1 408 [^]*)?$/);
});

test('bodyIdle: a body that stops is answered with 408', async () => {
  await using scene = await startScene({ listener: { timeouts: { bodyIdle: '300ms' } } });
  const client = await scene.connect();
  await client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nstart');
  await readsTimeout(client, 408, 'body-timeout');
  await client.closed();
  await reasonLogged(scene, 'body-timeout');
});

test('bodyIdle: a slow body that makes progress is never cut off', async () => {
  const timeouts = { bodyIdle: '400ms', bodyMinRate: '1B' };
  await using scene = await startScene({ listener: { timeouts } });
  const client = await scene.connect();
  await client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n');
  for (let i = 0; i < 10; i++) {
    await delay(100);
    await client.write('x');
  }
  assert.equal((await client.readMessage('response')).status, 200);
  client.destroy();
});

test('bodyMinRate: a body below the minimum rate is answered with 408', async () => {
  const timeouts = { bodyIdle: '500ms', bodyMinRate: '1000B' };
  await using scene = await startScene({ listener: { timeouts } });
  const client = await scene.connect();
  await client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n');
  const trickle = setInterval(() => void client.write('x'), 100);
  await readsTimeout(client, 408, 'body-too-slow');
  clearInterval(trickle);
  await client.closed();
});

test('keepAlive: an idle client connection is closed', async () => {
  await using scene = await startScene({ listener: { timeouts: { keepAlive: '300ms' } } });
  const client = await scene.connect();
  await client.write(getBytes('/'));
  await client.readMessage('response');
  const started = performance.now();
  assert.equal(await client.closed(SOON_MS), 'end');
  assert.ok(performance.now() - started >= 250);
  assert.equal(client.pending, '');
});

test('write: a client that reads nothing is cut off, with the reason in the log', async () => {
  await using scene = await startScene({
    respond: () =>
      Buffer.concat([
        Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\n'),
        Buffer.alloc(30_000_000),
      ]),
    listener: { timeouts: { write: '500ms' } },
  });
  const client = await scene.connect();
  client.pause();
  await client.write(getBytes('/'));
  await reasonLogged(scene, 'write-timeout');
  client.destroy();
});

test('firstByte: a server that does not begin to answer becomes 504', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.closed(60_000);
    },
    listener: { routes: [{ pool: 'web', timeouts: { firstByte: '300ms' } }] },
  });
  const answer = await ask(scene.port, postBytes('/', 'x'));
  assert.equal(answer.status, 504);
  assert.equal(field(answer, 'ballast-reason'), 'first-byte-timeout');
  await scene.origin.connections[0]!.closed();
});

test('answer bodyIdle: an answer that stops is cut, never ended as if whole', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      await connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n');
      await connection.closed(60_000);
    },
    listener: { routes: [{ pool: 'web', timeouts: { bodyIdle: '300ms' } }] },
  });
  const client = await scene.connect();
  await client.write(getBytes('/'));
  await client.closed(SOON_MS);
  assert.doesNotMatch(client.text, /\r\n0\r\n\r\n$/);
  await reasonLogged(scene, 'server-stalled');
});

test('tunnel: a silent tunnel is closed, with the reason in the log', async () => {
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      const fields = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${acceptValue(key)}`;
      await connection.write(`HTTP/1.1 101 X\r\n${fields}\r\n\r\n`);
      await connection.closed(60_000);
    },
    listener: { routes: [{ pool: 'web', timeouts: { tunnel: '300ms' } }] },
  });
  const client = await scene.connect();
  const fields = ['Connection: Upgrade', 'Upgrade: websocket', `Sec-WebSocket-Key: ${key}`];
  await client.write(getBytes('/', ...fields, 'Sec-WebSocket-Version: 13'));
  assert.equal((await client.readMessage('response')).status, 101);
  await client.closed(SOON_MS);
  await reasonLogged(scene, 'tunnel-timeout');
});

test('connect: a server that does not accept is given up, and another one tried', async () => {
  await using stuck = await StuckServer.start();
  await using good = await Origin.startHttp(() => httpAnswer(200, 'ok'));
  await using pair = await startPair([stuck.address], { connectTimeout: '300ms' });
  const answer = await ask(pair.port, getBytes('/'));
  assert.equal(answer.status, 504);
  assert.equal(field(answer, 'ballast-reason'), 'connect-timeout');
  await using both = await startPair([stuck.address, good.address], { connectTimeout: '300ms' });
  for (let i = 0; i < 3; i++) assert.equal((await ask(both.port, getBytes('/'))).status, 200);
});

test('queue: a request that waits too long for a server becomes 503', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.closed(60_000);
    },
    pool: { maxConnections: 1, queue: { timeout: '300ms' } },
  });
  const first = await scene.connect();
  await first.write(getBytes('/first'));
  await scene.origin.connection(0);
  const second = await ask(scene.port, getBytes('/second'));
  assert.equal(second.status, 503);
  assert.equal(field(second, 'ballast-reason'), 'queue-timeout');
  first.destroy();
});
