// What was said before a reset is passed on before it, whoever resets, in every stage of a session.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { connectToPath } from '../kit/byte-stream.ts';
import { Origin } from '../kit/origin.ts';
import type { ConnectionScript } from '../kit/origin.ts';
import { StuckServer } from '../kit/stuck-server.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { echo, silent, startTcpScene } from '../kit/tcp-scene.ts';
import type { TcpScene } from '../kit/tcp-scene.ts';
import { until } from '../kit/wait.ts';

/** Lets the worker see all that `act` does in one turn of its loop. */
async function inOneTurn(scene: TcpScene, act: () => void | Promise<void>): Promise<void> {
  const [worker] = (await scene.ballast.workerPids()) as [number];
  process.kill(worker, 'SIGSTOP');
  try {
    await act();
  } finally {
    process.kill(worker, 'SIGCONT');
  }
}

/** Waits for the connection that `script` is called with. */
function openedBy(): { script: ConnectionScript; opened: Promise<Socket> } {
  const { promise: opened, resolve } = Promise.withResolvers<Socket>();
  const script: ConnectionScript = ({ socket }) => {
    resolve(socket);
    return Promise.resolve();
  };
  return { script, opened };
}

/** Waits until the worker knows that it is connected: a reset before that is a failed connection. */
async function relays(client: { write(text: string): unknown }, server: Socket): Promise<void> {
  const heard = once(server, 'data');
  await client.write('.');
  await heard;
}

test('what a server says before it resets reaches the client', async () => {
  const { script, opened } = openedBy();
  await using scene = await startTcpScene({ scripts: [script] });
  const client = await scene.connect();
  const server = await opened;
  await relays(client, server);
  await inOneTurn(scene, () => {
    server.write('FATAL: too many clients\n');
    server.resetAndDestroy();
  });
  assert.equal(await client.closed(), 'reset');
  assert.equal(client.text, 'FATAL: too many clients\n');
  const line = await scene.ballast.accessLine(() => true);
  assert.equal(line.reason, 'server-reset');
});

test('the last words of a server that does not read reach a client that writes', async () => {
  const { script, opened } = openedBy();
  await using scene = await startTcpScene({ scripts: [script] });
  const client = await scene.connect();
  const server = await opened;
  await relays(client, server);
  server.pause();
  await inOneTurn(scene, async () => {
    await client.write('a question');
    server.write('sorry\n');
    server.resetAndDestroy();
  });
  assert.equal(await client.closed(), 'reset');
  assert.equal(client.text, 'sorry\n');
});

test('what a client says before it resets reaches the server, and no end of it', async () => {
  await using scene = await startTcpScene({ scripts: [silent] });
  const client = await scene.connect();
  const server = await scene.origin.connection(0);
  await inOneTurn(scene, () => {
    client.socket.write('QUIT\r\n');
    client.reset();
  });
  assert.equal(await server.closed(), 'reset');
  assert.equal(server.text, 'QUIT\r\n');
  const line = await scene.ballast.accessLine(() => true);
  assert.equal(line.reason, 'client-reset');
});

test('a reset after bulk is a reset: no part is taken for the whole', async () => {
  const bulk = Buffer.alloc(4 << 20, 'x');
  await using scene = await startTcpScene({
    scripts: [
      async (connection) => {
        await connection.readUntil('go');
        await connection.write(bulk);
        connection.reset();
      },
    ],
  });
  for (let i = 0; i < 5; i++) {
    const client = await scene.connect();
    client.isKept = false;
    await client.write('go');
    assert.equal(await client.closed(), 'reset');
  }
});

test('a unix client that writes and closes is heard, however long its server takes', async () => {
  using dir = new TempDir();
  await using stuck = await StuckServer.start();
  await using origin = await Origin.start(silent);
  const path = dir.file('in.sock');
  await using scene = await startTcpScene({
    scripts: [],
    servers: [stuck.address, origin.address],
    listener: { bind: `unix:${path}` },
    pool: { connectTimeout: '300ms' },
  });
  // One of the two meets the server that does not answer first.
  for (let i = 0; i < 2; i++) {
    const client = await connectToPath(path);
    await client.write(`message ${i}`);
    client.destroy();
    const server = await origin.connection(i);
    await server.readUntil(`message ${i}`);
    await server.closed();
    server.end();
  }
  await scene.ballast.accessLine((line) => line.retries === 1);
});

test('a unix client that closes without a word leaves the queue', async () => {
  using dir = new TempDir();
  const path = dir.file('in.sock');
  await using scene = await startTcpScene({
    scripts: [echo],
    listener: { bind: `unix:${path}` },
    pool: { maxConnections: 1, queue: { timeout: '60s' } },
  });
  const first = await connectToPath(path);
  await first.write('x');
  await first.readUntil('x');
  const second = await connectToPath(path);
  const queued = async (): Promise<number> => scene.ballast.metric('ballast_pool_queue_length');
  await until(async () => (await queued()) === 1, { what: 'a queue' });
  second.destroy();
  const line = await scene.ballast.accessLine((one) => one.reason !== undefined);
  assert.equal(line.reason, 'client-closed');
  first.destroy();
});

test('what a unix server says before it closes reaches the client', async () => {
  using dir = new TempDir();
  const path = dir.file('out.sock');
  const server = createServer((socket) => {
    socket.end('421 not now\r\n');
    socket.destroySoon();
  });
  await using _closing = { [Symbol.asyncDispose]: async () => void server.close() };
  server.listen(path);
  await once(server, 'listening');
  await using scene = await startTcpScene({ scripts: [], servers: [`unix:${path}`] });
  for (let i = 0; i < 20; i++) {
    const client = await scene.connect();
    assert.equal(await client.closed(), 'end');
    assert.equal(client.text, '421 not now\r\n');
    client.destroy();
  }
});
