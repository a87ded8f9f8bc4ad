import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { rmdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import type { OperatorEntry } from './operator-states.ts';
import { STATE_BYTES_MAX, StateFile } from './state-file.ts';

const AT = '2026-01-01T00:00:00.000Z';

function entry(parts: Partial<OperatorEntry> = {}): OperatorEntry {
  return { administrative: 'drain', weight: null, at: AT, goneAt: null, ...parts };
}

const SOME = new Map([
  ['web/a', entry()],
  ['pg/db/10.0.0.1:5432', entry({ administrative: 'ready', weight: 0 })],
  ['old/b', entry({ administrative: 'maintenance', weight: 256, goneAt: AT })],
  ['__proto__', entry()],
]);

test('StateFile reads what it wrote, with mode 0600 and nothing left beside it', async () => {
  using dir = new TempDir();
  const folder = dir.file('made/when/needed');
  const file = new StateFile(folder);
  assert.deepEqual(file.read(), { entries: new Map(), warnings: [] });
  assert.equal(await file.save(SOME), null);
  assert.equal(statSync(file.path).mode & 0o777, 0o600);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(folder), ['servers.json']);
  assert.deepEqual(new StateFile(folder).read(), { entries: SOME, warnings: [] });
});

test('StateFile cut at any byte is set aside, never an exception', async () => {
  using dir = new TempDir();
  const file = new StateFile(dir.path);
  await file.save(SOME);
  const whole = readFileSync(file.path);
  // The last byte is the end of the line, which JSON does without.
  for (let length = 0; length < whole.length - 1; length++) {
    writeFileSync(file.path, whole.subarray(0, length));
    const { entries, warnings } = file.read();
    assert.equal(entries.size, 0, `cut at ${length}`);
    assert.match(warnings.join(), /makes no sense and was set aside/);
    assert.equal(existsSync(file.path), false);
    assert.equal(readFileSync(`${file.path}.broken`).length, length);
  }
});

const GARBAGE = [
  '[]',
  'null',
  '7',
  '{}',
  '{"format":2,"servers":{}}',
  '{"format":1}',
  '{"format":1,"servers":[]}',
  '\u0000\u0001\u0002',
  '{"format":1,"servers":{"a":',
];

for (const text of GARBAGE) {
  test(`StateFile sets ${JSON.stringify(text)} aside`, () => {
    using dir = new TempDir();
    const file = new StateFile(dir.path);
    writeFileSync(file.path, text);
    const { entries, warnings } = file.read();
    assert.equal(entries.size, 0);
    assert.equal(warnings.length, 1);
    assert.equal(readFileSync(`${file.path}.broken`, 'utf8'), text);
  });
}

test('StateFile leaves out entries that make no sense and keeps the others', () => {
  using dir = new TempDir();
  const file = new StateFile(dir.path);
  const good = entry();
  const servers: Record<string, unknown> = {
    good,
    word: { ...good, administrative: 'gone' },
    heavy: { ...good, weight: 257 },
    half: { ...good, weight: 0.5 },
    time: { ...good, at: 'yesterday' },
    gone: { ...good, goneAt: 5 },
    text: 'drain',
    list: [],
  };
  for (let i = 0; i < 50; i++) servers[`more${i}`] = null;
  writeFileSync(file.path, JSON.stringify({ format: 1, servers }));
  const { entries, warnings } = file.read();
  assert.deepEqual([...entries], [['good', good]]);
  assert.equal(warnings.length, 10);
  assert.match(warnings[0]!, /the state of "word" makes no sense/);
});

test('StateFile does not read a file that is too long', () => {
  using dir = new TempDir();
  const file = new StateFile(dir.path);
  writeFileSync(file.path, '');
  truncateSync(file.path, STATE_BYTES_MAX + 1);
  assert.match(file.read().warnings.join(), /it has 33554433 bytes/);
});

