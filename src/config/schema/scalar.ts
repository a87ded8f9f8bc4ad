import { z } from 'zod';
import type { ConfigErrorCode } from '../error-codes.ts';
import { quote } from '../quote.ts';
import { nearest } from '../suggest.ts';

/** Why a value cannot be taken. `isWrongType` says that another kind of value was expected. */
export class Problem {
  readonly code: ConfigErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly isWrongType: boolean;

  constructor(code: ConfigErrorCode, message: string, hint = '', isWrongType = false) {
    this.code = code;
    this.message = message;
    this.hint = hint;
    this.isWrongType = isWrongType;
  }
}

/** What the JSON Schema and the reference page say about a value. */
export type ScalarMeta = {
  /** Name of the kind of value, such as `duration`. */
  readonly title: string;
  readonly type: 'string' | 'integer' | 'boolean' | readonly string[];
  readonly pattern?: string;
  readonly enum?: readonly (string | number | boolean)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly examples?: readonly (string | number)[];
  /** What is allowed, for the reference page where minimum and maximum cannot say it. */
  readonly range?: string;
};

/** A schema of one value: given anything, made into `T`. */
export type Scalar<T> = z.ZodPipe<z.ZodAny, z.ZodTransform<T, unknown>>;

/**
 * Makes a schema for one value from a function that either returns the value or says what is wrong
 * in words for people. The description ends up in the JSON Schema and on the reference page.
 */
export function scalar<T>(
  meta: ScalarMeta,
  description: string,
  parse: (value: unknown) => T | Problem,
): Scalar<T> {
  const schema = z.any().transform((value: unknown, context): T => {
    const result = parse(value);
    if (!(result instanceof Problem)) return result;
    context.issues.push({
      code: 'custom',
      input: value,
      message: result.message,
      params: { problem: result, expected: meta.title },
    });
    return z.NEVER;
  });
  return schema.meta({ ...meta, description } as Record<string, unknown>);
}

/** The problem that a schema made by `scalar` found; null where it found none. */
export function problemOf(result: z.ZodSafeParseResult<unknown>): Problem | null {
  const issue = result.error?.issues[0];
  const problem: unknown = issue?.code === 'custom' ? issue.params?.['problem'] : null;
  return problem instanceof Problem ? problem : null;
}

/** The problem that a value is of the wrong kind; `expected` is a phrase such as `a duration`. */
export function wrongType(value: unknown, expected: string, hint = ''): Problem {
  return new Problem('BAL_CONFIG_WRONG_TYPE', `${quote(value)} is not ${expected}`, hint, true);
}

function flagHint(value: unknown): string {
  if (value === 'yes' || value === 'on' || value === 'true' || value === 1) return 'write true';
  return value === 'no' || value === 'off' || value === 'false' || value === 0 ? 'write false' : '';
}

/** A schema for true or false. */
export function flag(description: string): Scalar<boolean> {
  return scalar({ title: 'true or false', type: 'boolean' }, description, (value) =>
    typeof value === 'boolean' ? value : wrongType(value, 'true or false', flagHint(value)),
  );
}

/** A schema for a whole number from `minimum` to `maximum`, both included. */
export function integer(minimum: number, maximum: number, description: string): Scalar<number> {
  return scalar({ title: 'number', type: 'integer', minimum, maximum }, description, (value) => {
    const range = `write a whole number from ${minimum} to ${maximum}`;
    if (typeof value !== 'number') return wrongType(value, 'a number', range);
    if (Number.isInteger(value) && value >= minimum && value <= maximum) return value;
    return new Problem('BAL_CONFIG_OUT_OF_RANGE', `${value} is out of range`, range);
  });
}

/** A schema for one of some words; `later` are words that a later version will know. */
export function word<const W extends string>(
  words: readonly W[],
  description: string,
  later: readonly string[] = [],
): Scalar<W> {
  const allowed = `allowed: ${words.join(', ')}`;
  const meta = { title: words.join(' | '), type: 'string', enum: words } as const;
  return scalar<W>(meta, description, (value) => {
    if (typeof value !== 'string') return wrongType(value, 'a word', allowed);
    const found = words.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    if (later.includes(value)) {
      const message = `${quote(value)} is not available in this version`;
      return new Problem('BAL_CONFIG_NOT_AVAILABLE', message, allowed);
    }
    const near = nearest(value, words);
    const others = words.length > 1 ? ` ${allowed}` : '';
    const hint = near === null ? allowed : `did you mean "${near}"?${others}`;
    return new Problem('BAL_CONFIG_UNKNOWN_VALUE', `unknown word ${quote(value)}`, hint);
  });
}
