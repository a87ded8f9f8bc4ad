import { z } from 'zod';
import { configSchema } from './schema.ts';

/** The part of JSON Schema (draft 7) that the configuration needs. */
export type JsonSchema = {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly (string | number | boolean)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  /** Not of JSON Schema: the range of a value with a unit, for the reference page. */
  readonly range?: string;
  readonly properties?: { readonly [key: string]: JsonSchema };
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly required?: readonly string[];
};

/** JSON Schema of what people write, made from the one schema of the configuration. */
export function configJsonSchema(): JsonSchema {
  return z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' }) as JsonSchema;
}

/** The text of schema/ballast.schema.json, for editors. */
export function jsonSchemaText(): string {
  const withoutRange = (key: string, value: unknown): unknown =>
    key === 'range' && typeof value === 'string' ? undefined : value;
  return `${JSON.stringify(configJsonSchema(), withoutRange, 2)}\n`;
}
