// Reload and drain while requests, tunnels and queues are under way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { connectTo } from '../kit/byte-stream.ts';
import { NO_FORWARDING } from '../kit/config.ts';
import type { Tree } from '../kit/config.ts';
import { freePorts } from '../kit/free-ports.ts';
import { httpAnswer, Origin } from '../kit/origin.ts';
import { getBytes } from '../kit/scene.ts';

test('a drain ends at its deadline also tunnels of a listener that a reload has removed', async () => {
  await using origin = await Origin.start(async (connection) => {
    await connection.readUntil('\r\n\r\n');
    await connection.write('HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
    await connection.closed(60_000);
  });
  const [port, other] = (await freePorts(2)) as [number, number];
  const listener = (bind: number): Tree => ({
    bind: `127.0.0.1:${bind}`,
    pool: 'web',
    forwarded: NO_FORWARDING,
  });
  const config = (both: boolean): Tree => ({
    workers: 1,
    drain: '1s',
    listeners: { web: listener(port), ...(both ? { gone: listener(other) } : {}) },
    pools: { web: { servers: [origin.address] } },
  });
  await using ballast = await Ballast.start(config(true));
  const client = await connectTo(other);
  void client.write(getBytes('/', 'Connection: Upgrade', 'Upgrade: echo'));
  await client.readUntil('\r\n\r\n');
  ballast.writeConfig(config(false));
  assert.ok((await ballast.reload()).ok);
  const begin = performance.now();
  ballast.signal('SIGTERM');
  assert.equal((await ballast.exited()).code, 0);
  // What is not done at the deadline is cut; the supervisor's own patience is longer.
  assert.ok(performance.now() - begin < 2_500, `took ${performance.now() - begin} ms`);
  assert.equal(await client.closed(), 'reset');
});

test('requests that wait in a queue are served after a reload of their pool', async () => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  await using origin = await Origin.startHttp(async ({ target }) => {
    if (target === '/hold') await opened;
    return httpAnswer(200, target);
  });
  const [port] = (await freePorts(1)) as [number];
  const config = (maxConnections: number): Tree => ({
    workers: 1,
    listeners: { web: { bind: `127.0.0.1:${port}`, pool: 'web', forwarded: NO_FORWARDING } },
    pools: { web: { servers: [origin.address], maxConnections, queue: { timeout: '10s' } } },
  });
  await using ballast = await Ballast.start(config(1));
  const holder = await connectTo(port);
  void holder.write(getBytes('/hold'));
  await origin.received(1);
  const waiting = await connectTo(port);
  void waiting.write(getBytes('/waiting'));
  ballast.writeConfig(config(2));
  assert.ok((await ballast.reload()).ok);
  assert.equal((await waiting.readMessage('response', 5_000)).body.toString(), '/waiting');
  open();
  assert.equal((await holder.readMessage('response')).status, 200);
  assert.equal(await ballast.metric('ballast_pool_queue_length'), 0);
  holder.destroy();
  waiting.destroy();
});

test('idle connections of a server are not used again once connections are made otherwise', async () => {
  const begins: string[] = [];
  await using origin = await Origin.start(async (connection, index) => {
    for (;;) {
      const head = await connection.readUntil('\r\n\r\n');
      begins[index] ??= head.slice(0, 6);
      await connection.write(httpAnswer(200, String(index)));
    }
  });
  const [port] = (await freePorts(1)) as [number];
  const config = (pool: Tree): Tree => ({
    workers: 1,
    listeners: { web: { bind: `127.0.0.1:${port}`, pool: 'web', forwarded: NO_FORWARDING } },
    pools: { web: { servers: [origin.address], ...pool } },
  });
  await using ballast = await Ballast.start(config({}));
  const client = await connectTo(port);
  const askOnce = async (): Promise<string> => {
    await client.write(getBytes('/'));
    return (await client.readMessage('response')).body.toString();
  };
  assert.deepEqual([await askOnce(), await askOnce()], ['0', '0']);
  // Another setting of the pool keeps them.
  ballast.writeConfig(config({ connectTimeout: '3s' }));
  assert.ok((await ballast.reload()).ok);
  assert.equal(await askOnce(), '0');
  ballast.writeConfig(config({ proxyProtocol: { version: 1 } }));
  assert.ok((await ballast.reload()).ok);
  assert.equal(await askOnce(), '1');
  assert.deepEqual(begins, ['GET / ', 'PROXY ']);
  client.destroy();
});
