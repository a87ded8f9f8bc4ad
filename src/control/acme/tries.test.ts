import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import { AcmeError } from './acme-error.ts';
import { freshOrder, holdLeftMs, triesFile, untried, withOrigin } from './tries.ts';

const NONE = untried('v');

test('tries come back as they were written', async () => {
  using dir = new TempDir();
  const file = triesFile(dir.path, 'shop');
  assert.equal(file.read(assert.fail), null);
  const lastError = { at: 'now', code: 'BAL_ACME_DNS', message: 'm', hint: '' };
  const challenges = {
    http: [{ token: 't', answer: 't.a' }],
    tls: [{ name: 'a.test', chain: 'c', privateKey: 'k' }],
  };
  const pending = { url: 'https://ca.test/o/1', privateKey: 'k', challenges, madeAt: 5 };
  const tries = { ...NONE, failures: 2, holdMs: 9, at: 7, lastError, pending };
  await file.write(withOrigin(tries, 'ab', 'https://ca.test'));
  const read = triesFile(dir.path, 'shop').read(assert.fail);
  assert.deepEqual(read, { ...tries, origins: [['ab', 'https://ca.test']] });
});

test('tries that make no sense are set aside, and told', async () => {
  using dir = new TempDir();
  const file = triesFile(dir.path, 'shop');
  await file.write(NONE);
  for (const text of ['', '{', '[]', 'null', '{"format":1}', '{"format":2}']) {
    writeFileSync(file.path, text);
    const warnings: string[] = [];
    assert.equal(
      file.read((warning) => warnings.push(warning)),
      null,
      text,
    );
    assert.match(warnings.join(), /set aside/);
    assert.equal(readFileSync(`${file.path}.broken`, 'utf8'), text);
  }
});

test('tries that cannot be written or read are an error with a code', async () => {
  using dir = new TempDir();
  writeFileSync(dir.file('acme'), 'not a folder');
  const file = triesFile(dir.path, 'shop');
  const isState = (error: unknown): boolean => {
    return error instanceof AcmeError && error.code === 'BAL_ACME_STATE';
  };
  await assert.rejects(file.write(NONE), isState);
  assert.throws(() => file.read(assert.fail), isState);
});

test('holdLeftMs counts by the wall clock, and survives its being set', () => {
  const tries = { ...NONE, at: 1_000_000, holdMs: 60_000 };
  assert.equal(holdLeftMs(tries, 1_010_000), 50_000);
  assert.equal(holdLeftMs(tries, 2_000_000), 0);
  assert.equal(holdLeftMs(tries, 10), 60_000, 'no longer than it was');
});

test('freshOrder: an order of the day before yesterday is not gone on with', () => {
  const pending = { url: 'u', privateKey: 'k', challenges: { http: [], tls: [] }, madeAt: 1e12 };
  const tries = { ...NONE, pending };
  assert.equal(freshOrder(tries, 1e12 + 3_600_000), pending);
  assert.equal(freshOrder(tries, 1e12 - 3_600_000), pending, 'the clock was set back a little');
  assert.equal(freshOrder(tries, 1e12 + 2 * 86_400_000), null);
  assert.equal(freshOrder(NONE, 1e12), null);
});

test('withOrigin keeps the certificate that serves and the one that takes its place', () => {
  let tries = NONE;
  for (const print of ['a', 'b', 'c', 'b']) tries = withOrigin(tries, print, `of ${print}`);
  assert.deepEqual(tries.origins, [
    ['b', 'of b'],
    ['c', 'of c'],
  ]);
});
