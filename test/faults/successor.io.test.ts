// The supervisor is killed and started again: what clients see of it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Ballast, runCommand } from '../kit/ballast.ts';
import { connectTo } from '../kit/byte-stream.ts';
import { simpleConfig } from '../kit/config.ts';
import { freePort } from '../kit/free-ports.ts';
import { Load } from '../kit/load.ts';
import { httpAnswer } from '../kit/origin.ts';
import { endProcess, isAlive } from '../kit/processes.ts';
import { ask, getBytes, startScene } from '../kit/scene.ts';
import { until } from '../kit/wait.ts';

/** Kills the supervisor alone; returns the ids of the workers that go on. */
async function orphan(ballast: Ballast): Promise<number[]> {
  const pids = await ballast.workerPids();
  await endProcess(ballast.child, 'SIGKILL', 1_000);
  return pids;
}

const allGone = (pids: readonly number[]): Promise<unknown> =>
  until(() => pids.every((pid) => !isAlive(pid)), { what: 'the old workers to end' });

function endAll(pids: readonly number[]): void {
  for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
}

test('supervisor killed and started again under load: no request is refused or lost', async () => {
  await using scene = await startScene({ top: { workers: 2 } });
  const { port, ballast } = scene;
  const keeping = new Load({ port, clients: 6, restMs: 2 });
  const renewing = new Load({ port, clients: 4, requestsPerConnection: 1 });
  await keeping.more(50);
  const old = await orphan(ballast);
  try {
    await Promise.all([keeping.more(100), renewing.more(100)]);
    await using successor = await Ballast.start(readFileSync(ballast.configFile, 'utf8'));
    await allGone(old);
    await Promise.all([keeping.more(100), renewing.more(100)]);
    await Promise.all([keeping.stop(), renewing.stop()]);
    assert.deepEqual(keeping.failures, []);
    assert.deepEqual(renewing.failures, []);
    // The file names the admin socket of the first one.
    const { workers } = await ballast.status();
    assert.equal(workers.filter(({ state }) => state === 'serving').length, 2);
    assert.match(successor.stderr, /took over from workers that had lost their supervisor/);
  } finally {
    endAll(old);
  }
});

test('a successor lets a request that is under way on an old worker finish', async () => {
  let answer = (): void => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  const respond = async () => {
    await held;
    return httpAnswer(200, 'late');
  };
  await using scene = await startScene({ respond, top: { workers: 1 } });
  const client = await connectTo(scene.port);
  void client.write(getBytes('/'));
  await until(() => scene.origin.requests.length > 0, { what: 'the request at the server' });
  const old = await orphan(scene.ballast);
  try {
    await using _successor = await Ballast.start(readFileSync(scene.ballast.configFile, 'utf8'));
    answer();
    const message = await client.readMessage('response');
    assert.equal(message.body.toString(), 'late');
    assert.match(message.head, /^connection: close/im);
    await allGone(old);
  } finally {
    client.destroy();
    endAll(old);
  }
});

test('a successor that cannot start leaves the old workers as they were', async () => {
  await using scene = await startScene({ top: { workers: 1 } });
  const { ballast, port } = scene;
  const old = await orphan(ballast);
  try {
    const blocked = JSON.parse(readFileSync(ballast.configFile, 'utf8')) as Record<string, unknown>;
    writeFileSync(
      ballast.configFile,
      JSON.stringify({ ...blocked, log: { access: '/nowhere/a' } }),
    );
    const { code } = await runCommand(['run', ballast.configFile]);
    assert.equal(code, 1);
    assert.equal((await ask(port, getBytes('/'))).status, 200);
    await using _successor = await Ballast.start(JSON.stringify(blocked));
    await allGone(old);
  } finally {
    endAll(old);
  }
});

test('a balancer of other addresses leaves the workers of a dead supervisor alone', async () => {
  await using scene = await startScene({ top: { workers: 1 } });
  const old = await orphan(scene.ballast);
  try {
    const other = simpleConfig({ port: await freePort(), servers: [scene.origin.address] });
    await using _other = await Ballast.start(other);
    assert.equal((await ask(scene.port, getBytes('/'))).status, 200);
    assert.ok(old.every(isAlive));
  } finally {
    endAll(old);
  }
});

test('a successor takes over a unix socket while connections wait on it', async () => {
  await using scene = await startScene({ top: { workers: 1 } });
  const path = scene.ballast.dir.file('web.sock');
  const config = {
    workers: 1,
    listeners: { web: { bind: `unix:${path}`, routes: [{ respond: {} }] } },
  };
  await using first = await Ballast.start(config);
  const old = await orphan(first);
  try {
    for (const pid of old) process.kill(pid, 'SIGSTOP');
    const waiting = connect(path);
    let text = '';
    waiting.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    waiting.write(getBytes('/'));
    for (const pid of old) process.kill(pid, 'SIGCONT');
    await using _successor = await Ballast.start(readFileSync(first.configFile, 'utf8'));
    await until(() => text.startsWith('HTTP/1.1 200'), { what: 'the answer' });
    waiting.destroy();
    await allGone(old);
  } finally {
    endAll(old);
  }
});
