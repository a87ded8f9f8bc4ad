// A worker dies or hangs, and the spare: what each kind of client sees of it, and for how long.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultScene } from '../kit/fault-scene.ts';
import { isAlive } from '../kit/processes.ts';
import { delay, until } from '../kit/wait.ts';
import { assertBounded } from './bounded.ts';

/** Bounds that docs/operations.md states, in ms: with one worker, which is the worst. */
const NEWCOMER_MS = 1_000;
const SESSION_MS = 1_000;

type Fault = 'SIGKILL' | 'SIGSTOP';

/** The only worker, with a spare beside it. */
async function soleWorker(scene: FaultScene): Promise<number> {
  await scene.spare();
  const [pid] = await scene.ballast.workerPids();
  return pid!;
}

for (const fault of ['SIGKILL', 'SIGSTOP'] as const satisfies readonly Fault[]) {
  const what = fault === 'SIGKILL' ? 'dies' : 'hangs';

  test(`the only worker ${what}: newcomers wait and are served, none is refused`, async () => {
    await using scene = await FaultScene.start({ top: { workers: 1 } });
    await assertBounded(NEWCOMER_MS, async () => {
      const victim = await soleWorker(scene);
      const newcomers = scene.newcomers();
      await newcomers.more(20);
      process.kill(victim, fault);
      await newcomers.more(40);
      await newcomers.stop();
      // One of each lane may have been under way on it.
      assert.ok(newcomers.failures.length <= 2, newcomers.failures.join('\n'));
      await until(() => !isAlive(victim), { what: 'the worker to be gone' });
      return newcomers.longestMs;
    });
  });

  test(`the only worker ${what}: requests and sessions on it end, UDP begins anew`, async () => {
    await using scene = await FaultScene.start({ top: { workers: 1 } });
    await assertBounded(SESSION_MS, async () => {
      const victim = await soleWorker(scene);
      await using sessions = await scene.sessions();
      const sessionsBefore = sessions.datagramSessions;
      const flying = await scene.slowRequest();
      process.kill(victim, fault);
      const started = performance.now();
      const ends = [flying, sessions.socket, sessions.tcp].map((stream) => stream.closed());
      await Promise.all(ends);
      const tookMs = performance.now() - started;
      assert.equal(flying.text, '');
      await sessions.askDatagram('again');
      assert.equal(sessions.datagramSessions, sessionsBefore + 1);
      flying.destroy();
      return tookMs;
    });
  });
}

test('a worker that is resumed after it was replaced does nothing any more: it was killed', async () => {
  await using scene = await FaultScene.start({ top: { workers: 1 } });
  const victim = await soleWorker(scene);
  process.kill(victim, 'SIGSTOP');
  await until(async () => (await scene.ballast.workerPids()).some((pid) => pid !== victim), {
    what: 'another worker in its place',
  });
  await until(() => !isAlive(victim), { what: 'the stopped one to be killed' });
  const isLogged = () => /hung: no heartbeat for \d+ ms/.test(scene.ballast.stderr);
  await until(isLogged, { what: 'the reason in the log' });
});

test('a worker that stands still for a moment keeps its place, requests and sessions', async () => {
  await using scene = await FaultScene.start({ top: { workers: 1 } });
  await using sessions = await scene.sessions();
  const victim = await soleWorker(scene);
  const started = performance.now();
  process.kill(victim, 'SIGSTOP');
  await delay(200);
  process.kill(victim, 'SIGCONT');
  const stoodMs = performance.now() - started;
  if (stoodMs > 400) return;
  await sessions.echo('on');
  await sessions.askDatagram('on');
  assert.deepEqual(await scene.ballast.workerPids(), [victim]);
});

for (const fault of ['SIGKILL', 'SIGSTOP'] as const satisfies readonly Fault[]) {
  test(`the spare is hit by ${fault}: no client notices, and there is another`, async () => {
    await using scene = await FaultScene.start();
    await using sessions = await scene.sessions();
    const newcomers = scene.newcomers();
    const spare = await scene.spare();
    await newcomers.more(20);
    process.kill(spare, fault);
    await until(() => !isAlive(spare), { what: 'the spare to be gone' });
    await until(async () => (await scene.spare()) !== spare, { what: 'another spare' });
    await newcomers.more(20);
    await newcomers.stop();
    assert.deepEqual(newcomers.failures, []);
    await sessions.echo('on');
    await sessions.askDatagram('on');
    assert.equal(sessions.datagramSessions, 1);
    assert.equal((await scene.ballast.status()).workerRestarts, 0);
  });
}
