import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { NameRecord } from '../../machine/name-lookup.ts';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import { NamesFile, REMEMBERED_MS_MAX } from './names-file.ts';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const address = (text: string): NameRecord => ({ kind: 'address', address: text });
const SOME = new Map<string, readonly NameRecord[]>([
  ['A db.test', [address('10.0.0.1'), address('10.0.0.2')]],
  ['AAAA db.test', [address('fd00::1')]],
  ['SRV _s._tcp.test', [{ kind: 'service', priority: 1, weight: 0, port: 80, target: 'a.test' }]],
]);

test('NamesFile reads what it wrote, with mode 0600', async () => {
  using dir = new TempDir();
  const file = new NamesFile(dir.file('made/when/needed'));
  assert.deepEqual(file.read(NOW), { names: new Map(), warnings: [] });
  assert.equal(await file.save(() => SOME, NOW), null);
  assert.equal(statSync(file.path).mode & 0o777, 0o600);
  assert.deepEqual(file.read(NOW + 1_000), { names: SOME, warnings: [] });
});

test('NamesFile does not use what is too old, or of another day altogether', async () => {
  using dir = new TempDir();
  const file = new NamesFile(dir.path);
  await file.save(() => SOME, NOW);
  assert.equal(file.read(NOW + REMEMBERED_MS_MAX).names.size, 3);
  assert.equal(file.read(NOW + REMEMBERED_MS_MAX + 1).names.size, 0);
  assert.equal(file.read(NOW - REMEMBERED_MS_MAX - 1).names.size, 0);
});

test('NamesFile cut at any byte is set aside, never an exception', async () => {
  using dir = new TempDir();
  const file = new NamesFile(dir.path);
  await file.save(() => SOME, NOW);
  const whole = readFileSync(file.path);
  for (let size = 0; size < whole.length - 1; size++) {
    writeFileSync(file.path, whole.subarray(0, size));
    const { names, warnings } = file.read(NOW);
    assert.equal(names.size, 0, `cut at ${size}`);
    assert.match(warnings.join(), /makes no sense and was set aside/);
    assert.equal(existsSync(file.path), false);
  }
});

test('NamesFile leaves out records that make no sense and keeps the others', () => {
  using dir = new TempDir();
  const file = new NamesFile(dir.path);
  const service = { kind: 'service', priority: 0, weight: 0, port: 80, target: 'a.test' };
  const names = {
    'A good.test': [address('10.0.0.1'), address('fd00::1'), address('10.0.0.999'), 7, null],
    'A other.test': [{ kind: 'address', address: '0.0.0.0' }, { kind: 'address' }],
    'AAAA good.test': [address('FD00::1'), address('10.0.0.1')],
    'MX good.test': [address('10.0.0.1')],
    'A a b': [address('10.0.0.1')],
    'SRV s.test': [
      service,
      { ...service, port: 0 },
      { ...service, weight: -1 },
      { ...service, target: 'A.test' },
      { ...service, target: '' },
      { ...service, target: 'a..b' },
    ],
    'A none.test': 'nothing',
  };
  const savedAt = new Date(NOW).toISOString();
  writeFileSync(file.path, JSON.stringify({ format: 1, savedAt, names }));
  const read = file.read(NOW);
  assert.deepEqual(read.warnings, []);
  assert.deepEqual(
    [...read.names],
    [
      ['A good.test', [address('10.0.0.1')]],
      ['SRV s.test', [service]],
    ],
  );
});
