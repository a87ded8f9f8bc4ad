// Certificates by ACME, obtained from pebble by the whole product: what goes wrong.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AcmeScene, acmeStatusWhen } from '../kit/acme-scene.ts';
import { Ballast } from '../kit/ballast.ts';
import { withoutPebble as skip } from '../kit/pebble.ts';
import { exitOf } from '../kit/processes.ts';
import { until } from '../kit/wait.ts';

const ACCOUNTS_TWO = 'There are now 2 accounts';
const ORDERS_TWO = 'There are now 2 orders';

const hasChallenges = (scene: AcmeScene): boolean => {
  return (scene.tries()?.pending?.challenges.http.length ?? 0) > 0;
};

test('a directory that is down at the start is tried again', { skip }, async () => {
  await using scene = await AcmeScene.make();
  await using ballast = await scene.balancer();
  const failed = await acmeStatusWhen(ballast, ({ state }) => state === 'failed');
  assert.equal(failed.lastError?.code, 'BAL_ACME_UNREACHABLE');
  assert.equal(failed.notAfter, null);
  assert.ok(Date.parse(failed.nextTry!) < Date.now() + 60_000);
  await scene.pebble.resume();
  await scene.obtained();
  const valid = await acmeStatusWhen(ballast, ({ state }) => state === 'valid');
  assert.equal(valid.lastError, null);
});

test('a supervisor is killed amid an order: its successor goes on with it', { skip }, async () => {
  await using scene = await AcmeScene.start({ sleepSeconds: 5 });
  {
    await using killed = await scene.balancer();
    await until(() => hasChallenges(scene), { what: 'the challenges to be kept' });
    killed.signal('SIGKILL');
    await exitOf(killed.child);
  }
  assert.equal(scene.held(), null, 'it has not come to its end');
  assert.equal(scene.tries()?.interruptions, 1);
  await using ballast = await scene.balancer();
  await scene.obtained();
  await acmeStatusWhen(ballast, ({ state }) => state === 'valid');
  await until(() => scene.tries()?.interruptions === 0, { what: 'the end to be kept' });
  assert.equal(scene.tries()?.pending, null);
  assert.equal(scene.pebble.count(ACCOUNTS_TWO), 0);
  assert.equal(scene.pebble.count(ORDERS_TWO), 0);
});

test('an order that an ordinary end cuts short is kept without a hold', { skip }, async () => {
  await using scene = await AcmeScene.start({ sleepSeconds: 5 });
  {
    await using first = await scene.balancer();
    await until(() => hasChallenges(scene), { what: 'the challenges to be kept' });
    first.signal('SIGTERM');
    await first.exited();
  }
  assert.equal(scene.tries()?.interruptions, 0);
  assert.notEqual(scene.tries()?.pending, null);
  await using second = await scene.balancer();
  await until(() => second.stderr.includes('a certificate is ordered'), { what: 'an order' });
});

test('a crash after a certificate was made: it is not made again', { skip }, async () => {
  await using scene = await AcmeScene.start();
  let pending: unknown = null;
  {
    await using first = await scene.balancer();
    pending = await until(() => hasChallenges(scene) && scene.tries()?.pending, {
      what: 'an order',
    });
    await scene.obtained();
    await acmeStatusWhen(first, ({ state }) => state === 'valid');
  }
  const before = scene.held();
  // As it is on the disk between the order and the certificate.
  rmSync(scene.path('certificate.pem'));
  writeFileSync(scene.path('tries.json'), JSON.stringify({ ...scene.tries(), pending }));
  await using _second = await scene.balancer();
  assert.equal((await scene.obtained()).serialNumber, before?.serialNumber);
  assert.equal(scene.pebble.count(ORDERS_TWO), 0);
});

test('a name that leads nowhere: the words of the authority, a long hold', { skip }, async () => {
  await using scene = await AcmeScene.start();
  const config = scene.config();
  const { secure } = config['listeners'] as Record<string, unknown>;
  await using ballast = await Ballast.start({ ...config, listeners: { secure } });
  const failed = await acmeStatusWhen(ballast, ({ state }) => state === 'failed');
  assert.equal(failed.lastError?.code, 'BAL_ACME_CONNECTION');
  assert.match(failed.lastError.message, /"shop\.test" by http-01: .*refused/);
  assert.equal(failed.failures, 1);
  assert.ok(Date.parse(failed.nextTry!) > Date.now() + 200_000, 'authorities limit failures');
  assert.equal(await ballast.metric('ballast_acme_failures_total', 'BAL_ACME_CONNECTION'), 1);
  await until(() => scene.tries()?.failures === 1, { what: 'the failure to be kept' });
});

