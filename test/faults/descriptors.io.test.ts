// No descriptor is left: of a worker, and of the supervisor in the middle of its work.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { connectTo } from '../kit/byte-stream.ts';
import type { ByteStream } from '../kit/byte-stream.ts';
import { FaultScene } from '../kit/fault-scene.ts';
import { freePorts } from '../kit/free-ports.ts';
import { descriptorCountOf } from '../kit/processes.ts';
import { ask, getBytes, startScene } from '../kit/scene.ts';
import { until } from '../kit/wait.ts';

async function connectMany(port: number, count: number): Promise<ByteStream[]> {
  const clients: ByteStream[] = [];
  while (clients.length < count) {
    const batch = Math.min(100, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: batch }, () => connectTo(port)))));
  }
  return clients;
}

test('a worker without descriptors: accepting pauses and resumes, nothing crashes', async () => {
  await using scene = await startScene({ descriptors: 200 });
  const [worker] = await scene.ballast.workerPids();
  const clients = await connectMany(scene.port, 300);
  for (const client of clients) void client.write(getBytes('/'));
  await until(async () => (await scene.ballast.metric('ballast_accept_pauses_total')) > 0, {
    what: 'accepting to pause',
  });
  assert.ok(descriptorCountOf(worker!) <= 200);
  // Those that go make room for those that wait.
  for (const client of clients.splice(0, 250)) client.destroy();
  await until(() => clients.every(({ receivedBytes }) => receivedBytes > 0), {
    what: 'an answer to every client that waited',
  });
  for (const client of clients) client.destroy();
  assert.equal((await ask(scene.port, getBytes('/'))).status, 200);
  assert.deepEqual(await scene.ballast.workerPids(), [worker]);
  assert.equal(await scene.ballast.metric('ballast_exceptions_total'), 0);
});

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

function limitDescriptors(pid: number, count: number): void {
  const { status, stderr } = spawnSync('prlimit', [`--pid=${pid}`, `--nofile=${count}:`]);
  assert.equal(status, 0, String(stderr));
}

test(
  'a supervisor without descriptors: a reload is refused, clients notice nothing',
  { skip: hasPrlimit ? false : 'needs prlimit' },
  async () => {
    await using scene = await FaultScene.start();
    const { ballast } = scene;
    await using sessions = await scene.sessions();
    const flying = await scene.slowRequest();
    const newcomers = scene.newcomers();
    await scene.spare();
    await newcomers.more(20);
    const [first] = await ballast.workerPids();
    const limits = spawnSync('prlimit', [
      '--nofile',
      '--noheadings',
      '--output=SOFT',
      `--pid=${ballast.pid}`,
    ]);
    const before = Number(String(limits.stdout).trim());
    // The request for the reload needs one for itself.
    limitDescriptors(ballast.pid, descriptorCountOf(ballast.pid) + 2);
    const more = (await freePorts(40)).map((port) => `127.0.0.1:${port}`);
    const extra = { bind: more, routes: [{ respond: {} }] };
    const { listeners } = scene.config as { listeners: object };
    ballast.writeConfig({ ...scene.config, listeners: { ...listeners, extra } });
    const { ok, message } = await ballast.reload();
    assert.equal(ok, false);
    assert.match(message, /no descriptor left/);
    // The spare needs none to take a place; only the next spare has to wait.
    process.kill(first!, 'SIGKILL');
    await until(async () => !(await ballast.workerPids()).includes(first!), {
      what: 'the dead worker to be noticed',
    });
    await until(async () => (await ballast.workerPids()).length === 2, {
      what: 'the spare in its place',
    });
    await newcomers.more(20);
    limitDescriptors(ballast.pid, before);
    await scene.spare();
    assert.equal((await ballast.reload()).ok, true);
    assert.equal((await ask(Number(more[0]!.split(':')[1]), getBytes('/'))).status, 200);
    await newcomers.stop();
    assert.ok(newcomers.failures.length <= 2, newcomers.failures.join('\n'));
    await sessions.askDatagram('afterwards');
    const { pools } = await ballast.status();
    for (const { state } of pools.flatMap(({ servers }) => servers)) {
      assert.notEqual(state, 'down');
    }
    flying.destroy();
  },
);
