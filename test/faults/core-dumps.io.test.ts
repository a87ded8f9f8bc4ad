// Keys are in no core dump, and processes that are closed to them still work as a whole.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { Ballast, runCommand } from '../kit/ballast.ts';
import type { BallastOptions } from '../kit/ballast.ts';
import { freePort } from '../kit/free-ports.ts';
import { childrenOf, isAlive } from '../kit/processes.ts';
import { ask, getBytes } from '../kit/scene.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { until } from '../kit/wait.ts';

const isRoot = process.getuid!() === 0;
const canDrop = isRoot && spawnSync('setpriv', ['--version']).status === 0;
/** Runs a command without the rights of root; where there are none already, the command itself. */
const PLAIN = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
const plain: BallastOptions = isRoot ? { before: PLAIN } : {};
const needsPlain = { skip: !isRoot || canDrop ? false : 'needs setpriv, to give rights up' };

const config = (bind: string, top: object) => ({
  workers: 1,
  coreDumps: false,
  listeners: { web: { bind, routes: [{ respond: { status: 200 } }] } },
  ...top,
});

const coreLimitOf = (pid: number): string =>
  /^Max core file size +(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))![1]!;

/** Who owns what the kernel shows of a process: root where it is closed to core dumps. */
const ownerOf = (pid: number): number => statSync(`/proc/${pid}/fd`).uid;

async function allOf(ballast: Ballast): Promise<number[]> {
  await until(() => childrenOf(ballast.pid).length === 2, { what: 'a worker and a spare' });
  return [ballast.pid, ...childrenOf(ballast.pid)];
}

test('all processes are closed to core dumps, until a reload allows them', needsPlain, async () => {
  const bind = `127.0.0.1:${await freePort()}`;
  await using ballast = await Ballast.start(config(bind, {}), plain);
  const user = isRoot ? 65_534 : process.getuid!();
  const pids = await allOf(ballast);
  // The spare closes itself as the first thing it does.
  await until(() => pids.every((pid) => ownerOf(pid) === 0), { what: 'all to be closed' });
  assert.deepEqual(pids.map(coreLimitOf), ['0', '0', '0']);
  ballast.writeConfig(config(bind, { coreDumps: true }));
  assert.equal((await ballast.reload()).ok, true);
  const [supervisor, worker] = [ballast.pid, (await ballast.workerPids())[0]!];
  assert.deepEqual([ownerOf(supervisor), ownerOf(worker)], [user, user]);
  ballast.writeConfig(config(bind, {}));
  assert.equal((await ballast.reload()).ok, true);
  assert.deepEqual([ownerOf(supervisor), ownerOf(worker)], [0, 0]);
});

test(
  'closed processes work without root: status, replacement, a successor',
  needsPlain,
  async () => {
    const port = await freePort();
    await using ballast = await Ballast.start(config(`127.0.0.1:${port}`, {}), plain);
    const [first] = await ballast.workerPids();
    process.kill(first!, 'SIGKILL');
    await until(async () => (await ballast.workerPids()).some((pid) => pid !== first), {
      what: 'the dead worker to be replaced',
    });
    assert.equal((await ask(port, getBytes('/'))).status, 200);
    assert.ok((await ballast.metric('ballast_worker_restarts_total')) >= 1);
    // Nobody else may look into it: then it is named as a guess.
    const other = await runCommand(['run', ballast.configFile], plain.before);
    assert.match(other.stderr, new RegExp(`perhaps another Ballast, .*pid ${ballast.pid} `));
    const orphans = await ballast.workerPids();
    ballast.signal('SIGKILL');
    await ballast.exited();
    const text = readFileSync(ballast.configFile, 'utf8');
    await using _next = await Ballast.start(text, plain);
    await until(() => !orphans.some(isAlive), { what: 'the old worker to end' });
    assert.equal((await ask(port, getBytes('/'))).status, 200);
  },
);

const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
const leavesFiles = /^[^|/]+$/.test(pattern);

test(
  'a worker that crashes leaves no core, and one where coreDumps is true',
  { skip: leavesFiles ? false : `core_pattern is "${pattern}": cores are not files of the folder` },
  async () => {
    for (const coreDumps of [false, true]) {
      const bind = `127.0.0.1:${await freePort()}`;
      const before = ['/bin/sh', '-c', 'cd "$0" && ulimit -c unlimited && exec "$@"'];
      using folder = new TempDir();
      await using ballast = await Ballast.start(config(bind, { coreDumps }), {
        before: [...before, folder.path],
      });
      const [worker] = await ballast.workerPids();
      process.kill(worker!, 'SIGSEGV');
      await until(() => !isAlive(worker!), { what: 'the worker to crash' });
      assert.equal(readdirSync(folder.path).length, coreDumps ? 1 : 0);
    }
  },
);
