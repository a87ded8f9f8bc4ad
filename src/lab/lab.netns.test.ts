// The lab itself: one scenario with a pair that we did not write, and nothing left behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { giveClock, missingForClocks, setClock } from './clock.ts';
import { CONTENDERS } from './contenders/contenders.ts';
import { ip } from './network.ts';
import { runScenario, withSetting } from './run-scenario.ts';
import { SCENARIOS } from './scenarios.ts';

const skip = { skip: process.getuid?.() === 0 ? false : 'needs root, for network namespaces' };
const BALLAST = new URL('../../bin/ballast', import.meta.url).pathname;

const named = <T extends { readonly name: string }>(all: readonly T[], name: string): T =>
  all.find((one) => one.name === name)!;

const namespaces = (): string[] =>
  ip(['netns', 'list'])
    .split('\n')
    .filter((line) => line.startsWith('blt'));

test(
  'lab: power loss with keepalived: a move is seen, and a silence of seconds',
  skip,
  async (t) => {
    const contender = named(CONTENDERS, 'haproxy');
    if (contender.missing().length > 0) {
      t.skip(`not installed: ${contender.missing().join(', ')}`);
      return;
    }
    const options = { each: 5, watchMs: null, say: () => {} };
    const { figures } = await runScenario(named(SCENARIOS, 'power-loss'), contender, options);
    assert.equal(figures.moves, 1);
    assert.ok(figures.silenceMs > 2_000 && figures.silenceMs < 8_000, JSON.stringify(figures));
    assert.deepEqual(figures.lost, { ping: 5, idle: 5, push: 5 });
  },
);

test('lab: power loss with Ballast in the kernel: no connection is lost', skip, async () => {
  const options = { each: 20, watchMs: null, say: () => {} };
  const contender = named(CONTENDERS, 'ballast-kernel');
  const { figures } = await runScenario(named(SCENARIOS, 'power-loss'), contender, options);
  assert.deepEqual(figures.lost, { ping: 0, idle: 0, push: 0 });
  assert.ok(figures.silenceMs < 2_000, JSON.stringify(figures));
});

test(
  'lab: the clock of a host is set, for programs that run and those that begin',
  skip,
  async (t) => {
    if (missingForClocks().length > 0) {
      t.skip(`not installed: ${missingForClocks().join(', ')}`);
      return;
    }
    await withSetting(async (setting) => {
      giveClock(setting, 'lb1');
      const line = 'while :; do date +%s; sleep 0.2; done';
      const { stdout } = setting.network.start('lb1', ['sh', '-c', line], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const lines = createInterface({ input: stdout! })[Symbol.asyncIterator]();
      for (const offsetS of [0, 3_600, -3_600]) {
        setClock(setting, 'lb1', offsetS);
        const untilMs = performance.now() + 10_000;
        let apartS = Infinity;
        while (apartS > 5 && performance.now() < untilMs) {
          const seconds = Number((await lines.next()).value);
          apartS = Math.abs(seconds - Date.now() / 1_000 - offsetS);
        }
        assert.ok(apartS <= 5, `${offsetS}: ${apartS} s apart`);
      }
    });
  },
);

test('lab: interrupted, it removes its hosts', skip, async () => {
  const args = ['lab', 'run', 'power-loss', '--contender', 'ballast'];
  const child = spawn(BALLAST, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
  while (!said.includes('starts both nodes')) await once(child.stderr, 'data');
  const own = namespaces().filter((line) => line.startsWith(`blt${child.pid}x`));
  assert.ok(own.length > 5, namespaces().join());
  child.kill('SIGINT');
  const [code] = (await once(child, 'exit')) as [number];
  assert.equal(code, 130);
  assert.deepEqual(
    namespaces().filter((line) => line.startsWith(`blt${child.pid}x`)),
    [],
  );
});

test('lab list names scenarios and contenders; an unknown name is refused', async () => {
  const run = async (...args: string[]): Promise<{ code: number; text: string }> => {
    const child = spawn(BALLAST, ['lab', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (piece: Buffer) => (text += piece.toString()));
    }
    const [code] = (await once(child, 'close')) as [number];
    return { code, text };
  };
  const list = await run('list');
  for (const { name } of [...SCENARIOS, ...CONTENDERS]) assert.ok(list.text.includes(name), name);
  const wrong = await run('run', 'power-los');
  assert.equal(wrong.code, 1);
  assert.match(wrong.text, /there is no scenario "power-los"/);
});

test('lab demo: the active one loses power, and no connection is lost', skip, async () => {
  const args = ['lab', 'demo', '--rounds', '1', '--every', '3'];
  const child = spawn(BALLAST, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 0, said);
  assert.match(
    said,
    /lb1 loses power\n.*lb2 has the address; .*100 of 100 connections live, 0 lost/,
  );
  assert.match(said, /ends: 100 of 100 connections live, 0 lost/);
});
