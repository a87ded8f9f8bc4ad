// Workers are killed again and again under load: only what was under way on them fails.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ballast } from '../kit/ballast.ts';
import { Load } from '../kit/load.ts';
import type { LoadFailure } from '../kit/load.ts';
import { startScene } from '../kit/scene.ts';
import { delay, until } from '../kit/wait.ts';

const KILLS = 20;
const KILL_EVERY_MS = 1_000;

const refusedOf = (failures: readonly LoadFailure[]): LoadFailure[] =>
  failures.filter(({ kind }) => kind !== 'cut');

/** Kills a serving worker each second; returns how many connections the killed ones had. */
async function killWorkers(ballast: Ballast): Promise<number> {
  let connections = 0;
  const killed = new Set<number>();
  for (let i = 0; i < KILLS; i++) {
    const next = delay(KILL_EVERY_MS);
    const victim = await until(
      async () => {
        const { workers } = await ballast.status();
        const serving = workers.filter(({ state, pid }) => state === 'serving' && !killed.has(pid));
        return serving[i % serving.length];
      },
      { what: 'a worker that serves' },
    );
    connections += victim.connections;
    killed.add(victim.pid);
    process.kill(victim.pid, 'SIGKILL');
    await next;
  }
  return connections;
}

for (const workers of [1, 2]) {
  const title =
    `${workers} worker(s), one killed each second, 20 times, under load: ` +
    'nothing is refused, only requests in flight on it fail';
  test(title, async () => {
    await using scene = await startScene({ top: { workers } });
    const { port, ballast } = scene;
    const keeping = new Load({ port, clients: 6, restMs: 2 });
    const renewing = new Load({ port, clients: 2, restMs: 2, requestsPerConnection: 1 });
    await keeping.more(50);
    const connections = await killWorkers(ballast);
    await Promise.all([keeping.more(50), renewing.more(50)]);
    await Promise.all([keeping.stop(), renewing.stop()]);
    assert.deepEqual(refusedOf(keeping.failures), []);
    assert.deepEqual(refusedOf(renewing.failures), []);
    // Connections come and go between the count and the kill, hence one per client that renews.
    const cut = keeping.failures.length + renewing.failures.length;
    assert.ok(cut <= connections + 2 * KILLS, `${cut} failed, ${connections} were connected`);
    assert.ok(keeping.served > 500, `only ${keeping.served} requests were served`);
    await until(async () => (await ballast.workerPids()).length === workers, {
      what: 'all workers to serve',
    });
    assert.equal((await ballast.status()).workerRestarts, KILLS);
  });
}
