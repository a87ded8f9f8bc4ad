import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, test } from 'node:test';
import { commandLineOf, isAlive } from '../../../test/kit/processes.ts';
import { until } from '../../../test/kit/wait.ts';
import type { ExecProbePlan } from '../../config/plan-check.ts';
import type { BindPlan } from '../../config/plan.ts';
import { EXEC_MAX } from './exec-turns.ts';
import type { ProbeReason, ProbeResult } from './probe.ts';
import { runProbe } from './run-probe.ts';
import { ipv4 } from './test-plan.ts';
import { runOnce } from './test-run.ts';

const ADDRESS = ipv4('10.0.0.1', 5432);
const folder = mkdtempSync(join(tmpdir(), 'ballast-exec-'));
after(() => rmSync(folder, { recursive: true }));

/** A check by a script for sh. */
const sh = (script: string, ...args: string[]): ExecProbePlan => ({
  kind: 'exec',
  command: ['/bin/sh', '-c', script, 'check', ...args],
});

const CASES: readonly (readonly [string, ExecProbePlan, ProbeReason, RegExp])[] = [
  ['exit status 0', sh('exit 0'), 'check-passed', /^exit status 0$/],
  ['output and exit status 0', sh('echo fine'), 'check-passed', /^exit status 0$/],
  ['exit status 2', sh('exit 2'), 'status', /^exit status 2$/],
  [
    'words of a failure',
    sh('echo; printf "disk \\033[1m\\377full" >&2; exit 1'),
    'status',
    /^exit status 1: disk \[1m full$/,
  ],
  ['an end by a signal', sh('kill -SEGV $$'), 'status', /^ended by SIGSEGV$/],
  [
    'a program that never ends',
    sh('sleep 600'),
    'timeout',
    /within 150 ms, the program still ran$/,
  ],
  ['one that ignores signals', sh("trap '' TERM INT HUP; sleep 600"), 'timeout', /150 ms/],
  ['output without end', sh('yes'), 'too-large', /^the program has written more than 65536 bytes$/],
  ['errors without end', sh('yes >&2'), 'too-large', /65536/],
  ['output byte by byte', sh('while :; do echo; sleep 0.01; done'), 'timeout', /150 ms/],
  ['closed outputs', sh('exec >&- 2>&-; sleep 600'), 'timeout', /150 ms/],
  [
    'a program that is not there',
    { kind: 'exec', command: ['/nonexistent/check'] },
    'local-setup',
    /^the program "\/nonexistent\/check" cannot be started: ENOENT$/,
  ],
  ['a folder', { kind: 'exec', command: ['/usr'] }, 'local-setup', /EACCES$/],
];

for (const [name, plan, reason, detail] of CASES) {
  test(`execProbe ends with ${reason}: ${name}`, async () => {
    const result = await runOnce(ADDRESS, plan, reason === 'timeout' ? 150 : 10_000);
    assert.equal(result.reason, reason, result.detail);
    assert.match(result.detail, detail);
    if (reason === 'timeout') assert.ok(result.durationMs < 10_000);
  });
}

test('execProbe passes arguments as they are: no shell', async () => {
  const path = join(folder, 'args');
  const script = join(folder, 'args.sh');
  writeFileSync(script, `#!/bin/sh\nprintf '%s\\n' "$@" > ${path}\n`);
  chmodSync(script, 0o755);
  const command = [script, '$HOME', 'a b', '; exit 1', '*'];
  assert.equal((await runOnce(ADDRESS, { kind: 'exec', command })).reason, 'check-passed');
  assert.equal(readFileSync(path, 'utf8'), '$HOME\na b\n; exit 1\n*\n');
});

test('execProbe gives the documented environment and nothing of our own', async (t) => {
  process.env['BALLAST_TEST_LEAK'] = 'leak';
  t.after(() => delete process.env['BALLAST_TEST_LEAK']);
  const path = join(folder, 'environment');
  // Without sh between, which adds variables of its own.
  const command = ['/bin/cp', '/proc/self/environ', path];
  const at = async (address: BindPlan): Promise<object> => {
    const result = await runOnce(address, { kind: 'exec', command });
    assert.equal(result.reason, 'check-passed', result.detail);
    const pairs = readFileSync(path, 'utf8')
      .split('\0')
      .filter((pair) => pair !== '');
    return Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]));
  };
  const common = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    BALLAST_POOL: 'p',
    BALLAST_SERVER: 'a',
  };
  const plain = { ...common, BALLAST_HOST: '10.0.0.1', BALLAST_PORT: '5432' };
  assert.deepEqual(await at(ADDRESS), plain);
  const local = { ...common, BALLAST_HOST: '/run/a.sock', BALLAST_PORT: '0' };
  assert.deepEqual(await at({ family: 'unix', host: '/run/a.sock', port: 0 }), local);
});

