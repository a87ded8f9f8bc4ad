// The wall clock is set forward and back by an hour: nothing but the times that people read changes.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { FaultScene } from '../kit/fault-scene.ts';
import { field } from '../kit/http-message.ts';
import { ask, getBytes } from '../kit/scene.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { delay, until } from '../kit/wait.ts';

const HOUR_MS = 3_600_000;
/** How far the times of test and balancer may lie apart. */
const NEAR_MS = 60_000;

const isNear = (text: string, ms: number): boolean => Math.abs(Date.parse(text) - ms) < NEAR_MS;

test('the clock steps by an hour both ways: no request, session or worker is lost', async () => {
  using dir = new TempDir();
  const file = dir.file('step');
  writeFileSync(file, '0');
  const clock = new URL(`stepped-clock.ts?file=${file}`, import.meta.url).href;
  const env = { NODE_OPTIONS: `--import=${clock}`, BALLAST_WORKER_NODE_FLAGS: `--import=${clock}` };
  const top = { state: dir.file('state') };
  await using scene = await FaultScene.start({ top, env });
  const { ballast, ports } = scene;
  await using sessions = await scene.sessions();
  const flying = await scene.slowRequest();
  const newcomers = scene.newcomers();
  await newcomers.more(20);
  for (const stepMs of [HOUR_MS, -HOUR_MS, 0]) {
    writeFileSync(file, String(stepMs));
    // The proof that the step is in force in supervisor and worker.
    await until(
      async () => {
        const answer = await ask(ports.http, getBytes('/'));
        const line = ballast.accessLines().at(-1);
        return (
          answer.status === 200 && line !== undefined && isNear(line.time, Date.now() + stepMs)
        );
      },
      { what: 'the step in the access log' },
    );
    // Longer than a heartbeat may stand still, and than several checks take.
    await delay(1_000);
    await newcomers.more(20);
    await sessions.echo(`after ${stepMs}`);
    await sessions.askDatagram(`after ${stepMs}`);
    const { pools, workerRestarts, uptimeSeconds } = await ballast.status();
    assert.equal(workerRestarts, 0);
    assert.ok(uptimeSeconds >= 0 && uptimeSeconds < HOUR_MS / 2_000, `up for ${uptimeSeconds} s`);
    for (const { state } of pools.flatMap(({ servers }) => servers)) assert.notEqual(state, 'down');
  }
  assert.equal(sessions.datagramSessions, 1);
  scene.release();
  assert.equal((await flying.readMessage('response')).status, 200);
  await newcomers.stop();
  assert.deepEqual(newcomers.failures, []);
});

test('the field Date of an answer of our own follows the clock, back too', async () => {
  using dir = new TempDir();
  const file = dir.file('step');
  writeFileSync(file, '0');
  const clock = new URL(`stepped-clock.ts?file=${file}`, import.meta.url).href;
  const env = { BALLAST_WORKER_NODE_FLAGS: `--import=${clock}` };
  await using scene = await FaultScene.start({ top: { workers: 1 }, env });
  for (const stepMs of [HOUR_MS, -HOUR_MS]) {
    writeFileSync(file, String(stepMs));
    await until(
      async () => {
        const answer = await ask(scene.ports.http, getBytes('/%zz'));
        return answer.status === 400 && isNear(field(answer, 'date') ?? '', Date.now() + stepMs);
      },
      { what: 'the step in Date' },
    );
  }
});
