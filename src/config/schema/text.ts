import { z } from 'zod';
import { quote } from '../quote.ts';
import { parseRegex } from './regex.ts';
import { Problem, scalar, wrongType } from './scalar.ts';
import type { Scalar } from './scalar.ts';

/** A schema for a text that is taken as it stands, from 1 to `maximum` characters. */
export function text(description: string, maximum: number, title = 'text'): Scalar<string> {
  return scalar({ title, type: 'string' }, description, (value) => {
    if (typeof value === 'number' || typeof value === 'boolean') {
      return wrongType(value, 'a text', `put it in quotes: "${value}"`);
    }
    if (typeof value !== 'string') return wrongType(value, 'a text');
    if (value.length >= 1 && value.length <= maximum) return value;
    const message = `the text has ${value.length} characters`;
    return new Problem('BAL_CONFIG_OUT_OF_RANGE', message, `write 1 to ${maximum}`);
  });
}

const NAME = /^[A-Za-z][A-Za-z0-9._-]{0,62}$/;

const NAME_META = { title: 'name', type: 'string', pattern: NAME.source } as const;

/** The text if it can be a name, or what is wrong with it. */
export function parseName(value: string): string | Problem {
  if (NAME.test(value)) return value;
  const hint = 'begin with a letter; go on with letters, digits, ".", "_", "-", at most 63';
  return new Problem('BAL_CONFIG_BAD_NAME', `${quote(value)} is not a name`, hint);
}

/** A schema for the name of a route or server. */
export function name(description: string): Scalar<string> {
  return scalar(NAME_META, description, (value) =>
    typeof value === 'string' ? parseName(value) : wrongType(value, 'a name'),
  );
}

/**
 * A schema for the name of a listener or pool, which is the key of a map. It takes any text, so
 * that what stands under a bad name is checked too: rules/names.ts refuses the name.
 */
export function keyName(description: string) {
  return z.string().meta({ ...NAME_META, description });
}

/** A schema for the name of a pool that a route sends to; whether it exists is a rule. */
export function poolReference(description: string): Scalar<string> {
  return scalar({ title: 'pool', type: 'string' }, description, (value) =>
    typeof value === 'string' ? value : wrongType(value, 'the name of a pool'),
  );
}

/** A pattern for a body: a text it must hold, or a regular expression. */
export type BodyPattern = { readonly kind: 'text' | 'regex'; readonly value: string };

/** A schema for what a body must hold. */
export function bodyPattern(description: string): Scalar<BodyPattern> {
  return scalar<BodyPattern>({ title: 'text | ~regex', type: 'string' }, description, (value) => {
    if (typeof value !== 'string') return wrongType(value, 'a text or ~regex');
    if (value === '') return new Problem('BAL_CONFIG_EMPTY', 'the text is empty', 'leave body out');
    if (!value.startsWith('~')) return { kind: 'text', value };
    const source = parseRegex(value.slice(1));
    return source instanceof Problem ? source : { kind: 'regex', value: source };
  });
}

/** A schema for the place of the access log: off, stdout, stderr or an absolute path. */
export function logTarget(description: string): Scalar<string> {
  const hint = 'allowed: off, stdout, stderr or an absolute path';
  const meta = { title: 'off | stdout | stderr | path', type: 'string' } as const;
  return scalar(meta, description, (value) => {
    if (typeof value !== 'string') return wrongType(value, 'a place for the log', hint);
    if (['off', 'stdout', 'stderr'].includes(value)) return value;
    if (value.startsWith('/') && !value.includes('\0')) return value;
    return new Problem('BAL_CONFIG_UNKNOWN_VALUE', `unknown word ${quote(value)}`, hint);
  });
}

/** A schema for the number of workers; `auto` is null. */
export function workerCount(description: string): Scalar<number | null> {
  const meta = { title: 'auto | number', type: ['string', 'integer'], minimum: 1, maximum: 256 };
  return scalar<number | null>(meta, description, (value) => {
    if (value === 'auto') return null;
    const hint = 'write auto or a whole number from 1 to 256';
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 256) {
      return value;
    }
    if (typeof value === 'number') {
      return new Problem('BAL_CONFIG_OUT_OF_RANGE', `${value} is out of range`, hint);
    }
    return wrongType(value, 'a number of workers', hint);
  });
}
