import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import test from 'node:test';
import { Ballast, BALLAST, runCommand } from '../../test/kit/ballast.ts';
import { freePort } from '../../test/kit/free-ports.ts';
import { TempDir } from '../../test/kit/temp-dir.ts';
import type { Diagnosis } from '../control/doctor/checks.ts';

type Report = {
  readonly ok: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly Diagnosis[];
};

async function report(...args: string[]): Promise<{ code: number | null; report: Report }> {
  const { code, stdout, stderr } = await runCommand(['doctor', ...args, '--json']);
  assert.equal(stderr, '');
  return { code, report: JSON.parse(stdout) as Report };
}

test('ballast doctor without a file looks at the machine alone', async () => {
  const { code, report: whole } = await report();
  assert.equal(code, whole.ok ? 0 : 1);
  const checks = new Set(whole.findings.map(({ check }) => check));
  for (const check of ['somaxconn', 'open-files', 'memory', 'kernel']) assert.ok(checks.has(check));
  for (const check of ['addresses', 'files', 'folders']) assert.ok(!checks.has(check), check);
});

test('ballast doctor FILE finds what is wrong with its addresses, files and folders', async () => {
  using dir = new TempDir();
  const port = await freePort();
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve));
  writeFileSync(dir.file('db.pw'), 'secret');
  chmodSync(dir.file('db.pw'), 0o644);
  const config = {
    admin: `unix:${dir.file('none/deep/admin.sock')}`,
    log: { access: dir.file('access.log') },
    listeners: {
      web: { bind: [`127.0.0.1:${port}`, '192.0.2.7:80'], pool: 'db' },
      late: { bind: '192.0.2.7:81', freebind: true, pool: 'db' },
    },
    pools: {
      db: {
        servers: ['127.0.0.1:1'],
        check: { postgres: { user: 'a', passwordFile: dir.file('db.pw') } },
      },
    },
  };
  writeFileSync(dir.file('b.yaml'), JSON.stringify(config));
  const { code, report: whole } = await report(dir.file('b.yaml'));
  holder.close();
  assert.equal(code, 1);
  const problems = whole.findings.filter(({ severity }) => severity === 'problem');
  const texts = problems.map(({ check, now }) => `${check}: ${now}`).join('\n');
  assert.match(texts, new RegExp(`^addresses: .*:${port} of "web": .* pid ${process.pid} `, 'm'));
  assert.match(texts, /^ip-nonlocal-bind: 192\.0\.2\.7:80 of "web": no interface has this/m);
  assert.match(texts, /^secret-files: .*db\.pw \(.*pool "db"\) has mode 0644$/m);
  assert.match(texts, /^folders: .*none\/deep \(the folder of the admin socket\) is not there$/m);
  assert.doesNotMatch(texts, /192\.0\.2\.7:81/);
  assert.equal(whole.counts['problem'], problems.length);
});

test('ballast doctor looks at the limits of the Ballast that runs, and finds it in order', async () => {
  const routes = [{ respond: { status: 200 } }];
  const bind = `127.0.0.1:${await freePort()}`;
  const config = { workers: 1, limits: { connections: 64 }, listeners: { web: { bind, routes } } };
  await using ballast = await Ballast.start(config, { descriptors: 400 });
  const { report: whole } = await report(ballast.configFile);
  const now = (check: string) => whole.findings.find((one) => one.check === check)?.now;
  assert.equal(now('open-files'), `the Ballast that runs (pid ${ballast.pid}) may open 400 files`);
  assert.equal(now('addresses'), '2 can be had, 2 held by the Ballast that runs');
});

test('ballast doctor prints value, reason and remedy, the worst first, and exits 1', async () => {
  using dir = new TempDir();
  const text = `admin: off
listeners: { web: { bind: 192.0.2.7:80, routes: [{ respond: {} }] } }\n`;
  writeFileSync(dir.file('b.yaml'), text);
  const { code, stdout } = await runCommand(['doctor', dir.file('b.yaml')]);
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^problem {2}ip-nonlocal-bind .*\n {9}why: The start fails .*\n {9}fix: "freebind: true"/,
  );
  assert.match(stdout, /\n {14}sysctl -w net\.ipv4\.ip_nonlocal_bind=1\n/);
  assert.match(stdout, /\n\d+ problems?, \d+ advice, \d+ unknown, \d+ ok\n$/);
});

test('ballast doctor prints the mistakes of a file, looks at the machine, and exits 1', async () => {
  using dir = new TempDir();
  writeFileSync(dir.file('bad.yaml'), 'listners: {}\n');
  const { code, stdout, stderr } = await runCommand(['doctor', dir.file('bad.yaml')]);
  assert.equal(code, 1);
  assert.match(stderr, /bad\.yaml:1:1: BAL_CONFIG_UNKNOWN_KEY/);
  assert.match(stdout, / kernel /);
});

const canDrop = process.getuid!() === 0 && spawnSync('setpriv', ['--version']).status === 0;

test(
  'ballast doctor works without root, and sees what that user may not',
  { skip: canDrop ? false : 'needs root and setpriv, to give rights up' },
  () => {
    using dir = new TempDir();
    chmodSync(dir.path, 0o755);
    const file = dir.file('b.yaml');
    const folder = '/nowhere-to-write';
    const config = `admin: off
log: { access: ${dir.file('access.log')} }
listeners: { web: { bind: 127.0.0.9:80, pool: db } }
pools:
  db:
    servers: [127.0.0.1:1]
    check: { redis: { password: a, tls: { key: key.pem, cert: ${folder}/c.pem } } }
`;
    writeFileSync(file, config);
    writeFileSync(dir.file('key.pem'), '');
    chmodSync(dir.file('key.pem'), 0o600);
    const plain = ['--reuid=65534', '--regid=65534', '--clear-groups'];
    const command = [...plain, BALLAST, 'doctor', file];
    const { status, stdout } = spawnSync('setpriv', command, { encoding: 'utf8' });
    assert.equal(status, 1, stdout);
    assert.match(stdout, /^problem {2}low-ports +127\.0\.0\.9:80 of "web"/m);
    assert.match(stdout, /^problem {2}files +.*key\.pem \(.*\): this user may not read it/m);
    assert.match(stdout, /^problem {2}files +.*c\.pem \(.*\): there is no such file/m);
    assert.match(stdout, /^problem {2}folders +.*access log\) cannot be written/m);
    assert.match(stdout, /^problem {2}secret-files +.*b\.yaml \(the configuration\) has mode/m);
  },
);

/** As in a container: the kernel's parameters can be read and not set. */
const CONTAINED = `
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
exec "$0" doctor "$1"
`;

const canMount = spawnSync('unshare', ['-rm', 'mount', '--bind', '/proc/sys', '/proc/sys']).status;

test(
  'ballast doctor says where parameters belong that cannot be set here: in a container',
  { skip: canMount === 0 ? false : 'needs unshare and the right to make a mount namespace' },
  () => {
    using dir = new TempDir();
    const text =
      'admin: off\nlisteners: { web: { bind: 192.0.2.7:80, routes: [{ respond: {} }] } }\n';
    writeFileSync(dir.file('b.yaml'), text);
    const args = ['-rm', 'sh', '-ec', CONTAINED, BALLAST, dir.file('b.yaml')];
    const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
    assert.equal(status, 1, stderr);
    assert.match(stdout, /here \/proc\/sys is read-only \(a container\): set it where/);
  },
);
