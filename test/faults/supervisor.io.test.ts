// The supervisor hangs, dies, and everything with it: what clients see of each, and for how long.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { connectToPath } from '../kit/byte-stream.ts';
import { FaultScene } from '../kit/fault-scene.ts';
import { run, serverOf } from '../kit/held-server.ts';
import { childrenOf, isAlive } from '../kit/processes.ts';
import { ask, getBytes, startScene } from '../kit/scene.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { delay, until } from '../kit/wait.ts';

/** A process that stands still for so long is taken for hung, in ms; and some more. */
const LONG_MS = 2_500;

const ended = (pids: readonly number[]): Promise<unknown> =>
  until(() => !pids.some(isAlive), { what: 'the processes to end' });

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) process.kill(pid, signal);
}

/** The last thread of a killed process closes its sockets, a moment after the first has ended. */
async function isRefused(path: string): Promise<boolean> {
  try {
    (await connectToPath(path)).destroy();
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
  }
}

test('a supervisor that hangs and comes back: nothing is lost, and no worker is taken for hung', async () => {
  await using scene = await FaultScene.start();
  const { ballast } = scene;
  await using sessions = await scene.sessions();
  const flying = await scene.slowRequest();
  const newcomers = scene.newcomers();
  await newcomers.more(20);
  await scene.spare();
  const before = await ballast.workerPids();
  ballast.signal('SIGSTOP');
  await delay(LONG_MS);
  await newcomers.more(20);
  await sessions.echo('while it hangs');
  await sessions.askDatagram('while it hangs');
  ballast.signal('SIGCONT');
  await newcomers.more(20);
  await sessions.echo('afterwards');
  scene.release();
  assert.equal((await flying.readMessage('response')).status, 200);
  await newcomers.stop();
  assert.deepEqual(newcomers.failures, []);
  // It has looked at heartbeats and servers again by then.
  await delay(1_000);
  const { workerRestarts, pools } = await ballast.status();
  assert.equal(workerRestarts, 0);
  assert.deepEqual(await ballast.workerPids(), before);
  for (const { state } of pools.flatMap(({ servers }) => servers)) assert.notEqual(state, 'down');
  assert.equal(sessions.datagramSessions, 1);
});

test('a worker that dies while the supervisor hangs: the others serve, it is replaced later', async () => {
  await using scene = await FaultScene.start();
  const newcomers = scene.newcomers();
  await newcomers.more(20);
  const [first, second] = await scene.ballast.workerPids();
  scene.ballast.signal('SIGSTOP');
  process.kill(first!, 'SIGKILL');
  await newcomers.more(40);
  scene.ballast.signal('SIGCONT');
  await until(
    async () => {
      const pids = await scene.ballast.workerPids();
      return pids.length === 2 && !pids.includes(first!);
    },
    { what: 'another worker in its place' },
  );
  assert.ok((await scene.ballast.workerPids()).includes(second!));
  await newcomers.stop();
  // Only what was under way on it at that moment, one of each lane at most.
  assert.ok(newcomers.failures.length <= 2, newcomers.failures.join('\n'));
});

test('all processes stand still and go on, as with a suspended machine: nobody is killed', async () => {
  await using scene = await FaultScene.start();
  await using sessions = await scene.sessions();
  await scene.spare();
  const pids = scene.processes();
  signalAll(pids, 'SIGSTOP');
  await delay(LONG_MS);
  signalAll(pids, 'SIGCONT');
  await sessions.echo('awake');
  await sessions.askDatagram('awake');
  await delay(1_000);
  assert.deepEqual(scene.processes(), pids);
  const { workerRestarts, pools } = await scene.ballast.status();
  assert.equal(workerRestarts, 0);
  for (const { state } of pools.flatMap(({ servers }) => servers)) assert.notEqual(state, 'down');
});

test('a killed supervisor: sessions, requests and newcomers do not notice, the spare ends', async () => {
  await using scene = await FaultScene.start();
  await using sessions = await scene.sessions();
  const flying = await scene.slowRequest();
  const spare = await scene.spare();
  const workers = await scene.ballast.workerPids();
  const newcomers = scene.newcomers();
  await newcomers.more(20);
  scene.ballast.signal('SIGKILL');
  await scene.ballast.exited();
  await ended([spare]);
  await newcomers.more(40);
  await sessions.echo('orphans serve');
  await sessions.askDatagram('orphans serve');
  scene.release();
  assert.equal((await flying.readMessage('response')).status, 200);
  await newcomers.stop();
  assert.deepEqual(newcomers.failures, []);
  assert.ok(workers.every(isAlive));
  signalAll(workers, 'SIGTERM');
  await ended(workers);
});

test('SIGKILL of the supervisor leaves no worker behind that nobody can end', async () => {
  await using scene = await startScene();
  const children = childrenOf(scene.ballast.pid);
  assert.ok(children.length >= 1);
  scene.ballast.signal('SIGKILL');
  await scene.ballast.exited();
  // Workers serve on with what they last knew until a successor or a signal ends them.
  const serves = await ask(scene.port, getBytes('/')).then(
    ({ status }) => status === 200,
    () => false,
  );
  for (const pid of children) if (isAlive(pid)) process.kill(pid, 'SIGTERM');
  await until(() => !children.some(isAlive), { what: 'the workers to end' });
  assert.equal(serves, true);
});

test('all processes killed: a start finds sockets and states that were left, and takes them', async () => {
  using dir = new TempDir();
  const socket = dir.file('web.sock');
  const state = dir.file('state');
  const routes = [{ respond: { status: 200 } }];
  const config = {
    workers: 1,
    state,
    listeners: { web: { bind: `unix:${socket}`, routes }, db: { bind: '127.0.0.1:0', pool: 'db' } },
    pools: { db: { servers: [{ address: '127.0.0.1:9', name: 'a' }] } },
  };
  await using first = await Ballast.start(config);
  await run({ ballast: first }, ['drain', 'db/a']);
  const all = [first.pid, ...childrenOf(first.pid)];
  signalAll(all, 'SIGKILL');
  await ended(all);
  await until(() => isRefused(socket), { what: 'connections to be refused' });
  assert.ok(existsSync(socket), 'a killed process cannot remove its socket');
  assert.ok(existsSync(first.adminSocket));
  // A file of the state that was being written when its process was killed.
  const draft = `${state}/servers.json.${first.pid}.tmp`;
  writeFileSync(draft, '{"for');
  await using _second = await Ballast.start(readFileSync(first.configFile, 'utf8'));
  const client = await connectToPath(socket);
  await client.write(getBytes('/'));
  assert.equal((await client.readMessage('response')).status, 200);
  client.destroy();
  // The file names the admin socket of the first one.
  assert.equal(serverOf(await first.status(), 'a').administrative.state, 'drain');
  assert.equal(existsSync(draft), false);
});
