// The whole drains and ends: what clients see of it. What dies and hangs is in test/faults.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { connectTo } from '../kit/byte-stream.ts';
import type { Tree } from '../kit/config.ts';
import { field } from '../kit/http-message.ts';
import { httpAnswer } from '../kit/origin.ts';
import { childrenOf, isAlive } from '../kit/processes.ts';
import { getBytes, startScene } from '../kit/scene.ts';
import type { Scene } from '../kit/scene.ts';
import { until } from '../kit/wait.ts';

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

test('workers are not given the environment, in which passwords of checks may stand', async () => {
  await using scene = await startScene({ env: { DATABASE_PASSWORD: 'secret of the check' } });
  const { pid: supervisor } = scene.ballast.child;
  assert.match(readFileSync(`/proc/${supervisor}/environ`, 'utf8'), /secret of the check/);
  for (const pid of await scene.ballast.workerPids()) {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
    assert.doesNotMatch(environment, /DATABASE_PASSWORD|secret of the check/);
  }
});
