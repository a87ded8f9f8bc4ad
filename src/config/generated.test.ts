import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { configJsonSchema, jsonSchemaText } from './json-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { loadConfig } from './load.ts';
import { REFERENCE_EXAMPLES } from './reference-examples.ts';
import { referencePage } from './reference-page.ts';
import { YamlFile } from './yaml-file.ts';

// UPDATE_GOLDEN=1 writes the generated files anew.

const root = join(import.meta.dirname, '../..');

/** Golden files for tcp, udp, TLS and checks with mistakes that the JSON Schema sees too. */
const OTHERS = [
  'listener-keys',
  'listener-protocol',
  'balance-words',
  'passive',
  'check-tcp',
  'tls-listeners',
];

function compare(path: string, text: string): void {
  const full = join(root, path);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(full, text);
  assert.equal(existsSync(full) ? readFileSync(full, 'utf8') : '', text);
}

test('schema/ballast.schema.json is what the schema of the configuration says', () => {
  compare('schema/ballast.schema.json', jsonSchemaText());
});

test('docs/configuration.md is what the schema of the configuration says', () => {
  compare('docs/configuration.md', referencePage());
});

function* keysWithout(schema: JsonSchema, path: string): Generator<string> {
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    if ((inner.description ?? '') === '') yield `${path}.${key}`;
    yield* keysWithout(inner, `${path}.${key}`);
  }
  if (schema.items !== undefined) yield* keysWithout(schema.items, `${path}[]`);
  for (const option of schema.anyOf ?? []) yield* keysWithout(option, path);
  const named = schema.additionalProperties;
  if (typeof named === 'object') yield* keysWithout(named, `${path}.NAME`);
}

test('every key of the JSON Schema has a description', () => {
  assert.deepEqual([...keysWithout(configJsonSchema(), '')], []);
});

test('the reference page has a row for every key of the JSON Schema', () => {
  const page = referencePage();
  const keys = JSON.stringify(configJsonSchema()).matchAll(/"([a-zA-Z]+)":\{"[^{}]*"description"/g);
  const names = new Set([...keys].map((match) => match[1]));
  for (const structural of ['propertyNames', 'additionalProperties', 'items']) {
    names.delete(structural);
  }
  assert.ok(names.size > 60, `${names.size}`);
  for (const name of names) assert.ok(page.includes(`| \`${name}\` |`), `${name}`);
});

test('a section of the JSON Schema admits no other keys than its own', () => {
  const { properties, additionalProperties } = configJsonSchema();
  assert.equal(additionalProperties, false);
  assert.equal(properties?.['limits']?.additionalProperties, false);
});

test('the checked-in JSON Schema accepts good files and refuses unknown and misplaced keys', () => {
  const text = readFileSync(join(root, 'schema/ballast.schema.json'), 'utf8');
  const schema = z.fromJSONSchema(JSON.parse(text) as z.core.JSONSchema.JSONSchema);
  const accepts = (name: string): boolean => {
    const yaml = readFileSync(join(import.meta.dirname, `golden/${name}.yaml`), 'utf8');
    return schema.safeParse(new YamlFile(yaml, name).value).success;
  };
  const good = ['good-small', 'good-large', 'good-json', 'good-alias', 'good-layer4', 'good-pool'];
  for (const name of [...good, 'good-balance', 'good-checks', 'good-names', 'good-tls']) {
    assert.equal(accepts(name), true, name);
  }
  const bad = ['unknown-key', 'unknown-key-nested', 'missing-bind', 'text-for-list', 'workers'];
  for (const name of [
    ...bad,
    'unknown-balance',
    'duration-without-unit',
    'server-weight',
    ...OTHERS,
  ]) {
    assert.equal(accepts(name), false, name);
  }
});

for (const { title, yaml } of REFERENCE_EXAMPLES) {
  test(`the example "${title}" of the reference page loads without a diagnostic`, () => {
    const result = loadConfig(yaml, 'ballast.yaml', { readFile: () => null, cores: 2 });
    assert.deepEqual(result.diagnostics, []);
    assert.notEqual(result.plan, null);
  });
}
