import { z } from 'zod';
import type { TextPattern } from '../plan-check.ts';
import { quote } from '../quote.ts';
import { parseRegex } from './regex.ts';
import { Problem, problemOf, scalar, wrongType } from './scalar.ts';
import type { Scalar, ScalarMeta } from './scalar.ts';

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

/** A schema for a text that may be empty, without NUL, of at most `maximum` characters. */
export function anyText(description: string, maximum: number): Scalar<string> {
  const filled = text(description, maximum);
  return scalar({ title: 'text', type: 'string' }, description, (value) => {
    if (value === '') return '';
    const problem = problemOf(filled.safeParse(value));
    if (problem !== null) return problem;
    if (!String(value).includes('\0')) return String(value);
    const message = `${quote(value)} has a NUL character`;
    return new Problem('BAL_CONFIG_OUT_OF_RANGE', message, 'remove it');
  });
}

/** A schema for a file, relative to the configuration file. */
export function filePath(description: string): Scalar<string> {
  const where = 'A path that is relative starts from the folder of this file.';
  return text(`${description} ${where}`, 4_096, 'file');
}

/** The schema of a value that may be left empty too. */
export function orEmpty(schema: Scalar<string>): Scalar<string> {
  const meta = schema.meta() as unknown as ScalarMeta & { readonly description: string };
  const { description, ...rest } = meta;
  const { pattern, ...others } = rest;
  const shown = pattern === undefined ? others : { ...others, pattern: `^$|${pattern}` };
  return scalar(shown, description, (value) => {
    if (value === '') return '';
    const result = schema.safeParse(value);
    return problemOf(result) ?? String(result.data);
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

/** A schema for what an answer must hold; `emptyHint` says what helps where the text is empty. */
export function textPattern(description: string, emptyHint: string): Scalar<TextPattern> {
  return scalar<TextPattern>({ title: 'text | ~regex', type: 'string' }, description, (value) => {
    if (typeof value === 'number' || typeof value === 'boolean') {
      return wrongType(value, 'a text or ~regex', `put it in quotes: "${value}"`);
    }
    if (typeof value !== 'string') return wrongType(value, 'a text or ~regex');
    if (value === '') return new Problem('BAL_CONFIG_EMPTY', 'the text is empty', emptyHint);
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

/** A schema for the folder of the state: an absolute path, `auto`, or `off`. */
export function stateFolder(description: string): Scalar<string> {
  const hint = 'allowed: auto, off or an absolute path';
  return scalar({ title: 'auto | off | path', type: 'string' }, description, (value) => {
    if (typeof value !== 'string') return wrongType(value, 'a folder', hint);
    if (value === 'auto' || value === 'off') return value;
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
