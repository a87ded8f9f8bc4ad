// Workers die and hang, the whole drains and ends: what clients see of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Ballast } from '../kit/ballast.ts';
import { connectTo } from '../kit/byte-stream.ts';
import type { Tree } from '../kit/config.ts';
import { field } from '../kit/http-message.ts';
import { Load } from '../kit/load.ts';
import type { LoadFailure } from '../kit/load.ts';
import { httpAnswer } from '../kit/origin.ts';
import { childrenOf, isAlive } from '../kit/processes.ts';
import { ask, getBytes, startScene } from '../kit/scene.ts';
import type { Scene } from '../kit/scene.ts';
import { delay, until } from '../kit/wait.ts';

const KILLS = 20;
const KILL_EVERY_MS = 1_000;
/** A hung worker is replaced within this time, in ms. */
const REPLACED_MS = 1_000;

const refusedOf = (failures: readonly LoadFailure[]): LoadFailure[] =>
  failures.filter(({ kind }) => kind !== 'cut');

type Kills = { readonly kills: number; readonly connections: number };

/** Kills a serving worker each second; counts the kills and the connections of the killed. */
async function killWorkers(ballast: Ballast): Promise<Kills> {
  let connections = 0;
  let kills = 0;
  for (let i = 0; i < KILLS; i++) {
    const next = delay(KILL_EVERY_MS);
    const { workers } = await ballast.status();
    const serving = workers.filter(({ state }) => state === 'serving');
    const victim = serving[i % serving.length];
    if (victim !== undefined) {
      connections += victim.connections;
      process.kill(victim.pid, 'SIGKILL');
      kills += 1;
    }
    await next;
  }
  return { kills, connections };
}

for (const workers of [1, 2]) {
  const title =
    `${workers} worker(s), one killed each second for 20 s under load: ` +
    'nothing is refused, only requests in flight on it fail';
  test(title, async () => {
    await using scene = await startScene({ top: { workers } });
    const { port, ballast } = scene;
    const keeping = new Load({ port, clients: 6, restMs: 2 });
    const renewing = new Load({ port, clients: 2, restMs: 2, requestsPerConnection: 1 });
    await keeping.more(50);
    const { kills, connections } = await killWorkers(ballast);
    await Promise.all([keeping.more(50), renewing.more(50)]);
    await Promise.all([keeping.stop(), renewing.stop()]);
    assert.deepEqual(refusedOf(keeping.failures), []);
    assert.deepEqual(refusedOf(renewing.failures), []);
    // Connections come and go between the count and the kill, hence one per client that renews.
    const cut = keeping.failures.length + renewing.failures.length;
    assert.ok(cut <= connections + 2 * kills, `${cut} failed, ${connections} were connected`);
    assert.ok(keeping.served > 500, `only ${keeping.served} requests were served`);
    const { workerRestarts, workers: now } = await ballast.status();
    assert.ok(kills >= KILLS - 2, `only ${kills} kills found a serving worker`);
    assert.equal(workerRestarts, kills);
    assert.equal(now.filter(({ state }) => state === 'serving').length, workers);
  });
}

/** Stops the only worker; returns after how many ms another one serves, and what it answered. */
async function replaceStopped({ ballast, port }: Scene): Promise<{ ms: number; status: number }> {
  const [victim] = await ballast.workerPids();
  process.kill(victim!, 'SIGSTOP');
  const started = performance.now();
  // The only worker hangs: a new connection waits for the next one and is not refused.
  const asked = ask(port, getBytes('/'));
  const replaced = until(
    async () => {
      const [now] = await ballast.workerPids();
      return now !== undefined && now !== victim;
    },
    { what: 'a worker in place of the stopped one' },
  ).then(() => performance.now() - started);
  const [{ status }, ms] = await Promise.all([asked, replaced]);
  await until(() => !isAlive(victim!), { what: 'the stopped worker to be killed' });
  return { ms, status };
}

