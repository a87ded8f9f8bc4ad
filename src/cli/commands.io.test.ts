import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { Ballast, BALLAST, runCommand } from '../../test/kit/ballast.ts';
import { TempDir } from '../../test/kit/temp-dir.ts';
import type { StatusReport } from '../control/status-report.ts';

const CONFIG = {
  workers: 1,
  listeners: { web: { bind: '127.0.0.1:0', pool: 'web' } },
  pools: { web: { servers: ['127.0.0.1:1'] } },
};

test('ballast check says what a good file holds and exits 0', async () => {
  using dir = new TempDir();
  writeFileSync(dir.file('a.yaml'), JSON.stringify(CONFIG));
  const { code, stdout, stderr } = await runCommand(['check', dir.file('a.yaml')]);
  assert.equal(code, 0);
  assert.match(stdout, /a\.yaml: good: 1 listener, 1 route, 1 pool, 1 server\n$/);
  assert.equal(stderr, '');
});

test('ballast check exits 1 when there is no such file', async () => {
  const { code, stderr } = await runCommand(['check', '/nowhere/ballast.yaml']);
  assert.equal(code, 1);
  assert.match(stderr, /BAL_CONFIG_FILE: cannot read .*there is no such file/);
});

test('ballast status finds the balancer by its file and shows tables or JSON', async () => {
  await using ballast = await Ballast.start(CONFIG);
  const table = await runCommand(['status', ballast.configFile]);
  assert.equal(table.code, 0);
  assert.match(table.stdout, /^web +127\.0\.0\.1:1 +up /m);
  const admin = `unix:${ballast.adminSocket}`;
  const json = await runCommand(['status', '--admin', admin, '--json']);
  const report = JSON.parse(json.stdout) as StatusReport;
  assert.equal(report.pools[0]!.servers[0]!.address, '127.0.0.1:1');
});

test('ballast reload puts a file in force, and exits 1 with the mistakes in it', async () => {
  await using ballast = await Ballast.start(CONFIG);
  const command = ['reload', '--admin', `unix:${ballast.adminSocket}`];
  ballast.writeConfig({ ...CONFIG, drain: '5s' });
  const good = await runCommand(command);
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /configuration 2 is in force in all workers/);
  ballast.writeConfig({ ...CONFIG, drian: '5s' });
  const bad = await runCommand(command);
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /BAL_CONFIG_UNKNOWN_KEY.*drian/);
  assert.match(bad.stderr, /nothing was changed/);
});

test('commands print the mistakes of a FILE that has some, ask for nothing, and exit 1', async () => {
  await using ballast = await Ballast.start(CONFIG);
  ballast.writeConfig({ ...CONFIG, drian: '5s' });
  for (const command of ['reload', 'status']) {
    const { code, stderr } = await runCommand([command, ballast.configFile]);
    assert.equal(code, 1);
    assert.match(stderr, /BAL_CONFIG_UNKNOWN_KEY.*drian/);
    assert.match(stderr, /BAL_ADMIN_UNKNOWN: .*nothing was asked/);
  }
});

test('commands exit 3 when no balancer answers at the admin address', async () => {
  using dir = new TempDir();
  for (const command of ['status', 'reload']) {
    const admin = `unix:${dir.file('none.sock')}`;
    const { code, stderr } = await runCommand([command, '--admin', admin]);
    assert.equal(code, 3);
    assert.match(stderr, /BAL_ADMIN_UNREACHABLE: .*there is no such socket\n {2}\S/);
  }
});

test('ballast keeps compiled code in the cache directory that the service manager gives', async () => {
  using dir = new TempDir();
  writeFileSync(dir.file('a.yaml'), JSON.stringify(CONFIG));
  const run = (cache: string) => {
    const { NODE_COMPILE_CACHE: _unwanted, ...env } = process.env;
    return spawnSync(BALLAST, ['check', dir.file('a.yaml')], {
      env: { ...env, CACHE_DIRECTORY: cache },
      encoding: 'utf8',
    });
  };
  const kept = run(dir.file('cache'));
  assert.equal(kept.status, 0);
  assert.equal(readdirSync(dir.file('cache/ballast')).length, 1);
  const without = run('/proc/nowhere');
  assert.deepEqual([without.status, without.stdout, without.stderr], [0, kept.stdout, '']);
});

test('ballast exits 2 on a command line that it does not know, and 0 on --help', async () => {
  assert.equal((await runCommand(['frobnicate'])).code, 2);
  assert.equal((await runCommand(['run'])).code, 2);
  for (const command of ['run', 'check', 'status', 'reload', 'demo']) {
    const { code, stdout } = await runCommand([command, '--help']);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`Usage: ballast ${command}`));
  }
});
