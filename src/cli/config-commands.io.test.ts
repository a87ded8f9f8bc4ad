// reload --dry-run, history and rollback as an operator meets them.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import test from 'node:test';
import { Ballast, runCommand } from '../../test/kit/ballast.ts';
import type { CommandResult } from '../../test/kit/ballast.ts';
import { childrenOf, isAlive } from '../../test/kit/processes.ts';
import { TempDir } from '../../test/kit/temp-dir.ts';

const config = (weight: number, top = {}) => ({
  workers: 1,
  listeners: { web: { bind: '127.0.0.1:0', pool: 'web' } },
  pools: { web: { servers: [{ address: '127.0.0.1:1', name: 'one', weight }] } },
  ...top,
});

const run = (ballast: Ballast, ...args: string[]): Promise<CommandResult> =>
  runCommand([...args, '--admin', `unix:${ballast.adminSocket}`]);

async function weightOf(ballast: Ballast): Promise<number> {
  return (await ballast.status()).pools[0]!.servers[0]!.weight;
}

test('ballast reload --dry-run prints what would change and changes nothing', async () => {
  await using ballast = await Ballast.start(config(1));
  const none = await run(ballast, 'reload', '--dry-run');
  assert.deepEqual([none.code, none.stdout], [0, 'nothing would change\n']);
  ballast.writeConfig(config(3));
  const some = await run(ballast, 'reload', '--dry-run');
  assert.equal(some.code, 0, some.stderr);
  assert.match(some.stdout, /^~ server web\/one: changed\n {4}weight: 1 -> 3\n/);
  assert.match(some.stdout, /would be: 1 changed\n$/);
  const json = await run(ballast, 'reload', '--dry-run', '--json');
  const { changes } = JSON.parse(json.stdout) as { changes: { fields: unknown[] }[] };
  assert.deepEqual(changes[0]!.fields, [{ field: 'weight', from: '1', to: '3' }]);
  ballast.writeConfig(config(3, { drian: '5s' }));
  const bad = await run(ballast, 'reload', '--dry-run');
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /BAL_CONFIG_UNKNOWN_KEY.*drian/);
  assert.match(bad.stderr, /1 mistake: it would be refused/);
  assert.equal(await weightOf(ballast), 1);
});

test('ballast rollback goes back, status and history say that the file is another one', async () => {
  await using ballast = await Ballast.start(config(1));
  ballast.writeConfig(config(2));
  await ballast.reload();
  const back = await run(ballast, 'rollback');
  assert.equal(back.code, 0, back.stderr);
  assert.match(back.stdout, /configuration 3 is in force in all workers/);
  assert.equal(await weightOf(ballast), 1);
  const file = ballast.configFile;
  const told = `${file} is not what is in force: "ballast reload" puts the file in force`;
  for (const command of ['status', 'history']) {
    const { stdout } = await run(ballast, command);
    assert.ok(stdout.includes(told), stdout);
    assert.ok(stdout.includes('"ballast rollback 3 --write" writes what is in force to it'));
  }
  const { stdout } = await run(ballast, 'history');
  assert.match(stdout, /^NUMBER +DIGEST +SINCE +BY/);
  assert.match(stdout, /^3 +[0-9a-f]{12} +\S+ +rollback to 1 +in force\n2 .* reload\n1 .* start$/m);
  assert.match(stdout, /^not kept over a restart: set "state"/m);
  const none = await run(ballast, 'rollback', '9');
  assert.equal(none.code, 1);
  assert.match(
    none.stderr,
    /BAL_HISTORY_UNKNOWN: there is no configuration 9\n.*kept are: 1, 2, 3/,
  );
});

test('ballast rollback --write puts it into the file, as a whole, and keeps what was there', async () => {
  await using ballast = await Ballast.start(config(1));
  const file = ballast.configFile;
  const first = readFileSync(file, 'utf8');
  chmodSync(file, 0o640);
  ballast.writeConfig(config(2));
  const second = readFileSync(file, 'utf8');
  await ballast.reload();
  const back = await run(ballast, 'rollback', '1', '--write');
  assert.equal(back.code, 0, back.stderr);
  assert.match(back.stdout, /written to .*ballast\.yaml; what it held is in .*\.replaced\n$/);
  assert.equal(readFileSync(file, 'utf8'), first);
  assert.equal(statSync(file).mode & 0o777, 0o640);
  assert.equal(readFileSync(`${file}.replaced`, 'utf8'), second);
  assert.equal((await ballast.status()).configuration.onDisk, 'same');
  // What is in force and only to be written.
  ballast.writeConfig(config(7));
  const again = await run(ballast, 'rollback', '3', '--write');
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /^nothing changed/);
  assert.equal(readFileSync(file, 'utf8'), first);
  const held = await run(ballast, 'rollback', '3', '--write');
  assert.match(held.stdout, /holds it already/);
});

test('numbers and texts outlive a crash where there is a state folder', async () => {
  using dir = new TempDir();
  const top = { state: dir.file('state') };
  mkdirSync(dir.file('state'), { mode: 0o700 });
  let text = '';
  {
    await using ballast = await Ballast.start(config(1, top));
    ballast.writeConfig(config(2, top));
    await ballast.reload();
    text = readFileSync(ballast.configFile, 'utf8');
    // Workers outlive their supervisor; nobody takes over from these.
    const workers = childrenOf(ballast.pid);
    process.kill(ballast.pid, 'SIGKILL');
    await ballast.exited();
    for (const pid of workers) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  }
  assert.equal(statSync(dir.file('state/history.json')).mode & 0o777, 0o600);
  await using ballast = await Ballast.start({ ...config(5, top), drain: '1s' });
  const { configuration } = await ballast.status();
  assert.deepEqual([configuration.number, configuration.isKept], [3, true]);
  // The text names the admin socket and the log of the process before: only what it says counts.
  const { stdout } = await run(ballast, 'history', '--json');
  const { configurations } = JSON.parse(stdout) as { configurations: { number: number }[] };
  assert.deepEqual(
    configurations.map(({ number }) => number),
    [3, 2, 1],
  );
  assert.doesNotMatch(stdout, /127\.0\.0\.1/);
  const kept = await ballast.admin('GET', '/v1/config/history/2');
  assert.equal((JSON.parse(kept.text) as { text: string }).text, text);
  assert.equal(existsSync(dir.file('state/history.json.broken')), false);
});