test('a directory that cannot be verified is not spoken to', { skip }, async () => {
  await using scene = await AcmeScene.start();
  await using ballast = await scene.balancer({ ca: undefined });
  const failed = await acmeStatusWhen(ballast, ({ state }) => state === 'failed');
  assert.equal(failed.lastError?.code, 'BAL_ACME_DIRECTORY_CERTIFICATE');
  assert.match(failed.lastError?.hint ?? '', /"ca"/);
});

test(
  'a certificate that is taken out of the file ends its order, and its challenges',
  { skip },
  async () => {
    await using scene = await AcmeScene.start({ sleepSeconds: 10 });
    await using ballast = await scene.balancer();
    const path = (): string => {
      const [challenge] = scene.tries()?.pending?.challenges.http ?? [];
      const token = (challenge as { readonly token: string } | undefined)?.token;
      return token === undefined ? '' : `/.well-known/acme-challenge/${token}`;
    };
    await until(() => path() !== '', { what: 'the challenge to be kept' });
    const body = async (): Promise<string> => {
      return (await fetch(`http://127.0.0.1:${scene.httpPort}${path()}`)).text();
    };
    await until(async () => (await body()) !== 'routed', { what: 'the challenge to be answered' });
    const { certificates: _none, ...rest } = scene.config();
    const { clear } = rest['listeners'] as Record<string, unknown>;
    ballast.writeConfig({ ...rest, listeners: { clear } });
    assert.equal((await ballast.reload()).ok, true);
    await until(async () => (await body()) === 'routed', { what: 'the challenge to be gone' });
    const { acme } = await ballast.status();
    assert.deepEqual(acme, []);
    assert.ok(!/BAL_ACME/.test(ballast.stderr), ballast.stderr);
  },
);

test('who has mended what was wrong has it tried again by a reload', { skip }, async () => {
  await using scene = await AcmeScene.start();
  const config = scene.config();
  const { secure } = config['listeners'] as Record<string, unknown>;
  {
    await using first = await Ballast.start({ ...config, listeners: { secure } });
    await acmeStatusWhen(first, ({ state }) => state === 'failed');
    await until(() => scene.tries()?.failures === 1, { what: 'the failure to be kept' });
  }
  await using ballast = await scene.balancer();
  const held = await acmeStatusWhen(ballast, () => true);
  assert.equal(held.state, 'failed');
  assert.equal(held.lastError?.code, 'BAL_ACME_CONNECTION', 'a restart has forgotten nothing');
  assert.ok(Date.parse(held.nextTry!) > Date.now() + 60_000);
  assert.equal((await ballast.reload()).ok, true);
  await scene.obtained();
  await acmeStatusWhen(ballast, ({ state, failures }) => state === 'valid' && failures === 0);
});

test('a forgotten account is registered anew with the same key', { skip }, async () => {
  await using scene = await AcmeScene.start();
  const accounts = join(scene.state, 'acme', 'accounts');
  const key = (): unknown => {
    const file = readdirSync(accounts)[0] ?? '';
    return (JSON.parse(readFileSync(join(accounts, file), 'utf8')) as Record<string, unknown>)[
      'privateKey'
    ];
  };
  {
    await using _first = await scene.balancer();
    await scene.obtained();
  }
  const before = key();
  // It forgets everything when it ends.
  await scene.pebble.stop();
  await scene.pebble.resume();
  rmSync(scene.path('certificate.pem'));
  await using ballast = await scene.balancer();
  await scene.obtained();
  assert.equal(key(), before);
  assert.match(ballast.stderr, /registered anew/);
});

test('a broken file of an account is set aside, another account made', { skip }, async () => {
  await using scene = await AcmeScene.start();
  const accounts = join(scene.state, 'acme', 'accounts');
  {
    await using _first = await scene.balancer();
    await scene.obtained();
  }
  const file = readdirSync(accounts)[0] ?? '';
  writeFileSync(join(accounts, file), '{"format":1');
  rmSync(scene.path('certificate.pem'));
  await using ballast = await scene.balancer();
  await scene.obtained();
  assert.match(ballast.stderr, /set aside/);
  assert.equal(scene.pebble.count(ACCOUNTS_TWO), 1);
});
