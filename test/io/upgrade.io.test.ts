// Upgrades in place: the program on the disk takes over, and nobody notices.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { runCommand } from '../kit/ballast.ts';
import type { Ballast } from '../kit/ballast.ts';
import { Load } from '../kit/load.ts';
import { ask, getBytes, startScene } from '../kit/scene.ts';
import { until } from '../kit/wait.ts';

/** Upgrades by command; returns the id of the main process then. */
async function upgrade(ballast: Ballast): Promise<number> {
  const { code, stdout, stderr } = await runCommand(['upgrade', ballast.configFile]);
  assert.equal(code, 0, `${stdout}${stderr}`);
  return (await ballast.status()).pid;
}

test('upgrade: five in a row under load refuse and lose nothing', async () => {
  await using scene = await startScene({ top: { workers: 2, drain: '5s' } });
  const { ballast, port } = scene;
  const keeping = new Load({ port, clients: 6, restMs: 2 });
  const renewing = new Load({ port, clients: 4, requestsPerConnection: 1 });
  const pids = new Set([ballast.pid]);
  try {
    for (let generation = 2; generation <= 6; generation++) {
      await keeping.more(50);
      pids.add(await upgrade(ballast));
      assert.equal((await ballast.status()).generation, generation);
      await Promise.all([keeping.more(50), renewing.more(50)]);
    }
  } finally {
    await Promise.all([keeping.stop(), renewing.stop()]);
  }
  assert.deepEqual(keeping.failures, []);
  assert.deepEqual(renewing.failures, []);
  assert.equal(pids.size, 6);
  assert.ok(!ballast.hasEnded, 'who started the balancer sees it run');
});

test('upgrade: SIGUSR2 upgrades, SIGTERM for the first process ends the main one', async () => {
  await using scene = await startScene({ top: { workers: 1 } });
  const { ballast } = scene;
  ballast.signal('SIGUSR2');
  await until(async () => (await ballast.status()).generation === 2, { what: 'the upgrade' });
  ballast.signal('SIGTERM');
  assert.deepEqual(await ballast.exited(), { code: 0, signal: null });
  await assert.rejects(ask(scene.port, getBytes('/')), /ECONNREFUSED/);
});

test('upgrade: with mistakes in the file nothing happens, and the command says why', async () => {
  await using scene = await startScene({ top: { workers: 1 } });
  const { ballast, port } = scene;
  const before = await ballast.status();
  const good = readFileSync(ballast.configFile, 'utf8');
  ballast.writeConfig('listeners: 7\n');
  const admin = ['--admin', `unix:${ballast.adminSocket}`];
  const { code, stderr } = await runCommand(['upgrade', ...admin]);
  assert.equal(code, 1);
  assert.match(stderr, /BAL_UPGRADE_REFUSED: .* has mistakes: nothing was changed/);
  const after = await ballast.status();
  assert.equal(after.pid, before.pid);
  assert.deepEqual(
    after.workers.map(({ pid }) => pid),
    before.workers.map(({ pid }) => pid),
  );
  assert.equal(after.lastUpgrade?.ok, false);
  assert.equal((await ask(port, getBytes('/'))).status, 200);
  ballast.writeConfig(good);
  await upgrade(ballast);
});
