import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import { until } from '../../../test/kit/wait.ts';
import { Outlet } from '../outlet.ts';
import { createProductLog } from '../product-log.ts';
import { ConfigHistory, HISTORY_MAX, TEXT_MAX, type Applied } from './config-history.ts';

type Bench = { readonly history: ConfigHistory; readonly log: () => string };

function bench(dir: TempDir): Bench {
  const path = dir.file('product.log');
  writeFileSync(path, '');
  const log = createProductLog({ outlet: Outlet.file(path), level: 'debug', format: 'json' });
  return { history: new ConfigHistory(log), log: () => readFileSync(path, 'utf8') };
}

const applied = (text: string, parts: Partial<Applied> = {}): Applied => ({
  planDigest: `digest of ${text.trim()}`,
  text,
  cause: 'reload',
  note: '',
  ...parts,
});

/** Number and text of all that are kept. */
const short = ({ entries }: ConfigHistory): string[] =>
  entries.map(({ number, text, cause }) => `${number} ${text} ${cause}`);

test('ConfigHistory numbers what is put in force and finds the one before', () => {
  using dir = new TempDir();
  const { history } = bench(dir);
  assert.throws(() => history.find(null), { code: 'BAL_HISTORY_UNKNOWN' });
  history.record(applied('a', { cause: 'start' }), null);
  history.record(applied('b'), null);
  assert.deepEqual(short(history), ['1 a start', '2 b reload']);
  assert.equal(history.find(null).text, 'a');
  assert.equal(history.find(2).text, 'b');
  assert.throws(() => history.find(3), { code: 'BAL_HISTORY_UNKNOWN', hint: 'kept are: 1, 2' });
  assert.deepEqual(history.kept.inFile, false);
});

test('ConfigHistory gives no number to a text that means the same, and keeps the new text', () => {
  using dir = new TempDir();
  const { history } = bench(dir);
  history.record(applied('a'), null);
  const { since } = history;
  history.record(applied('a '), null);
  assert.deepEqual(short(history), ['1 a  reload']);
  assert.equal(history.text, 'a ');
  assert.equal(history.since, since);
});

test('ConfigHistory keeps the last ten, and goes on counting', () => {
  using dir = new TempDir();
  const { history } = bench(dir);
  for (let i = 1; i <= HISTORY_MAX + 5; i++) history.record(applied(`t${i}`), null);
  assert.deepEqual(
    history.entries.map(({ number }) => number),
    Array.from({ length: HISTORY_MAX }, (_, i) => i + 6),
  );
});

test('ConfigHistory goes on over a restart: numbers, digests and texts', async () => {
  using dir = new TempDir();
  const folder = dir.file('state');
  const first = bench(dir).history;
  first.record(applied('a', { cause: 'start' }), folder);
  first.record(applied('b'), folder);
  await first.saved();
  assert.equal(statSync(`${folder}/history.json`).mode & 0o777, 0o600);
  assert.deepEqual(first.kept, { inFile: true, path: `${folder}/history.json` });
  // The same configuration again: no new number.
  const second = bench(dir).history;
  second.record(applied('b', { cause: 'start' }), folder);
  assert.deepEqual(short(second), ['1 a start', '2 b reload']);
  assert.equal(second.current!.digest, first.current!.digest);
  // Another one.
  const third = bench(dir).history;
  third.record(applied('c', { cause: 'start' }), folder);
  assert.deepEqual(short(third), ['1 a start', '2 b reload', '3 c start']);
});

test('ConfigHistory shows digests from which nobody can guess what is in a configuration', () => {
  using dir = new TempDir();
  const [one, other] = [bench(dir).history, bench(dir).history];
  assert.notEqual(one.shown('x'), other.shown('x'));
  assert.equal(one.shown('x'), one.shown('x'));
  assert.match(one.shown('x'), /^[0-9a-f]{64}$/);
});

test('ConfigHistory begins anew, with a warning, where its file makes no sense', async () => {
  const bad = ['', '{', '[]', '{"format":2}', '{"format":1,"key":"x","entries":[]}'];
  for (const text of bad) {
    using dir = new TempDir();
    writeFileSync(dir.file('history.json'), text);
    const { history, log } = bench(dir);
    history.record(applied('a'), dir.path);
    await history.saved();
    assert.deepEqual(short(history), ['1 a reload']);
    const told = /history of configurations: .*makes no sense and was set aside/;
    await until(() => told.test(log()), { what: 'the warning' });
    assert.ok(existsSync(dir.file('history.json.broken')));
  }
});

test('ConfigHistory leaves out an entry that makes no sense', async () => {
  using dir = new TempDir();
  const first = bench(dir).history;
  for (const text of ['a', 'b', 'c']) first.record(applied(text), dir.path);
  await first.saved();
  const whole = JSON.parse(readFileSync(dir.file('history.json'), 'utf8')) as {
    entries: Record<string, unknown>[];
  };
  whole.entries[1]!['number'] = -1;
  writeFileSync(dir.file('history.json'), JSON.stringify(whole));
  const { history } = bench(dir);
  history.record(applied('d'), dir.path);
  assert.deepEqual(short(history), ['1 a reload', '3 c reload', '4 d reload']);
});

test('ConfigHistory that cannot be written says why and fails nothing', async () => {
  using dir = new TempDir();
  writeFileSync(dir.file('file'), '');
  const { history, log } = bench(dir);
  history.record(applied('a'), dir.file('file/state'));
  await history.saved();
  assert.equal(history.kept.inFile, false);
  const told = /the history of configurations is not kept: cannot write/;
  await until(() => told.test(log()), { what: 'the warning' });
});

test('ConfigHistory does not keep a text that is too long, but its number', () => {
  using dir = new TempDir();
  const { history } = bench(dir);
  history.record(applied('x'.repeat(TEXT_MAX + 1)), null);
  history.record(applied('b'), null);
  assert.throws(() => history.find(null), /text of configuration 1 is not kept/);
});

test('ConfigHistory refuses what was made from another configuration', () => {
  using dir = new TempDir();
  const { history } = bench(dir);
  history.record(applied('a'), null);
  history.checkExpected(null);
  history.checkExpected(history.current!.digest);
  assert.throws(() => history.checkExpected('other'), { code: 'BAL_CONFIG_OUTDATED' });
});

test('ConfigHistory that gets a folder later writes what is in force, and counts on', async () => {
  using dir = new TempDir();
  mkdirSync(dir.file('old'));
  const before = bench(dir).history;
  for (const text of ['a', 'b', 'c']) before.record(applied(text), dir.file('old'));
  await before.saved();
  const { history } = bench(dir);
  history.record(applied('d', { cause: 'start' }), null);
  history.record(applied('e'), dir.file('old'));
  assert.deepEqual(short(history), ['1 d start', '4 e reload']);
});
