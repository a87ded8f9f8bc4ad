import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CONFIG_ERROR_CODES } from './error-codes.ts';
import { loadConfig } from './load.ts';
import type { LoadResult } from './load.ts';
import { renderDiagnostics } from './render-diagnostic.ts';

const folder = join(import.meta.dirname, 'golden');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const texts = files.map((name) => readFileSync(join(folder, name), 'utf8'));
const good = files.filter((name) => name.startsWith('good-'));

function load(text: string): LoadResult {
  const readFile = (): Uint8Array => new Uint8Array(3);
  const result = loadConfig(text, 'fuzz.yaml', { readFile, cores: 1 });
  const hasError = result.diagnostics.some(({ severity }) => severity === 'error');
  assert.equal(result.plan === null, hasError);
  for (const { code, line, column, message } of result.diagnostics) {
    assert.ok(Object.hasOwn(CONFIG_ERROR_CODES, code));
    assert.ok(line >= 1 && line <= text.split('\n').length && column >= 1);
    assert.notEqual(message, '');
  }
  renderDiagnostics(result.diagnostics, text);
  return result;
}

test('loadConfig answers any text with a plan or with diagnostics that have a place', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      load(text);
    }),
  );
});

test('loadConfig answers any JSON value under the known keys', () => {
  const shape = fc.record(
    {
      listeners: fc.dictionary(fc.string(), fc.jsonValue()),
      pools: fc.dictionary(fc.string(), fc.jsonValue()),
      limits: fc.jsonValue(),
      certificates: fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue())),
      workers: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(shape, (value) => {
      load(JSON.stringify(value));
    }),
  );
});

test('loadConfig answers golden files with a part cut out or replaced', () => {
  const edit = fc.record({
    text: fc.constantFrom(...texts),
    at: fc.nat(4_000),
    length: fc.nat(40),
    insert: fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom(': ', '- ', '{', '[', '*a', '&a ', '\t'),
    ),
  });
  fc.assert(
    fc.property(edit, ({ text, at, length, insert }) => {
      const start = at % (text.length + 1);
      load(text.slice(0, start) + insert + text.slice(start + length));
    }),
    { numRuns: 300 },
  );
});

test('loadConfig refuses a good file in which any one value is a map of nonsense', () => {
  let count = 0;
  for (const name of good) {
    const text = readFileSync(join(folder, name), 'utf8');
    for (const match of text.matchAll(/(?<=: )[\w./]+(?=[,\s}])/g)) {
      const rest = text.slice(match.index + match[0].length);
      const edited = `${text.slice(0, match.index)}{ nonsense: 1 }${rest}`;
      assert.equal(load(edited).plan, null, `${name}: ${match[0]}`);
      count++;
    }
  }
  assert.ok(count > 250, `${count}`);
});
