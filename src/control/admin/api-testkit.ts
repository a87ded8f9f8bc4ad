/** Holds answers of the admin API against its document, for tests. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { apiDocumentText } from './api.ts';

type Media = { readonly schema: unknown };
type Answer = { readonly content?: Readonly<Record<string, Media>> };
type Operation = { readonly responses: Readonly<Record<string, Answer>> };

type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
};

/** The document of the API as it is generated. */
export const API_DOCUMENT = JSON.parse(apiDocumentText()) as Document;

/** Schemas of JSON by what they were made from. */
const validators = new Map<string, z.ZodType>();

/** Closed: a field that the document does not have is a fault too. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.entries(schema).map(([key, value]) => [key, closed(value)]);
  const made = Object.fromEntries(inner) as Record<string, unknown>;
  const isOpen = made['additionalProperties'] !== undefined || made['properties'] === undefined;
  return isOpen ? made : { ...made, additionalProperties: false };
}

/** Whether `path` is one that `template`, with parameters in braces, means. */
function isPathOf(template: string, path: string): boolean {
  const pattern = template.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+');
  return new RegExp(`^${pattern}$`).test(path);
}

/**
 * Holds an answer of `method` on `path` (without its query) against the document: its status, its
 * media type and, where that is JSON, every field. Throws where they differ.
 */
export async function checkAnswer(method: string, path: string, answer: Response): Promise<void> {
  const [template, operations] =
    Object.entries(API_DOCUMENT.paths).find(([one]) => isPathOf(one, path)) ?? [];
  const operation = operations?.[method.toLowerCase()];
  assert.ok(operation !== undefined, `${method} ${path} is not in the document`);
  const { responses } = operation;
  const named = responses[String(answer.status)] ?? responses['default'];
  const type = (answer.headers.get('content-type') ?? '').split(';')[0]!;
  const media = named?.content?.[type] ?? responses['default']?.content?.[type];
  if (named?.content === undefined && type === '') return;
  assert.ok(media !== undefined, `${method} ${path}: ${answer.status} ${type} is not documented`);
  if (!type.endsWith('json')) return;
  const key = `${method} ${template} ${answer.status} ${type}`;
  let validator = validators.get(key);
  if (validator === undefined) {
    const { components } = API_DOCUMENT;
    const $defs = Object.fromEntries(
      Object.entries(components.schemas).map(([name, schema]) => [name, closed(schema)]),
    );
    const text = JSON.stringify({ ...(closed(media.schema) as object), $defs });
    const schema = JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as unknown;
    validator = z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema);
    validators.set(key, validator);
  }
  const result = validator.safeParse(await answer.clone().json());
  const why = result.success ? '' : z.prettifyError(result.error);
  assert.ok(result.success, `${key} differs from the document:\n${why}`);
}
