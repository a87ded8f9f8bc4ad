import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseIp } from '../codec/ip-address.ts';
import { encodeAdvert } from '../codec/vrrp/encode.ts';
import type { VrrpAuthPlan } from '../config/plan-addresses.ts';
import { AdvertAuth } from './advert-auth.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-auth-'));
after(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const ONE = { id: 1, file: file('one', `${'ab'.repeat(32)}\n`) };
const TWO = { id: 2, file: file('two', 'CD'.repeat(64)) };
const plan = (given: Partial<VrrpAuthPlan>): VrrpAuthPlan => ({
  keys: [ONE],
  mode: 'enforce',
  replay: 'monotonic',
  ...given,
});

const from = { family: 'ipv4', source: parseIp('10.0.0.2')! } as const;
const about = { peer: '10.0.0.2', intervalMs: 20 };
const ADVERT = encodeAdvert(
  { version: 3, vrid: 51, priority: 150, intervalMs: 20, addresses: [parseIp('10.0.0.100')!] },
  { ...from, destination: parseIp('224.0.0.18')! },
);
const check = (auth: AdvertAuth, message: Uint8Array) =>
  auth.check(message, ADVERT.length, from, about);

test('advert auth: what is signed is believed once, and in its order', () => {
  const sender = new AdvertAuth(plan({}));
  const receiver = new AdvertAuth(plan({}));
  const first = sender.sign(ADVERT, from);
  const second = sender.sign(ADVERT, from);
  assert.equal(check(receiver, first), null);
  assert.equal(check(receiver, first), 'auth-replay');
  assert.equal(check(receiver, second), null);
  assert.equal(check(receiver, first), 'auth-replay');
});

test('advert auth: a key takes the place of another without a gap', () => {
  const before = new AdvertAuth(plan({ keys: [ONE, TWO] }));
  const later = new AdvertAuth(plan({ keys: [TWO, ONE] }));
  assert.equal(check(before, later.sign(ADVERT, from)), null);
  assert.equal(check(later, before.sign(ADVERT, from)), null);
  assert.equal(check(new AdvertAuth(plan({})), later.sign(ADVERT, from)), 'auth-wrong');
});

test('advert auth: the three modes', () => {
  const enforce = new AdvertAuth(plan({}));
  const permissive = new AdvertAuth(plan({ mode: 'permissive' }));
  const receiving = new AdvertAuth(plan({ mode: 'receive-only' }));
  assert.equal(receiving.sign(ADVERT, from), ADVERT);
  assert.equal(check(enforce, ADVERT), 'auth-missing');
  assert.equal(check(permissive, ADVERT), null);
  const wrong = new AdvertAuth(plan({ keys: [{ ...TWO, id: 1 }] })).sign(ADVERT, from);
  assert.equal(check(permissive, wrong), 'auth-wrong');
  // It is told, and believed all the same.
  assert.equal(check(receiving, wrong), 'auth-wrong');
  assert.ok(receiving.isLenient && !permissive.isLenient);
});

test('advert auth: with replay: time, what is older than the window is refused', (t) => {
  const sender = new AdvertAuth(plan({}));
  const old = sender.sign(ADVERT, from);
  const receiver = new AdvertAuth(plan({ replay: 'time' }));
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 7_000 });
  assert.equal(check(receiver, old), 'auth-replay');
  assert.equal(check(receiver, sender.sign(ADVERT, from)), null);
});

test('advert auth: a file that holds no key is named, and what it should hold', () => {
  for (const [name, text] of [
    ['short', 'ab'.repeat(31)],
    ['long', 'ab'.repeat(65)],
    ['odd', `${'ab'.repeat(32)}a`],
    ['words', 'correct horse battery staple and so on and so on'],
  ] as const) {
    const bad = plan({ keys: [{ id: 1, file: file(name, text) }] });
    assert.throws(
      () => new AdvertAuth(bad),
      /BAL_ADDRESS_KEY|is no key of advertisements: 32 to 64/,
    );
  }
  const missing = plan({ keys: [{ id: 1, file: join(folder, 'none') }] });
  assert.throws(() => new AdvertAuth(missing), /cannot read the key of advertisements .*: ENOENT/);
});
