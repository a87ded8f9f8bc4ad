// Addresses of every kind on both sides, and the limits of one client connection.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { connectTo, connectToPath } from '../kit/byte-stream.ts';
import type { ByteStream } from '../kit/byte-stream.ts';
import { freePorts } from '../kit/free-ports.ts';
import { field } from '../kit/http-message.ts';
import { httpAnswer, Origin } from '../kit/origin.ts';
import { ask, getBytes, startScene } from '../kit/scene.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { until } from '../kit/wait.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

async function statusOn(client: ByteStream): Promise<number> {
  await client.write(getBytes('/'));
  const { status } = await client.readMessage('response');
  client.destroy();
  return status;
}

test('one listener has several addresses: IPv4 and a unix socket', async () => {
  using dir = new TempDir();
  const [one, two] = (await freePorts(2)) as [number, number];
  const path = dir.file('web.sock');
  const bind = [`127.0.0.1:${one}`, `127.0.0.1:${two}`, `unix:${path}`];
  await using ballast = await Ballast.start({
    listeners: { web: { bind, routes: [{ respond: {} }] } },
  });
  for (const address of [`http://127.0.0.1:${one}`, `http://127.0.0.1:${two}`, `unix:${path}`]) {
    assert.ok(ballast.stdout.includes(address), ballast.stdout);
  }
  assert.equal(await statusOn(await connectTo(one)), 200);
  assert.equal(await statusOn(await connectTo(two)), 200);
  assert.equal(await statusOn(await connectToPath(path)), 200);
});

test('a listener and a server on IPv6', { skip: hasIpv6 ? false : 'no ::1 here' }, async () => {
  const [port] = (await freePorts(1)) as [number];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(httpAnswer(200, 'six')));
  });
  await new Promise<void>((resolve) => server.listen(0, '::1', resolve));
  const { port: serverPort } = server.address() as { port: number };
  await using ballast = await Ballast.start({
    workers: 1,
    listeners: { web: { bind: `[::1]:${port}`, pool: 'web' } },
    pools: { web: { servers: [`[::1]:${serverPort}`] } },
  });
  assert.equal(await statusOn(await connectTo(port, '::1')), 200);
  const line = await ballast.accessLine(({ path }) => path === '/');
  assert.equal(line.client, '::1');
  await new Promise((resolve) => server.close(resolve));
});

test('a server on a unix socket', async () => {
  using dir = new TempDir();
  const path = dir.file('origin.sock');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(httpAnswer(200, 'unix')));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const [port] = (await freePorts(1)) as [number];
  await using _ballast = await Ballast.start({
    workers: 1,
    listeners: { web: { bind: `127.0.0.1:${port}`, pool: 'web' } },
    pools: { web: { servers: [`unix:${path}`] } },
  });
  assert.equal((await ask(port, getBytes('/'))).body.toString(), 'unix');
  await new Promise((resolve) => server.close(resolve));
});

test('maxRequests closes a client connection after so many requests', async () => {
  await using scene = await startScene({ listener: { maxRequests: 2 } });
  const client = await scene.connect();
  await client.write(getBytes('/'));
  assert.notEqual(field(await client.readMessage('response'), 'connection'), 'close');
  await client.write(getBytes('/'));
  assert.equal(field(await client.readMessage('response'), 'connection'), 'close');
  assert.equal(await client.closed(), 'end');
});

test('limits of a head are those of the configuration', async () => {
  const limits = { head: '2KiB', uri: '256B', fields: 8 };
  await using scene = await startScene({ top: { limits } });
  const statusOf = async (bytes: string): Promise<number> => (await ask(scene.port, bytes)).status;
  assert.equal(await statusOf(getBytes(`/${'u'.repeat(200)}`)), 200);
  assert.equal(await statusOf(getBytes(`/${'u'.repeat(256)}`)), 414);
  assert.equal(await statusOf(getBytes('/', `X-Big: ${'b'.repeat(1_800)}`)), 200);
  assert.equal(await statusOf(getBytes('/', `X-Big: ${'b'.repeat(2_100)}`)), 431);
  const fields = (count: number): string[] => Array.from({ length: count }, (_, i) => `X-${i}: 1`);
  assert.equal(await statusOf(getBytes('/', ...fields(7))), 200);
  assert.equal(await statusOf(getBytes('/', ...fields(8))), 431);
});

test('a server whose head is too large or has too many fields becomes 502', async () => {
  await using scene = await startScene({
    respond: ({ target }) =>
      target === '/big'
        ? httpAnswer(200, 'ok', [`X-Big: ${'b'.repeat(70_000)}`])
        : httpAnswer(
            200,
            'ok',
            Array.from({ length: 300 }, (_, i) => `X-${i}: 1`),
          ),
  });
  for (const target of ['/big', '/many']) {
    const answer = await ask(scene.port, getBytes(target));
    assert.equal(answer.status, 502, target);
    assert.match(field(answer, 'ballast-reason') ?? '', /^server-(answer-too-large|bad-answer)$/);
  }
});

test('accessLog false writes nothing for that listener', async () => {
  await using origin = await Origin.startHttp(() => httpAnswer(200, 'ok'));
  const [quiet, loud] = (await freePorts(2)) as [number, number];
  await using ballast = await Ballast.start({
    workers: 1,
    listeners: {
      quiet: { bind: `127.0.0.1:${quiet}`, pool: 'web', accessLog: false },
      loud: { bind: `127.0.0.1:${loud}`, pool: 'web' },
    },
    pools: { web: { servers: [origin.address] } },
  });
  await ask(quiet, getBytes('/quiet'));
  await ask(loud, getBytes('/loud'));
  await ballast.accessLine(({ path }) => path === '/loud');
  assert.deepEqual(
    ballast.accessLines().map(({ listener }) => listener),
    ['loud'],
  );
});

test('a log that nobody reads stops nothing, and what is lost is counted', async () => {
  await using scene = await startScene({ top: { log: { access: 'stdout' }, workers: 1 } });
  // The pipe of standard output fills up.
  scene.ballast.child.stdout!.pause();
  const target = `/${'p'.repeat(4_000)}`;
  const client = await scene.connect();
  client.isKept = false;
  const lost = (): Promise<number> => scene.ballast.metric('ballast_log_lines_lost_total');
  let answered = 0;
  await until(
    async () => {
      const before = client.receivedBytes;
      void client.write(getBytes(target).repeat(200));
      await until(() => client.receivedBytes > before, { what: 'answers' });
      answered += 200;
      return (await lost()) > 0;
    },
    { what: 'lines to be lost', timeoutMs: 60_000 },
  );
  const started = performance.now();
  assert.equal((await ask(scene.port, getBytes('/'))).status, 200);
  assert.ok(performance.now() - started < 5_000);
  assert.ok(answered > 1_000);
  client.destroy();
});
