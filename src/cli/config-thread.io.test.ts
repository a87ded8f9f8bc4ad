import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import test from 'node:test';
import { TempDir } from '../../test/kit/temp-dir.ts';
import { readConfig } from './config-file.ts';
import { readConfigApart, readConfigForReload } from './config-thread.ts';

const route = (place: number) => ({ hosts: [`h${place}.example`], respond: { status: 200 } });

function fileWith(dir: TempDir, config: unknown): string {
  const path = dir.file('ballast.yaml');
  writeFileSync(path, JSON.stringify(config));
  return path;
}

test('readConfigApart gives what readConfig gives, for good files and for bad ones', async () => {
  using dir = new TempDir();
  const listeners = { web: { bind: '127.0.0.1:1', routes: [route(1)] } };
  for (const config of [{ listeners }, { listners: listeners }]) {
    const file = fileWith(dir, config);
    assert.deepEqual(await readConfigApart(file), await readConfig(file));
  }
});

test('readConfigApart hands on the code and the remedy of a file that cannot be read', async () => {
  await assert.rejects(readConfigApart('/nowhere/ballast.yaml'), {
    name: 'BallastError',
    code: 'BAL_CONFIG_FILE',
    hint: /give the path/,
  });
});

test('readConfigForReload leaves the loop free while it checks thousands of routes', async () => {
  using dir = new TempDir();
  const routes = Array.from({ length: 3_000 }, (_, place) => route(place));
  const file = fileWith(dir, { listeners: { web: { bind: '127.0.0.1:1', routes } } });
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 10);
  const { plan } = await readConfigForReload(file);
  clearInterval(timer);
  assert.equal(plan?.listeners[0]!.routes.length, 3_000);
  assert.ok(turns >= 10, `the loop turned ${turns} times`);
});