test('a worker under SIGSTOP is replaced within 1 s, and its clients are served on', async () => {
  await using scene = await startScene({ top: { workers: 1 } });
  // On a busy machine one try may be late; none may be very late.
  const times: number[] = [];
  for (let i = 0; i < 3 && !times.some((ms) => ms <= REPLACED_MS); i++) {
    const { ms, status } = await replaceStopped(scene);
    assert.equal(status, 200);
    times.push(ms);
  }
  assert.ok(Math.min(...times) <= REPLACED_MS, `it took ${times.join(', ')} ms`);
  assert.ok(Math.max(...times) <= 5 * REPLACED_MS, `it took ${times.join(', ')} ms`);
});

type GateScene = { readonly scene: Scene; readonly open: () => void };

/** A server that answers `/slow` only after `open`. */
async function startGate(top: Tree): Promise<GateScene> {
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const scene = await startScene({
    top,
    respond: async ({ target }) => {
      if (target === '/slow') await gate;
      return httpAnswer(200, 'ok');
    },
  });
  return { scene, open };
}

test('SIGTERM drains: requests finish, idle connections close, nothing new is accepted', async () => {
  const { scene: started, open } = await startGate({ workers: 2 });
  await using scene = started;
  const { ballast, port, origin } = scene;
  const children = childrenOf(ballast.pid);
  const idle = await connectTo(port);
  await idle.write(getBytes('/'));
  await idle.readMessage('response');
  const busy = await connectTo(port);
  await busy.write(getBytes('/slow'));
  await origin.received(2);
  ballast.signal('SIGTERM');
  await idle.closed();
  await until(
    async () => {
      try {
        (await connectTo(port)).destroy();
        return false;
      } catch {
        return true;
      }
    },
    { what: 'the listener to be closed' },
  );
  assert.equal(ballast.hasEnded, false);
  open();
  const answer = await busy.readMessage('response');
  assert.equal(answer.status, 200);
  assert.equal(field(answer, 'connection'), 'close');
  assert.deepEqual(await ballast.exited(), { code: 0, signal: null });
  assert.deepEqual(children.filter(isAlive), []);
});

test('drain ends after its time limit, with the reason in the log', async () => {
  const { scene: started } = await startGate({ drain: '500ms' });
  await using scene = started;
  const { ballast, port, origin } = scene;
  const busy = await connectTo(port);
  await busy.write(getBytes('/slow'));
  await origin.received(1);
  ballast.signal('SIGTERM');
  await busy.closed();
  assert.deepEqual(await ballast.exited(), { code: 0, signal: null });
  assert.ok(ballast.accessLines().some(({ reason }) => reason === 'draining'));
});

test('a second SIGTERM ends at once', async () => {
  const { scene: started } = await startGate({});
  await using scene = started;
  const { ballast, port, origin } = scene;
  const children = childrenOf(ballast.pid);
  const busy = await connectTo(port);
  await busy.write(getBytes('/slow'));
  await origin.received(1);
  ballast.signal('SIGTERM');
  await until(() => ballast.stderr.includes('drains'), { what: 'the first signal to be taken' });
  ballast.signal('SIGTERM');
  assert.equal((await ballast.exited(5_000)).code, 0);
  await until(() => !children.some(isAlive), { what: 'the workers to end' });
});

test('workers serve on while the supervisor hangs (SIGSTOP)', async () => {
  await using scene = await startScene();
  scene.ballast.signal('SIGSTOP');
  // Longer than a worker of which nothing is heard would be left alone.
  const load = new Load({ port: scene.port, clients: 4, restMs: 5 });
  await delay(1_500);
  await load.more(100);
  await load.stop();
  scene.ballast.signal('SIGCONT');
  assert.deepEqual(load.failures, []);
  assert.equal((await scene.ballast.status()).workerRestarts, 0);
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

test('workers are not given the environment, in which passwords of checks may stand', async () => {
  await using scene = await startScene({ env: { DATABASE_PASSWORD: 'secret of the check' } });
  const { pid: supervisor } = scene.ballast.child;
  assert.match(readFileSync(`/proc/${supervisor}/environ`, 'utf8'), /secret of the check/);
  for (const pid of await scene.ballast.workerPids()) {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
    assert.doesNotMatch(environment, /DATABASE_PASSWORD|secret of the check/);
  }
});
