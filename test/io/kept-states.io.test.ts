// What operators asked for outlives a crash and a restart.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { answers, HeldServer, run, serverOf } from '../kit/held-server.ts';
import { startPair } from '../kit/pair.ts';
import { endProcess, isAlive } from '../kit/processes.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { until } from '../kit/wait.ts';

test('with a state folder, states and weights outlive a crash and a restart', async () => {
  await using a = await HeldServer.start('a');
  await using b = await HeldServer.start('b');
  using dir = new TempDir();
  const top = { state: dir.file('state') };
  await using pair = await startPair([a.plan, b.plan], {}, { top });
  const { stderr } = await run(pair, ['drain', 'web/a']);
  assert.doesNotMatch(stderr, /not kept/);
  await run(pair, ['weight', 'web/b', '9']);
  assert.equal(statSync(dir.file('state/servers.json')).mode & 0o777, 0o600);
  const config = readFileSync(pair.ballast.configFile, 'utf8');
  const old = await pair.ballast.workerPids();
  await endProcess(pair.ballast.child, 'SIGKILL', 1_000);
  try {
    await using crashed = await Ballast.start(config);
    // The file names the admin socket of the first one.
    const report = await pair.ballast.status();
    assert.equal(serverOf(report, 'a').administrative.state, 'drain');
    assert.equal(serverOf(report, 'b').weightEffective, 9);
    await until(() => old.every((pid) => !isAlive(pid)), { what: 'the old workers to end' });
    assert.deepEqual(await answers(pair.port, 10), new Set(['b']));
    crashed.signal('SIGTERM');
    await crashed.exited();
  } finally {
    for (const pid of old) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  }
  await using again = await Ballast.start(config);
  assert.deepEqual(await answers(pair.port, 10), new Set(['b']));
  assert.equal(a.served, 0);
  const told = /"told":\["web\/a: drain since 20.*states of servers are as before/;
  assert.match(again.stderr, told);
});

test('a broken state file is set aside, and the balancer starts', async () => {
  await using a = await HeldServer.start('a');
  using dir = new TempDir();
  mkdirSync(dir.file('state'));
  writeFileSync(dir.file('state/servers.json'), '{"format":1,"servers":{"web/a":{"adm');
  await using pair = await startPair([a.plan], {}, { top: { state: dir.file('state') } });
  assert.deepEqual(await answers(pair.port, 2), new Set(['a']));
  assert.match(pair.ballast.stderr, /makes no sense and was set aside/);
  assert.match(readFileSync(dir.file('state/servers.json.broken'), 'utf8'), /"adm$/);
});
