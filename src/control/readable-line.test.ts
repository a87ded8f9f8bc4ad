import assert from 'node:assert/strict';
import test from 'node:test';
import { readableLine } from './readable-line.ts';

const ENTRY = {
  level: 'warn',
  time: '2026-01-02T03:04:05.678Z',
  message: 'it broke',
  a: 1,
  b: 'c d',
};

test('readableLine shows time, level, message and the other fields', () => {
  const line = readableLine(JSON.stringify(ENTRY), false);
  assert.equal(line, '03:04:05.678 WARN  it broke a=1 b="c d"\n');
});

test('readableLine says the same with colours', () => {
  const coloured = readableLine(JSON.stringify(ENTRY), true);
  assert.ok(coloured.includes('\u001b['));
  const bare = coloured.replaceAll(/\u001b\[\d+m/g, '');
  assert.equal(bare, readableLine(JSON.stringify(ENTRY), false));
});

test('readableLine leaves a line alone that is not JSON', () => {
  assert.equal(readableLine('plain\n', true), 'plain\n');
});
