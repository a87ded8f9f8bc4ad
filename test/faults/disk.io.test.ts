// The disk is full: under the access log, and under the folder of the state.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FaultScene } from '../kit/fault-scene.ts';
import { run, serverOf } from '../kit/held-server.ts';
import { ask, getBytes } from '../kit/scene.ts';
import { noSmallDisk, SmallDisk } from '../kit/small-disk.ts';
import { until } from '../kit/wait.ts';

const skip = noSmallDisk();

test('an access log that takes nothing: clients notice nothing, lines are lost and counted', async () => {
  await using scene = await FaultScene.start({ top: { log: { access: '/dev/full' } } });
  await using sessions = await scene.sessions();
  const newcomers = scene.newcomers();
  await newcomers.more(50);
  await until(async () => (await scene.ballast.metric('ballast_log_lines_lost_total')) >= 50, {
    what: 'lost lines to be counted',
  });
  await newcomers.stop();
  assert.deepEqual(newcomers.failures, []);
  await sessions.echo('on');
  const told = scene.ballast.stderr.split('lines are lost: ').length - 1;
  assert.equal(told, 1, 'it is said once');
  assert.match(scene.ballast.stderr, /access log \\"\/dev\/full\\": lines are lost: ENOSPC/);
});

test(
  'a full disk under the access log: whole lines again as soon as there is room',
  { skip },
  async () => {
    using disk = new SmallDisk();
    const file = disk.file('access.log');
    await using scene = await FaultScene.start({ top: { log: { access: file } } });
    const { ballast, ports } = scene;
    const lost = () => ballast.metric('ballast_log_lines_lost_total');
    await ask(ports.http, getBytes('/before'));
    await until(() => readFileSync(file, 'utf8').includes('/before'), { what: 'a line' });
    disk.fill();
    // What is left of the last page takes some lines, and a part of one.
    while ((await lost()) === 0) await ask(ports.http, getBytes(`/during-${'x'.repeat(300)}`));
    disk.free();
    await until(
      async () => {
        await ask(ports.http, getBytes('/after'));
        return readFileSync(file, 'utf8').includes('/after');
      },
      { what: 'lines again', everyMs: 100 },
    );
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const broken = lines.filter((line) => !line.endsWith('}'));
    assert.ok(
      broken.length <= 1,
      `only the line at which it was full is broken:\n${broken.join('\n')}`,
    );
    for (const line of lines.filter((one) => one.endsWith('}'))) JSON.parse(line);
    await until(() => ballast.stderr.includes('lines are written again'), {
      what: 'the end of it',
    });
  },
);

test(
  'a full disk under the state: what was kept stays, the command says so',
  { skip },
  async () => {
    using disk = new SmallDisk();
    const state = disk.file('state');
    await using scene = await FaultScene.start({ top: { state } });
    const { ballast } = scene;
    await run(scene, ['drain', `web/${scene.web.address}`]);
    const kept = readFileSync(`${state}/servers.json`, 'utf8');
    disk.fill();
    const newcomers = scene.newcomers();
    const { stderr } = await run(scene, ['drain', `plain/${scene.plain.address}`]);
    assert.match(stderr, /not kept over a restart: .*ENOSPC/);
    assert.equal(readFileSync(`${state}/servers.json`, 'utf8'), kept, 'the old file is whole');
    assert.equal(
      serverOf(await ballast.status(), scene.plain.address).administrative.state,
      'drain',
    );
    // A reload goes on as well: only its text cannot be kept.
    ballast.writeConfig({ ...scene.config, state, drain: '29s' });
    assert.equal((await ballast.reload()).ok, true);
    assert.match(ballast.stderr, /history of configurations is not kept: .*ENOSPC/);
    disk.free();
    await run(scene, ['ready', `web/${scene.web.address}`]);
    const text = readFileSync(`${state}/servers.json`, 'utf8');
    assert.ok(text.includes(scene.plain.address), 'what was not kept before is kept now');
    await newcomers.more(20);
    await newcomers.stop();
    assert.equal((await ballast.status()).workerRestarts, 0);
  },
);
