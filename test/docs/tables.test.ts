// Tables in the documents that repeat what the program knows say the same.
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { DATAGRAM_DROPS } from '../../src/base/datagram-drops.ts';
import { REASONS } from '../../src/base/reasons.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import type { JsonSchema } from '../../src/config/json-schema.ts';
import { codesIn, page, ROOT, tableUnder } from './pages.ts';

const WORDS = new Set(REASONS.map(({ word }) => word));

/** The schema one step down: a key of a map, an entry of a list, one of several forms. */
function below(schema: JsonSchema, key: string): JsonSchema | undefined {
  const own = schema.properties?.[key];
  if (own !== undefined) return own;
  const named = schema.additionalProperties;
  if (key === 'NAME' && typeof named === 'object') return named;
  const inner = [...(schema.anyOf ?? []), ...(schema.items === undefined ? [] : [schema.items])];
  return inner.map((form) => below(form, key)).find((found) => found !== undefined);
}

function defaultOf(path: string): unknown {
  let schema: JsonSchema | undefined = configJsonSchema();
  for (const key of path.split('.')) schema = schema && below(schema, key);
  return schema?.default;
}

const limits = tableUnder(page('docs/http.md'), '## Time limits');

test('the table of time limits has the defaults of the schema', () => {
  for (const [key = '', value = ''] of limits) {
    assert.equal(value, `\`${String(defaultOf(codesIn(key)[0]!))}\``, key);
  }
});

test('the table of time limits has every time limit of listeners and routes', () => {
  const keys = new Set(limits.map(([key = '']) => codesIn(key)[0]));
  for (const place of ['listeners.NAME.timeouts', 'listeners.NAME.routes.timeouts']) {
    let schema: JsonSchema | undefined = configJsonSchema();
    for (const key of place.split('.')) schema = schema && below(schema, key);
    for (const key of Object.keys(schema!.properties!)) assert.ok(keys.has(`${place}.${key}`), key);
  }
});

test('the table of time limits names reasons that exist', () => {
  for (const row of limits) {
    for (const word of codesIn(row[4]!)) assert.ok(WORDS.has(word), word);
  }
});

test('troubleshooting has every reason once and no others', () => {
  const rows = tableUnder(page('docs/operations.md'), '## Troubleshooting');
  const words = rows.flatMap(([cell = '']) => codesIn(cell));
  assert.deepEqual(words.filter((word) => !WORDS.has(word)), []);
  assert.deepEqual([...words].sort(), [...WORDS].filter((word) => word !== 'none').sort());
});

test('the table of dropped datagrams has every cause with its meaning', () => {
  const rows = tableUnder(page('docs/operations.md'), '### Dropped datagrams');
  const documented = rows.map(([cell = '', meaning]) => [codesIn(cell)[0], meaning]);
  assert.deepEqual(documented, DATAGRAM_DROPS);
});

test('every fault of the table is measured by a test, and the other way round', () => {
  const rows = tableUnder(page('docs/operations.md'), '### Ballast itself, and its machine');
  const linked = new Set(
    rows.flatMap((row) => [...(row.at(-1) ?? '').matchAll(/\(\.\.\/(test\/faults\/[^)]+)\)/g)]).map(
      (match) => match[1],
    ),
  );
  const tests = globSync('test/faults/*.test.ts', { cwd: ROOT });
  // Core dumps are no fault.
  const faults = tests.filter((file) => !file.includes('core-dumps'));
  assert.deepEqual([...linked].sort(), faults.sort());
});
