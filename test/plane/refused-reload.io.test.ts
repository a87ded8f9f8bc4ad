// A plan that a worker cannot put in force changes nothing in it: no connection, no choice of server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { connectTo } from '../kit/byte-stream.ts';
import { NO_FORWARDING } from '../kit/config.ts';
import type { Tree } from '../kit/config.ts';
import { freePort, freePorts } from '../kit/free-ports.ts';
import { answers } from '../kit/held-server.ts';
import { httpAnswer, Origin } from '../kit/origin.ts';
import { getBytes } from '../kit/scene.ts';
import { until } from '../kit/wait.ts';

/** Most open descriptors of each process, and what makes a worker use up its own. */
const DESCRIPTORS = 220;
const HELD = 74;
const MORE = 60;

test('a worker without descriptors for a new plan refuses it, and goes on as before', async () => {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let isWell = true;
  await using a = await Origin.startHttp(async ({ target }) => {
    if (target === '/held') await released;
    return httpAnswer(200, 'a');
  });
  await using b = await Origin.startHttp(async ({ target }) => {
    if (target === '/held') await released;
    if (target === '/healthz' && !isWell) return httpAnswer(503, 'b');
    return httpAnswer(200, 'b');
  });
  const port = await freePort();
  const more = await freePorts(MORE);
  const config = (extra: readonly number[], pool: Tree): Tree => ({
    workers: 1,
    listeners: {
      web: { bind: `127.0.0.1:${port}`, pool: 'web', forwarded: NO_FORWARDING },
      ...Object.fromEntries(
        extra.map((one) => [`more${one}`, { bind: `127.0.0.1:${one}`, pool: 'web' }]),
      ),
    },
    pools: {
      web: {
        servers: [a.address, b.address],
        check: { http: { path: '/healthz' }, every: '100ms', rise: 1, fall: 1 },
        ...pool,
      },
    },
  });
  await using ballast = await Ballast.start(config([], {}), { descriptors: DESCRIPTORS });
  const [pid] = await ballast.workerPids();
  const held = await Promise.all(Array.from({ length: HELD }, () => connectTo(port)));
  for (const client of held) void client.write(getBytes('/held'));
  const heldCount = () => {
    return [...a.requests, ...b.requests].filter(({ target }) => target === '/held').length;
  };
  await until(() => heldCount() === HELD, { what: 'all requests to be held' });
  ballast.writeConfig(config(more, { connectTimeout: '3s' }));
  const report = await ballast.reload();
  assert.equal(report.ok, false, 'the test must use up the descriptors');
  assert.match(report.message, /a worker refused: .*none is free/);
  // The servers are chosen as their checks say: they still belong to the plan in force.
  isWell = false;
  await ballast.serverState(b.address, 'down');
  assert.deepEqual(await answers(port, 10), new Set(['a']));
  release();
  for (const client of held) {
    assert.equal((await client.readMessage('response')).status, 200);
    client.destroy();
  }
  isWell = true;
  await ballast.serverState(b.address, 'up');
  assert.ok((await ballast.reload()).ok);
  assert.deepEqual(await answers(more[0]!, 10), new Set(['a', 'b']));
  assert.deepEqual(await ballast.workerPids(), [pid]);
});

test('a plan that is refused when it is compiled leaves the servers in the pools that they have', async () => {
  let isWell = true;
  await using a = await Origin.startHttp(() => httpAnswer(200, 'a'));
  await using b = await Origin.startHttp(({ target }) => {
    return httpAnswer(target === '/healthz' && !isWell ? 503 : 200, 'b');
  });
  const [port, other] = (await freePorts(2)) as [number, number];
  const config = (listeners: Tree, pool: Tree): Tree => ({
    workers: 1,
    listeners: {
      web: { bind: `127.0.0.1:${port}`, pool: 'web', forwarded: NO_FORWARDING },
      ...listeners,
    },
    pools: {
      web: {
        servers: [a.address, b.address],
        check: { http: { path: '/healthz' }, every: '100ms', rise: 1, fall: 1 },
        ...pool,
      },
    },
  });
  await using ballast = await Ballast.start(config({}, {}), { env: { BALLAST_TEST_FAULT: '1' } });
  const fault = { 'x-ballast-fault': { bind: `127.0.0.1:${other}`, pool: 'web' } };
  ballast.writeConfig(config(fault, { connectTimeout: '3s' }));
  const report = await ballast.reload();
  assert.equal(report.ok, false);
  assert.match(report.message, /a worker refused: .*a fault that was asked for/);
  isWell = false;
  await ballast.serverState(b.address, 'down');
  assert.deepEqual(await answers(port, 10), new Set(['a']));
  await assert.rejects(connectTo(other));
});
