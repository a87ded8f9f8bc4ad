import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configJsonSchema } from './json-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { REFERENCE_EXAMPLES } from './reference-examples.ts';

const INTRO = readFileSync(join(import.meta.dirname, 'reference-intro.md'), 'utf8');

const CELL_BREAKS = /\|/g;

type Section = { readonly path: string; readonly schema: JsonSchema };

/** The word that stands for the keys of a map in paths: NAME, STATUS, … */
function keyWord(schema: JsonSchema): string {
  return (schema.propertyNames?.title ?? 'name').toUpperCase().replaceAll(' ', '-');
}

/** The object that a schema describes, even behind a list, a union or a map of names; else null. */
function nested(schema: JsonSchema, path: string): Section | null {
  if (schema.properties !== undefined) return { path, schema };
  if (schema.items !== undefined) return nested(schema.items, `${path}[]`);
  const named = schema.additionalProperties;
  if (typeof named === 'object') return nested(named, `${path}.${keyWord(schema)}`);
  for (const option of schema.anyOf ?? []) {
    const found = nested(option, path);
    if (found !== null) return found;
  }
  return null;
}

function sections(root: Section): Section[] {
  const found = [root];
  for (const [key, schema] of Object.entries(root.schema.properties ?? {})) {
    const inner = nested(schema, root.path === '' ? key : `${root.path}.${key}`);
    if (inner !== null) found.push(...sections(inner));
  }
  return found;
}

function anchor(path: string): string {
  return path.toLowerCase().replaceAll(/[^a-z0-9-]/g, '');
}

function plainKind(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  const title = schema.title ?? 'map';
  if (schema.range !== undefined) return `${title}, ${schema.range}`;
  if (schema.type !== 'integer' || schema.maximum === undefined) return title;
  return `${title}, ${schema.minimum} to ${schema.maximum}`;
}

/** What a value may be, in words, with a link to the section of a map. */
function kind(schema: JsonSchema, path: string): string {
  const own = schema.properties === undefined ? null : nested(schema, path);
  if (own !== null) return `[map](#${anchor(own.path)})`;
  if (schema.items !== undefined) return `list of ${kind(schema.items, `${path}[]`)}`;
  const named = schema.additionalProperties;
  if (typeof named === 'object') {
    const key = schema.propertyNames?.title ?? 'name';
    return `map: ${key} → ${kind(named, `${path}.${keyWord(schema)}`)}`;
  }
  const [one, many, ...others] = schema.anyOf ?? [];
  if (one === undefined || many === undefined) return plainKind(schema);
  const isOneOrMany = others.length === 0 && many.items?.title === one.title;
  if (isOneOrMany && one.title !== undefined) return `${plainKind(one)}: one or many`;
  return (schema.anyOf ?? []).map((option) => kind(option, path)).join(' or ');
}

function defaultText(schema: JsonSchema, isRequired: boolean): string {
  if (isRequired) return '**required**';
  const given = schema.default;
  if (given === undefined) return '—';
  if (typeof given !== 'object') return `\`${String(given)}\``;
  return Array.isArray(given) || schema.properties === undefined ? 'none' : 'as below';
}

const cell = (text: string): string => text.replaceAll(CELL_BREAKS, '\\|');

function renderSection({ path, schema }: Section): string[] {
  const required = new Set(schema.required);
  const heading = path === '' ? 'Top level' : `\`${path}\``;
  const lines = [`## ${heading}`, '', schema.description ?? '', ''];
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) return [...lines, 'No keys: write `{}`.', ''];
  lines.push('| key | value | default | meaning |', '|---|---|---|---|');
  for (const [key, inner] of properties) {
    const value = kind(inner, path === '' ? key : `${path}.${key}`);
    const rest = [defaultText(inner, required.has(key)), inner.description ?? ''];
    lines.push(`| \`${key}\` | ${[value, ...rest].map(cell).join(' | ')} |`);
  }
  return [...lines, ''];
}

/** The text of docs/configuration.md. Called by its test, which writes or compares it. */
export function referencePage(): string {
  const lines = [INTRO, '## Examples', ''];
  for (const { title, yaml } of REFERENCE_EXAMPLES) {
    lines.push(`### ${title}`, '', '```yaml', yaml.trimEnd(), '```', '');
  }
  for (const section of sections({ path: '', schema: configJsonSchema() })) {
    lines.push(...renderSection(section));
  }
  return `${lines.join('\n').trimEnd()}\n`;
}
