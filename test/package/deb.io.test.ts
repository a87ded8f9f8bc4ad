// The Debian package: built twice the same, installed, run from where it is installed, and purged.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../kit/free-ports.ts';
import { httpAnswer, Origin } from '../kit/origin.ts';
import { endProcess, endWithUs } from '../kit/processes.ts';
import { ask, getBytes } from '../kit/scene.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { until } from '../kit/wait.ts';

const run = promisify(execFile);
const BUILD = fileURLToPath(new URL('../../packaging/build-deb.sh', import.meta.url));
const INSTALLED = ['/usr/lib/ballast', '/usr/bin/ballast', '/etc/ballast'];
/** What the package and its scripts may leave, and must not. */
const TRACES = [...INSTALLED, '/var/lib/ballast', '/var/cache/ballast', '/usr/share/doc/ballast'];

const NOT_IN_IT =
  /ballast\/(src\/.*(\.test|-testkit)\.ts|node_modules\/(typescript|oxlint|playwright|fast-check))/;

function whyNot(): string | false {
  if (!existsSync('/usr/bin/dpkg-deb')) return 'needs dpkg-deb';
  if (process.getuid!() !== 0) return 'needs root to install';
  const there = INSTALLED.find(existsSync);
  return there === undefined ? false : `${there} is there already`;
}

async function build(dir: TempDir, name: string): Promise<string> {
  const { stdout } = await run(BUILD, [dir.file(name)]);
  return stdout.trim();
}

const digest = (file: string): string =>
  createHash('sha256').update(readFileSync(file)).digest('hex');

/** Runs the installed program before a server, and asks it once. */
async function proxyOnce(dir: TempDir): Promise<string> {
  const origin = await Origin.startHttp(() => httpAnswer(200, 'from the server'));
  const port = await freePort();
  const file = dir.file('ballast.yaml');
  const web = { bind: `127.0.0.1:${port}`, pool: 'web' };
  const pools = { web: { servers: [origin.address] } };
  writeFileSync(file, JSON.stringify({ admin: 'off', workers: 1, listeners: { web }, pools }));
  const child = spawn('/usr/bin/ballast', ['run', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  endWithUs(child);
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  try {
    await until(() => stdout.startsWith('ready'), { what: '"ready"', timeoutMs: 60_000 });
    return (await ask(port, getBytes('/'))).body.toString();
  } finally {
    await endProcess(child, 'SIGTERM', 20_000);
    await origin.stop();
  }
}

test(
  'package: builds, installs, serves, and leaves nothing behind',
  { skip: whyNot() },
  async () => {
    using dir = new TempDir();
    const file = await build(dir, 'one');
    assert.equal(digest(await build(dir, 'two')), digest(file), 'the same bytes');
    const { stdout: listed } = await run('dpkg-deb', ['--contents', file], { maxBuffer: 64 << 20 });
    const lines = listed.split('\n').filter((line) => line !== '');
    assert.deepEqual(
      lines.filter((line) => NOT_IN_IT.test(line)),
      [],
    );
    assert.deepEqual(
      lines.filter((line) => !line.slice(10).startsWith(' root/root ')),
      [],
    );
    try {
      await run('dpkg', ['--install', file]);
      assert.match((await run('getent', ['passwd', 'ballast'])).stdout, /nologin$/m);
      await run('ballast', ['check', '/etc/ballast/ballast.yaml']);
      assert.equal(await proxyOnce(dir), 'from the server');
      await run('dpkg', ['--install', file]);
      await run('dpkg', ['--remove', 'ballast']);
      assert.ok(existsSync('/etc/ballast/ballast.yaml'), 'a configuration outlives its program');
      assert.ok(!existsSync('/usr/lib/ballast'));
    } finally {
      await run('dpkg', ['--purge', 'ballast']);
    }
    assert.deepEqual(TRACES.filter(existsSync), []);
    await assert.rejects(run('getent', ['passwd', 'ballast']));
    await assert.rejects(run('dpkg', ['--status', 'ballast']));
  },
);

test(
  'package: systemd finds nothing wrong with the unit',
  {
    skip: existsSync('/usr/bin/systemd-analyze') ? false : 'needs systemd-analyze',
  },
  async () => {
    const unit = fileURLToPath(new URL('../../packaging/ballast.service', import.meta.url));
    // Where it is not installed the program is missing, which is all that may be said.
    const checked = await run('systemd-analyze', ['verify', '--man=no', unit]).catch(
      (error: { stderr: string }) => error,
    );
    const faults = checked.stderr
      .split('\n')
      .filter((line) => line !== '' && !line.includes('/usr/bin/ballast is not executable'));
    assert.deepEqual(faults, []);
  },
);
