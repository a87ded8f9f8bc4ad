// No exchange may wait for ever: whatever the state, an event or a limit ends it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../kit/http-message.ts';
import { httpAnswer } from '../kit/origin.ts';
import { getBytes, startScene } from '../kit/scene.ts';
import type { Scene } from '../kit/scene.ts';
import { delay, until } from '../kit/wait.ts';

const LONG = '20s';
/** The answer is longer than what the sockets between server and client hold. */
const HUGE_BYTES = 64 << 20;

async function reasonLogged(scene: Scene, reason: string): Promise<void> {
  await until(() => scene.ballast.accessLines().some((line) => line.reason === reason), {
    what: `${reason} in the access log`,
    timeoutMs: 5_000,
    everyMs: 25,
  });
}

test('a request body that stops after its request has waited in the queue: 408', async () => {
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await using scene = await startScene({
    respond: async ({ target }) => {
      if (target === '/first') await held;
      return httpAnswer(200, target);
    },
    listener: { timeouts: { bodyIdle: '500ms' } },
    pool: { maxConnections: 1, queue: { timeout: LONG } },
  });
  const first = await scene.connect();
  void first.write(getBytes('/first'));
  await scene.origin.received(1);
  const second = await scene.connect();
  void second.write('POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
  await until(() => scene.ballast.metric('ballast_pool_queue_length').then((n) => n === 1), {
    what: 'the second request in the queue',
  });
  letGo();
  const answer = await second.readMessage('response', 5_000);
  assert.equal(answer.status, 408);
  assert.equal(field(answer, 'ballast-reason'), 'body-timeout');
  first.destroy();
  second.destroy();
});

test('a client that stops reading while it still sends its request is cut after timeouts.write', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      void connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${HUGE_BYTES}\r\n\r\n`);
      void connection.write(Buffer.alloc(HUGE_BYTES));
      await connection.closed(60_000);
    },
    listener: { timeouts: { write: '1s', bodyIdle: LONG } },
  });
  const client = await scene.connect();
  client.pause();
  void client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell');
  await until(() => scene.ballast.metric('ballast_buffer_bytes').then((n) => n > 600), {
    what: 'an answer that waits for its reader',
  });
  void client.write('o');
  await reasonLogged(scene, 'write-timeout');
  client.destroy();
});

test('an answer that stops after its reader was slow is cut after timeouts.bodyIdle', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.closed(60_000);
    },
    listener: {
      timeouts: { write: LONG },
      routes: [{ pool: 'web', timeouts: { bodyIdle: '500ms' } }],
    },
  });
  const client = await scene.connect();
  client.isKept = false;
  client.pause();
  void client.write(getBytes('/'));
  const origin = await scene.origin.connection(0);
  await origin.readUntil('\r\n\r\n');
  await origin.write(`HTTP/1.1 200 OK\r\nContent-Length: ${HUGE_BYTES}\r\n\r\n`);
  // All that the server says is with the balancer, and waits there for the client.
  let sent = 0;
  while ((await scene.ballast.metric('ballast_buffer_bytes')) < 10_000) {
    await origin.write(Buffer.alloc(64 << 10));
    sent += 64 << 10;
    // The meter follows within a turn of the loop: each piece must have its say.
    await delay(20);
  }
  // Longer than bodyIdle: the limit is reached while the client holds the answer up.
  await delay(1_200);
  client.resume();

  await until(() => client.receivedBytes > sent, { what: 'all that the server has sent' });
  await reasonLogged(scene, 'server-stalled');
  assert.equal(await client.closed(), 'reset');
});

test('an answer that stops after its request was held up is cut after timeouts.bodyIdle', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      connection.isKept = false;
      connection.pause();
      await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789');
      await delay(300);
      connection.resume();
      await connection.closed(60_000);
    },
    listener: {
      timeouts: { write: LONG, bodyIdle: LONG },
      routes: [{ pool: 'web', timeouts: { bodyIdle: '1s' } }],
    },
  });
  const client = await scene.connect();
  const size = 32 << 20;
  void client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
  void client.write(Buffer.alloc(size));
  await client.readUntil('0123456789');
  await reasonLogged(scene, 'server-stalled');
  client.destroy();
});

test('time in which the server takes nothing is not the time of the client', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      connection.isKept = false;
      connection.pause();
      await delay(1_500);
      connection.resume();
      await until(() => connection.receivedBytes >= 32 << 20, { what: 'the whole body' });
      await connection.write(httpAnswer(200, 'ok'));
    },
    listener: { timeouts: { write: LONG, bodyIdle: '500ms' } },
  });
  const client = await scene.connect();
  const size = 32 << 20;
  void client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
  void client.write(Buffer.alloc(size));
  const answer = await client.readMessage('response', 15_000);
  assert.equal(answer.status, 200, answer.body.toString());
  client.destroy();
});

test('an upload that goes on after its answer is cut when the server takes nothing of it', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      connection.isKept = false;
      connection.pause();
      await connection.write(httpAnswer(200, 'early'));
      await connection.closed(60_000);
    },
    listener: { timeouts: { write: '500ms', bodyIdle: LONG } },
  });
  const client = await scene.connect();
  const size = 64 << 20;
  void client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
  void client.write(Buffer.alloc(size));
  assert.equal((await client.readMessage('response')).body.toString(), 'early');
  await until(() => scene.ballast.accessLines().length === 1, {
    what: 'the end of the exchange',
    timeoutMs: 5_000,
  });
  assert.equal(await scene.ballast.metric('ballast_pool_requests_active'), 0);
  client.destroy();
});
