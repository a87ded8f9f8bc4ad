// Early data (0-RTT): off unless asked for; then safe requests are marked, others get 425 (RFC 8470).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { certificatesSkip } from '../../src/control/health/test-certificates.ts';
import { field } from '../kit/http-message.ts';
import { endWithUs } from '../kit/processes.ts';
import { getBytes, postBytes } from '../kit/scene.ts';
import { within } from '../kit/wait.ts';
import { startHttps } from './https-scene.ts';
import type { HttpsScene } from './https-scene.ts';

const skip = certificatesSkip;

/** Runs openssl s_client until what it prints matches `until`; returns what it printed. */
async function client(
  scene: HttpsScene,
  args: string[],
  input: string,
  until: RegExp,
): Promise<string> {
  const fixed = ['s_client', '-connect', `127.0.0.1:${scene.port}`, '-servername', 'shop.test'];
  const child = spawn('openssl', [...fixed, '-tls1_3', '-ign_eof', ...args]);
  endWithUs(child);
  let text = '';
  const matched = new Promise<void>((resolve) => {
    const take = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (until.test(text)) resolve();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('close', () => resolve());
  });
  child.stdin.write(input);
  await within(matched, `an answer of openssl like ${String(until)}`, 20_000);
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill();
  await closed;
  return text;
}

/** Visits once to get a session, then sends `request` as early data. */
async function visitEarly(scene: HttpsScene, request: string, until: RegExp): Promise<string> {
  const { dir } = scene.ballast;
  const session = dir.file('session.pem');
  const early = dir.file('early.txt');
  writeFileSync(early, request);
  await client(scene, ['-sess_out', session], getBytes('/first'), /HTTP\/1.1 200[\s\S]*ok/);
  return client(scene, ['-sess_in', session, '-early_data', early], '', until);
}

test('without "earlyData" a request that comes as early data is not taken', { skip }, async () => {
  await using scene = await startHttps();
  const text = await visitEarly(scene, getBytes('/early'), /Verify return code/);
  assert.match(text, /Early data was (not sent|rejected)/);
  assert.ok(scene.origin.requests.every(({ target }) => target === '/first'));
});

test(
  'a safe request that comes as early data is sent on with Early-Data: 1',
  { skip },
  async () => {
    await using scene = await startHttps({ tls: { certificates: 'shop', earlyData: '16KiB' } });
    const text = await visitEarly(
      scene,
      getBytes('/early'),
      /Early data was[\s\S]*HTTP\/1.1 200[\s\S]*ok/,
    );
    assert.match(text, /Early data was accepted/);
    const [first, early] = scene.origin.requests;
    assert.equal(field(first!, 'early-data'), undefined);
    assert.equal(early!.target, '/early');
    assert.equal(field(early!, 'early-data'), '1');
  },
);

test('any other request that comes as early data is answered with 425', { skip }, async () => {
  await using scene = await startHttps({ tls: { certificates: 'shop', earlyData: '16KiB' } });
  const text = await visitEarly(scene, postBytes('/pay', 'ten'), /425 Too Early[\s\S]*too-early/);
  assert.match(text, /425 Too Early/);
  assert.ok(scene.origin.requests.every(({ target }) => target === '/first'));
});
