import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigPath } from './diagnostic.ts';
import { YamlFile } from './yaml-file.ts';

function placeOf(file: YamlFile, path: ConfigPath, at: 'key' | 'value'): readonly number[] {
  const { line, column } = file.place({ code: 'BAL_CONFIG_YAML', message: 'x', path, at });
  return [line, column];
}

const TEXT = `a:
  b: [1, "two", { c: 3 }]
  d:
e: &anchor
  f: 4
g: *anchor
`;

test('YamlFile gives plain values, aliases included', () => {
  const { value, diagnostics } = new YamlFile(TEXT, 'x');
  const expected = { a: { b: [1, 'two', { c: 3 }], d: null }, e: { f: 4 }, g: { f: 4 } };
  assert.deepEqual(value, expected);
  assert.deepEqual(diagnostics, []);
});

test('YamlFile finds keys and values, in lists and behind aliases', () => {
  const file = new YamlFile(TEXT, 'x');
  assert.deepEqual(placeOf(file, ['a', 'b'], 'key'), [2, 3]);
  assert.deepEqual(placeOf(file, ['a', 'b'], 'value'), [2, 6]);
  assert.deepEqual(placeOf(file, ['a', 'b', 1], 'value'), [2, 10]);
  assert.deepEqual(placeOf(file, ['a', 'b', 2, 'c'], 'value'), [2, 22]);
  assert.deepEqual(placeOf(file, ['g', 'f'], 'value'), [5, 6]);
});

test('YamlFile gives the key of an empty value and the nearest place of a missing one', () => {
  const file = new YamlFile(TEXT, 'x');
  assert.deepEqual(placeOf(file, ['a', 'd'], 'value'), [3, 3]);
  assert.deepEqual(placeOf(file, ['a', 'nothing', 'below'], 'key'), [1, 1]);
  assert.deepEqual(placeOf(file, [], 'value'), [1, 1]);
});

test('YamlFile counts columns the same with CRLF and a byte order mark', () => {
  const file = new YamlFile(`\ufeff${TEXT.replaceAll('\n', '\r\n')}`, 'x');
  assert.deepEqual(file.diagnostics, []);
  assert.deepEqual(placeOf(file, ['a', 'b', 1], 'value'), [2, 10]);
  assert.deepEqual(placeOf(file, ['a'], 'key'), [1, 1]);
});

test('YamlFile reads words of YAML 1.1 such as off, yes and no as texts', () => {
  const { value } = new YamlFile('[off, on, yes, no, true, null, 010, 1:30]', 'x');
  assert.deepEqual(value, ['off', 'on', 'yes', 'no', true, null, 10, '1:30']);
});

test('YamlFile refuses an alias within its own anchor', () => {
  const { diagnostics } = new YamlFile('a: &a [1, *a]', 'x');
  assert.deepEqual(
    diagnostics.map(({ message, column }) => [message, column]),
    [['the alias "*a" stands for nothing', 11]],
  );
});

test('YamlFile bounds what aliases can add', () => {
  const lines = ['a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1]'];
  for (let i = 1; i < 12; i++) {
    lines.push(`a${i}: &a${i} [${Array.from({ length: 8 }, () => `*a${i - 1}`).join()}]`);
  }
  const { value, diagnostics } = new YamlFile(lines.join('\n'), 'x');
  assert.equal(value, undefined);
  assert.equal(diagnostics[0]?.message, 'aliases make the file too large');
});

test('YamlFile reports nesting without end once', () => {
  for (const text of ['['.repeat(50_000), '- '.repeat(2_000), '{a: '.repeat(5_000)]) {
    const { diagnostics } = new YamlFile(text, 'x');
    assert.deepEqual(
      diagnostics.map(({ message }) => message),
      ['the file is nested too deeply'],
    );
  }
});