test('execProbe gives none of our descriptors', () => {
  const path = join(folder, 'descriptors');
  // Not close-on-exec: as one that we were started with.
  const script = `
    const { readFileSync } = require('node:fs');
    (async () => {
      const { runProbe } = await import(${JSON.stringify(new URL('./run-probe.ts', import.meta.url))});
      const probe = { kind: 'exec', command: ['/bin/sh', '-c', 'ls /proc/self/fd > ${path}'] };
      const address = { family: 'ipv4', host: '', port: 1 };
      const target = { address, probe, timeoutMs: 5000, server: '', pool: '', tlsName: '' };
      runProbe(target, (result) => process.stdout.write(result.reason));
    })();
  `;
  const stdio = ['ignore', 'pipe', 'inherit', 'pipe', 'pipe', 'pipe', 'pipe'] as const;
  const { stdout } = spawnSync(process.execPath, ['-e', script], {
    stdio: [...stdio],
    encoding: 'utf8',
  });
  assert.equal(stdout, 'check-passed');
  // 3 is the folder that ls reads.
  assert.equal(readFileSync(path, 'utf8'), '0\n1\n2\n3\n');
});

/** Waits until the script has written down its children, and gives them. */
async function pidsIn(path: string, count: number): Promise<number[]> {
  return until(
    () => {
      try {
        const pids = readFileSync(path, 'utf8').trim().split('\n').map(Number);
        return pids.length === count ? pids : null;
      } catch {
        return null;
      }
    },
    { what: `${count} pids in ${path}` },
  );
}

async function allGone(pids: readonly number[]): Promise<void> {
  await until(() => pids.every((pid) => !isAlive(pid)), { what: `${pids.join(', ')} to be gone` });
}

/** Two children, one of them of a child, and the script itself write down who they are. */
const family = (path: string): string =>
  `sleep 600 & echo $! >> ${path}; (sleep 600 & echo $! >> ${path}; wait) & ` +
  `echo $! >> ${path}; echo $$ >> ${path}; wait`;

test('execProbe kills the program with its children at the time limit', async () => {
  const path = join(folder, 'late');
  const result = await runOnce(ADDRESS, sh(family(path)), 4000);
  assert.equal(result.reason, 'timeout');
  await allGone(await pidsIn(path, 4));
});

test('execProbe kills the program with its children when it is cancelled', async () => {
  const path = join(folder, 'cancelled');
  const target = { address: ADDRESS, probe: sh(family(path)), timeoutMs: 60_000 };
  const cancel = runProbe({ ...target, server: 'a', pool: 'p', tlsName: 'a' }, () =>
    assert.fail('a result came'),
  );
  const pids = await pidsIn(path, 4);
  cancel();
  await allGone(pids);
});

test('execProbe leaves nothing of a program that ends before its children', async () => {
  const path = join(folder, 'left');
  for (const [status, reason] of [
    [0, 'check-passed'],
    [3, 'status'],
  ] as const) {
    const result = await runOnce(ADDRESS, sh(`sleep 600 & echo $! > ${path}; exit ${status}`));
    assert.equal(result.reason, reason, result.detail);
    assert.ok(result.durationMs < 5000);
    await allGone(await pidsIn(path, 1));
  }
});

test('execProbe runs a bounded number of programs at once; the others follow in turn', async () => {
  const path = join(folder, 'crowd');
  const script = `echo $$ >> ${path}; exec sleep 600`;
  const cancels: (() => void)[] = [];
  const target = { address: ADDRESS, server: 'a', pool: 'p', tlsName: 'a' };
  for (let i = 0; i < EXEC_MAX; i++) {
    const probe = { ...target, probe: sh(script), timeoutMs: 60_000 };
    cancels.push(runProbe(probe, () => assert.fail('a result came')));
  }
  const pids = await pidsIn(path, EXEC_MAX);
  const waiting = await runOnce(ADDRESS, sh('exit 0'), 100);
  assert.equal(waiting.reason, 'local-resources');
  assert.equal(waiting.detail, 'no turn within 100 ms, 16 programs of checks run at once');
  const next = runOnce(ADDRESS, sh('exit 0'), 10_000);
  for (const cancel of cancels) cancel();
  assert.equal((await next).reason, 'check-passed');
  await allGone(pids);
});

test('execProbe leaves no process and no descriptor, however it ends', async () => {
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  const zombies = (): number =>
    readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').split(' ').length;
  await runOnce(ADDRESS, sh('exit 0'));
  await until(() => zombies() === 1, { what: 'earlier programs to be gone' });
  const before = descriptors();
  const results: ProbeResult[] = [];
  for (let round = 0; round < 2; round++) {
    const ends = CASES.map(async ([, plan]) => runOnce(ADDRESS, plan, 1000));
    results.push(...(await Promise.all(ends)));
  }
  assert.equal(results.length, 2 * CASES.length);
  await until(() => zombies() === 1, { what: 'all programs to be gone' });
  await until(() => descriptors() <= before, { what: 'all descriptors to be closed' });
  assert.equal(commandLineOf(process.pid).includes('sleep'), false);
});
