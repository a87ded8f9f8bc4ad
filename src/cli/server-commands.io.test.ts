// drain, ready, maintenance and weight as an operator meets them.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Ballast, runCommand } from '../../test/kit/ballast.ts';
import type { CommandResult } from '../../test/kit/ballast.ts';
import type { ChangeReport } from '../control/server-states/server-control.ts';

const CONFIG = {
  workers: 1,
  listeners: { web: { bind: '127.0.0.1:0', pool: 'web' } },
  pools: { web: { servers: [{ address: '127.0.0.1:1', name: 'one' }, '127.0.0.1:2'] } },
};

/** Runs commands against one balancer. */
class Bench implements AsyncDisposable {
  readonly ballast: Ballast;

  constructor(ballast: Ballast) {
    this.ballast = ballast;
  }

  static async start(): Promise<Bench> {
    return new Bench(await Ballast.start(CONFIG));
  }

  run(...args: string[]): Promise<CommandResult> {
    return runCommand([...args, '--admin', `unix:${this.ballast.adminSocket}`]);
  }

  /** Administrative state and weight in force of the first server. */
  async first(): Promise<string> {
    const { pools } = await this.ballast.status();
    const { administrative, weightEffective } = pools[0]!.servers[0]!;
    return `${administrative.state} ${weightEffective}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.ballast[Symbol.asyncDispose]();
  }
}

test('drain, maintenance, weight and ready say what they did and what was before', async () => {
  await using bench = await Bench.start();
  const drained = await bench.run('drain', 'web/one');
  assert.equal(drained.code, 0, drained.stderr);
  assert.equal(drained.stdout, 'web/one  drain, was ready  nothing left on it\n');
  assert.match(drained.stderr, /not kept over a restart: set "state" in the configuration/);
  assert.equal(await bench.first(), 'drain 1');
  const again = await bench.run('drain', 'web/one');
  assert.equal(again.stdout, 'web/one  drain, as before  nothing left on it\n');
  const out = await bench.run('maintenance', 'web/one');
  assert.equal(out.stdout, 'web/one  maintenance, was drain  nothing left on it\n');
  const heavy = await bench.run('weight', 'web/one', '7');
  const line = 'web/one  maintenance, as before; weight 7, was 1  nothing left on it\n';
  assert.equal(heavy.stdout, line);
  const back = await bench.run('ready', 'web/one');
  assert.match(back.stdout, /^web\/one {2}ready, was maintenance; weight 7, as before/);
  assert.equal(await bench.first(), 'ready 7');
  const light = await bench.run('weight', 'web/one', 'default');
  assert.equal(light.stdout, 'web/one  ready, as before; weight 1, was 7  nothing left on it\n');
  assert.equal(light.stderr, '');
});

test('a pattern means several servers, and --json prints all of the answer', async () => {
  await using bench = await Bench.start();
  const { code, stdout, stderr } = await bench.run('drain', 'web/*', '--json');
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout) as ChangeReport;
  assert.deepEqual(
    report.servers.map(({ server, before, after }) => [server, before.state, after.state]),
    [
      ['one', 'ready', 'drain'],
      ['127.0.0.1:2', 'ready', 'drain'],
    ],
  );
  assert.equal(report.isKept, false);
  assert.equal(report.warnings.length, 1);
});

test('taking the last server of a pool is done, with a warning', async () => {
  await using bench = await Bench.start();
  assert.doesNotMatch((await bench.run('drain', 'web/one')).stderr, /warning/);
  const { code, stderr } = await bench.run('maintenance', 'web/127.0.0.1:2');
  assert.equal(code, 0);
  assert.match(stderr, /warning: the pool "web" has no server left that takes anything new/);
});

test('a server that there is not is exit code 1 with near names', async () => {
  await using bench = await Bench.start();
  for (const command of [['drain'], ['drain', '--wait'], ['ready'], ['maintenance']]) {
    const [name = '', ...options] = command;
    const { code, stdout, stderr } = await bench.run(name, 'web/onne', ...options);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /BAL_SERVER_UNKNOWN: there is no server "web\/onne"\n.*mean "web\/one"\?/);
  }
  assert.equal((await bench.run('weight', 'other/one', '1')).code, 1);
});

test('drain --wait returns at once where nothing is left', async () => {
  await using bench = await Bench.start();
  const { code, stdout, stderr } = await bench.run('drain', 'web/one', '--wait');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^web\/one {2}drain, was ready/);
  assert.match(stderr, /web\/one: nothing left on it after \d+\.\d s/);
});

test('a weight or a time that makes no sense is exit code 2, and nothing is asked', async () => {
  for (const args of [
    ['weight', 'web/one', '257'],
    ['weight', 'web/one', '-1'],
    ['weight', 'web/one', '1.5'],
    ['weight', 'web/one', ''],
    ['weight', 'web/one'],
    ['drain', 'web/one', '--timeout', '5'],
    ['drain'],
  ]) {
    const { code, stderr } = await runCommand(args);
    assert.equal(code, 2, args.join(' '));
    assert.notEqual(stderr, '');
  }
});
