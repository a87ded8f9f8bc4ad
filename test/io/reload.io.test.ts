// The configuration is swapped inside running workers: nothing is refused, nothing else touched.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { connectTo } from '../kit/byte-stream.ts';
import { NO_FORWARDING } from '../kit/config.ts';
import type { Tree } from '../kit/config.ts';
import { freePorts } from '../kit/free-ports.ts';
import { httpAnswer, Origin } from '../kit/origin.ts';
import { ask, getBytes } from '../kit/scene.ts';
import { until } from '../kit/wait.ts';

test('SIGHUP reloads; a file with mistakes changes nothing and says why', async () => {
  const [port] = (await freePorts(1)) as [number];
  const configOf = (status: number): Tree => ({
    workers: 1,
    listeners: { web: { bind: `127.0.0.1:${port}`, routes: [{ respond: { status } }] } },
  });
  await using ballast = await Ballast.start(configOf(200));
  ballast.writeConfig(configOf(204));
  ballast.signal('SIGHUP');
  const statusNow = async (): Promise<number> => (await ask(port, getBytes('/'))).status;
  await until(async () => (await statusNow()) === 204, { what: 'the reloaded answer' });
  ballast.writeConfig({ ...configOf(200), wrokers: 3 });
  ballast.signal('SIGHUP');
  await until(() => ballast.stderr.includes('wrokers'), { what: 'the mistake in the log' });
  assert.equal(await statusNow(), 204);
  const report = await ballast.reload();
  assert.equal(report.ok, false);
  assert.equal((await ballast.status()).plan.version, 2);
});

test('a reload leaves open connections and requests under way alone', async () => {
  let goOn = (): void => {};
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  await using origin = await Origin.startHttp(async ({ target }) => {
    if (target === '/slow') await gate;
    return httpAnswer(200, 'ok');
  });
  const [port, otherPort] = (await freePorts(2)) as [number, number];
  const configOf = (bind: number, pool: Tree): Tree => ({
    workers: 1,
    listeners: {
      web: { bind: `127.0.0.1:${port}`, pool: 'web', forwarded: NO_FORWARDING },
      other: { bind: `127.0.0.1:${bind}`, routes: [{ respond: {} }] },
    },
    pools: { web: { servers: [origin.address], ...pool } },
  });
  await using ballast = await Ballast.start(configOf(otherPort, {}));
  const idle = await connectTo(port);
  await idle.write(getBytes('/'));
  await idle.readMessage('response');
  const busy = await connectTo(port);
  await busy.write(getBytes('/slow'));
  await origin.received(2);
  // The listener "other" moves, the pool "web" changes.
  const [movedPort] = (await freePorts(1)) as [number];
  ballast.writeConfig(configOf(movedPort, { connectTimeout: '3s' }));
  assert.equal((await ballast.reload()).ok, true);
  assert.equal((await ask(movedPort, getBytes('/'))).status, 200);
  await assert.rejects(connectTo(otherPort));
  await idle.write(getBytes('/'));
  assert.equal((await idle.readMessage('response')).status, 200);
  goOn();
  assert.equal((await busy.readMessage('response')).status, 200);
  idle.destroy();
  busy.destroy();
});

test('a listener that is taken away lets its requests finish', async () => {
  let goOn = (): void => {};
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  await using origin = await Origin.startHttp(async () => {
    await gate;
    return httpAnswer(200, 'ok');
  });
  const [port, keptPort] = (await freePorts(2)) as [number, number];
  const kept = { bind: `127.0.0.1:${keptPort}`, pool: 'web' };
  const pools = { web: { servers: [origin.address] } };
  const gone = { bind: `127.0.0.1:${port}`, pool: 'web' };
  await using ballast = await Ballast.start({ workers: 1, listeners: { kept, gone }, pools });
  const busy = await connectTo(port);
  await busy.write(getBytes('/'));
  await origin.received(1);
  ballast.writeConfig({ workers: 1, listeners: { kept }, pools });
  assert.equal((await ballast.reload()).ok, true);
  await assert.rejects(connectTo(port));
  goOn();
  assert.equal((await busy.readMessage('response')).status, 200);
  busy.destroy();
});
