import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configJsonSchema } from './json-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { REFERENCE_EXAMPLES } from './reference-examples.ts';

const INTRO = readFileSync(join(import.meta.dirname, 'reference-intro.md'), 'utf8');

const CELL_BREAKS = /\|/g;

/**
 * A map on the page. `variant` is `protocol: tcp` where the keys of the map depend on a word; a map
 * that looks the same at several places has a section at the first of them.
 */
type Section = { readonly path: string; readonly variant: string; readonly schema: JsonSchema };

/** The word that stands for the keys of a map in paths: NAME, STATUS, … */
function keyWord(schema: JsonSchema): string {
  return (schema.propertyNames?.title ?? 'name').toUpperCase().replaceAll(' ', '-');
}

/** The key and word by which one map of several is told from the others; "" for the default. */
function variantOf(option: JsonSchema, others: readonly JsonSchema[]): string {
  for (const [key, { enum: words, default: given }] of Object.entries(option.properties ?? {})) {
    const isWord = words?.length === 1 && given !== words[0];
    const isOfAll = others.every((other) => other.properties?.[key]?.enum?.length === 1);
    if (isWord && isOfAll) return `${key}: ${String(words[0])}`;
  }
  return '';
}

/** The maps that a schema describes, even behind a list, a union or a map of names. */
function nested(schema: JsonSchema, path: string, variant: string): Section[] {
  if (schema.properties !== undefined) return [{ path, variant, schema }];
  if (schema.items !== undefined) return nested(schema.items, `${path}[]`, variant);
  const named = schema.additionalProperties;
  if (typeof named === 'object') return nested(named, `${path}.${keyWord(schema)}`, variant);
  const maps = (schema.anyOf ?? []).filter((option) => option.properties !== undefined);
  return (schema.anyOf ?? []).flatMap((option) => {
    const own = maps.length > 1 && maps.includes(option) ? variantOf(option, maps) : '';
    return nested(option, path, own === '' ? variant : own);
  });
}

/** All sections in the order of the page, each map once. */
class Sections {
  readonly all: Section[] = [];
  readonly #seen = new Map<string, Section>();

  add(section: Section): void {
    const text = JSON.stringify(section.schema);
    if (this.#seen.has(text)) return;
    this.#seen.set(text, section);
    this.all.push(section);
    const { path, variant } = section;
    for (const [key, schema] of Object.entries(section.schema.properties ?? {})) {
      const inner = nested(schema, path === '' ? key : `${path}.${key}`, variant);
      for (const found of inner) this.add(found);
    }
  }

  /** The section that describes the same map as `section`. */
  like(section: Section): Section {
    return this.#seen.get(JSON.stringify(section.schema)) ?? section;
  }
}

function headingText({ path, variant }: Section): string {
  if (path === '') return 'Top level';
  return variant === '' ? `\`${path}\`` : `\`${path}\` with \`${variant}\``;
}

function anchor(section: Section): string {
  const text = headingText(section).toLowerCase().replaceAll(' ', '-');
  return text.replaceAll(/[^a-z0-9-]/g, '');
}

function plainKind(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  const title = schema.title ?? 'map';
  if (schema.range !== undefined) return `${title}, ${schema.range}`;
  if (schema.type !== 'integer' || schema.maximum === undefined) return title;
  return `${title}, ${schema.minimum} to ${schema.maximum}`;
}

/** What a value may be, in words, with a link to the section of a map. */
function kind(schema: JsonSchema, place: Section, known: Sections): string {
  const { path, variant } = place;
  if (schema.properties !== undefined) {
    const target = known.like({ path, variant: place.variant, schema });
    const isOther = target.variant !== '' && target.path === path && variant !== target.variant;
    return `[map${isOther ? ` with ${target.variant}` : ''}](#${anchor(target)})`;
  }
  const at = (inner: string): Section => ({ ...place, path: inner });
  if (schema.items !== undefined) return `list of ${kind(schema.items, at(`${path}[]`), known)}`;
  const named = schema.additionalProperties;
  if (typeof named === 'object') {
    const key = schema.propertyNames?.title ?? 'name';
    return `map: ${key} → ${kind(named, at(`${path}.${keyWord(schema)}`), known)}`;
  }
  const [one, many, ...others] = schema.anyOf ?? [];
  if (one === undefined || many === undefined) return plainKind(schema);
  const isOneOrMany = others.length === 0 && many.items?.title === one.title;
  if (isOneOrMany && one.title !== undefined) return `${plainKind(one)}: one or many`;
  return (schema.anyOf ?? []).map((option) => kind(option, place, known)).join(' or ');
}

function defaultText(schema: JsonSchema, isRequired: boolean): string {
  if (isRequired) return '**required**';
  const given = schema.default;
  if (given === undefined) return '—';
  if (given === '') return '`""`';
  if (Array.isArray(given) && given.length > 0) {
    return given.map((item) => `\`${String(item)}\``).join(', ');
  }
  if (typeof given !== 'object') return `\`${String(given)}\``;
  const maps = [schema, ...(schema.anyOf ?? [])];
  const hasKeys = maps.some((option) => option.properties !== undefined);
  return Array.isArray(given) || !hasKeys ? 'none' : 'its defaults';
}

const cell = (text: string): string => text.replaceAll(CELL_BREAKS, '\\|');

function renderSection(section: Section, known: Sections): string[] {
  const { path, schema } = section;
  const required = new Set(schema.required);
  const lines = [`## ${headingText(section)}`, '', schema.description ?? '', ''];
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) return [...lines, 'No keys: write `{}`.', ''];
  lines.push('| key | value | default | meaning |', '|---|---|---|---|');
  for (const [key, inner] of properties) {
    const place = { ...section, path: path === '' ? key : `${path}.${key}` };
    const rest = [defaultText(inner, required.has(key)), inner.description ?? ''];
    const cells = [kind(inner, place, known), ...rest];
    lines.push(`| \`${key}\` | ${cells.map(cell).join(' | ')} |`);
  }
  return [...lines, ''];
}

/** The text of docs/configuration.md. Called by its test, which writes or compares it. */
export function referencePage(): string {
  const lines = [INTRO, '## Examples', ''];
  for (const { title, yaml } of REFERENCE_EXAMPLES) {
    lines.push(`### ${title}`, '', '```yaml', yaml.trimEnd(), '```', '');
  }
  const known = new Sections();
  known.add({ path: '', variant: '', schema: configJsonSchema() });
  for (const section of known.all) lines.push(...renderSection(section, known));
  return `${lines.join('\n').trimEnd()}\n`;
}
