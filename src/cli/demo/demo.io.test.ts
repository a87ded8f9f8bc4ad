import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import test from 'node:test';
import { BALLAST } from '../../../test/kit/ballast.ts';
import { childrenOf, exitOf, isAlive } from '../../../test/kit/processes.ts';
import { until, within } from '../../../test/kit/wait.ts';

test('ballast demo shows addresses and a failure, and ends without leftovers', async () => {
  const child = spawn(BALLAST, ['demo'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  const seen = (pattern: RegExp) =>
    until(() => pattern.exec(text), { what: `${pattern} in the output of the demo` });
  const [, address] = await seen(/Open +(http:\S+)/);
  const page = await (await fetch(address!)).text();
  assert.match(page, /Three servers, one address/);
  const status = (await (await fetch(`${address!}status`)).json()) as { state: string };
  assert.equal(status.state, 'serving');
  await seen(/birch crashes/);
  await seen(/birch is down \(connect-refused/);
  const folder = dirname((await seen(/less (\S+)/))[1]!);
  const processes = childrenOf(child.pid!).flatMap((pid) => [pid, ...childrenOf(pid)]);
  assert.ok(processes.length >= 4);
  child.kill('SIGINT');
  assert.deepEqual(await within(exitOf(child), 'the end of the demo'), { code: 0, signal: null });
  assert.deepEqual(processes.filter(isAlive), []);
  assert.equal(existsSync(folder), false);
  assert.match(text, /nothing is left running/);
});
