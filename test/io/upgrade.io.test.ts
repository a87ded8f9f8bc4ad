// Upgrades in place: the program on the disk takes over, and nobody notices.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { BALLAST, Ballast, runCommand } from '../kit/ballast.ts';
import { freePort } from '../kit/free-ports.ts';
import { Load } from '../kit/load.ts';
import { isAlive } from '../kit/processes.ts';
import { TempDir } from '../kit/temp-dir.ts';
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

test('upgrade: the new process begins with verdicts, operator states and ports', async () => {
  const dead = await freePort();
  await using scene = await startScene({
    top: {
      workers: 1,
      listeners: { web: { bind: '127.0.0.1:0', pool: 'web' } },
      pools: {
        web: { servers: [`127.0.0.1:${dead}`], check: { tcp: {}, every: '1s', fall: 1 } },
        other: { servers: [`127.0.0.1:${dead}`] },
      },
    },
  });
  const { ballast } = scene;
  await ballast.serverState(`127.0.0.1:${dead}`, 'down');
  const asked = await runCommand(['drain', `web/127.0.0.1:${dead}`, ballast.configFile]);
  assert.equal(asked.code, 0, asked.stderr);
  const before = await ballast.status();
  await upgrade(ballast);
  const after = await ballast.status();
  assert.deepEqual(after.listeners[0]!.addresses, before.listeners[0]!.addresses);
  const [was, is] = [before, after].map(({ pools }) => pools[0]!.servers[0]!);
  assert.equal(is!.state, 'down');
  assert.equal(is!.reason, was!.reason);
  assert.ok(
    Math.abs(Date.parse(is!.since) - Date.parse(was!.since)) < 1_000,
    'since the same time',
  );
  assert.equal(is!.administrative.operator, 'drain');
  assert.equal(is!.administrative.since, was!.administrative.since);
});

test('upgrade: a program that crashes or hangs is ended, and two at once are refused', async () => {
  using dir = new TempDir();
  const file = dir.file('program');
  // What is at this path when the upgrade comes is started.
  symlinkSync(BALLAST, file);
  const port = await freePort();
  const web = { bind: `127.0.0.1:${port}`, routes: [{ respond: { body: 'ok' } }] };
  const config = { workers: 1, listeners: { web } };
  await using ballast = await Ballast.start(config, { program: file });
  const put = (script: string): void => {
    rmSync(file);
    writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  };
  const { pid } = await ballast.status();
  const admin = ['--admin', `unix:${ballast.adminSocket}`];

  put('exit 3');
  const crashed = await runCommand(['upgrade', ...admin]);
  assert.equal(crashed.code, 1);
  assert.match(
    crashed.stderr,
    /BAL_UPGRADE_FAILED: .* ended with exit code 3: nothing was changed/,
  );

  const pidFile = ballast.dir.file('pid');
  put(`echo $$ >${pidFile}; sleep 1000`);
  const late = runCommand(['upgrade', '--timeout', '4s', ...admin]);
  await until(() => existsSync(pidFile), { what: 'the program that hangs' });
  const second = await runCommand(['upgrade', ...admin]);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /BAL_UPGRADE_RUNNING/);
  const hung = await late;
  assert.equal(hung.code, 1);
  assert.match(hung.stderr, /BAL_UPGRADE_LATE: the new program was not ready within 4000 ms/);
  assert.ok(!isAlive(Number(readFileSync(pidFile, 'utf8'))), 'it was ended');
  assert.equal((await ask(port, getBytes('/'))).status, 200);
  assert.equal((await ballast.status()).pid, pid);
});