test('StateFile sets aside what is no regular file, and waits for nobody who might write it', () => {
  using dir = new TempDir();
  const file = new StateFile(dir.path);
  assert.equal(spawnSync('mkfifo', [file.path]).status, 0);
  assert.match(file.read().warnings.join(), /set aside as .*: it is not a regular file/);
  assert.ok(statSync(`${file.path}.broken`).isFIFO());
  symlinkSync('/dev/zero', file.path);
  assert.match(file.read().warnings.join(), /it is not a regular file/);
  assert.deepEqual(file.read(), { entries: new Map(), warnings: [] });
});

test('StateFile: of many saves at once the last one is on the disk when any but the first resolves', async () => {
  using dir = new TempDir();
  const file = new StateFile(dir.path);
  const on = (weight: number) => new Map([['web/a', entry({ weight })]]);
  const saves = Array.from({ length: 50 }, (_, weight) => file.save(on(weight)));
  await saves[1];
  assert.equal(new StateFile(dir.path).read().entries.get('web/a')!.weight, 49);
  assert.deepEqual(new Set(await Promise.all(saves)), new Set([null]));
  assert.equal(await file.save(on(7)), null);
  assert.equal(new StateFile(dir.path).read().entries.get('web/a')!.weight, 7);
});

test('StateFile never shows a reader half a file', async () => {
  using dir = new TempDir();
  const file = new StateFile(dir.path);
  const large = (weight: number) => {
    return new Map(Array.from({ length: 2_000 }, (_, i) => [`web/${i}`, entry({ weight })]));
  };
  await file.save(large(0));
  const reader = new StateFile(dir.path);
  for (let round = 1; round <= 20; round++) {
    const saved = file.save(large(round));
    let isSaved = false;
    const done = saved.then(() => (isSaved = true));
    while (!isSaved) {
      const { entries, warnings } = reader.read();
      assert.deepEqual(warnings, []);
      assert.equal(entries.size, 2_000);
      assert.equal(new Set([...entries.values()].map(({ weight }) => weight)).size, 1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await done;
  }
});

test('StateFile says why it cannot write, and can again when the fault is gone', async () => {
  using dir = new TempDir();
  const folder = dir.file('state');
  writeFileSync(folder, 'a file');
  const file = new StateFile(folder);
  assert.match(file.read().warnings.join(), /^cannot be read: ENOTDIR/);
  assert.match((await file.save(SOME))!, /EEXIST|ENOTDIR/);
  const other = new StateFile(dir.file('other'));
  mkdirSync(other.path, { recursive: true });
  assert.match(other.read().warnings.join(), /^cannot be read: EISDIR/);
  assert.match((await other.save(SOME))!, /EISDIR|ENOTEMPTY|EEXIST/);
  assert.deepEqual(readdirSync(dir.file('other')), ['servers.json']);
  rmdirSync(other.path);
  assert.equal(await other.save(SOME), null);
});

test('StateFile does not write through a link', async () => {
  using dir = new TempDir();
  const victim = dir.file('victim');
  writeFileSync(victim, 'precious');
  const file = new StateFile(dir.file('state'));
  mkdirSync(dir.file('state'));
  symlinkSync(victim, `${file.path}.${process.pid}.tmp`);
  symlinkSync(victim, file.path);
  assert.equal(await file.save(SOME), null);
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
  assert.equal(new StateFile(dir.file('state')).read().entries.size, SOME.size);
});

test('StateFile removes the drafts of dead processes and leaves those of living ones', () => {
  using dir = new TempDir();
  const dead = spawnSync('/bin/true').pid;
  for (const pid of [dead, process.ppid]) {
    writeFileSync(join(dir.path, `servers.json.${pid}.tmp`), '{');
  }
  chmodSync(dir.path, 0o700);
  new StateFile(dir.path).read();
  assert.deepEqual(readdirSync(dir.path), [`servers.json.${process.ppid}.tmp`]);
});
