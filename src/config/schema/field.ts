import { z } from 'zod';
import type { FieldCondition } from '../plan.ts';
import { quote } from '../quote.ts';
import { parseRegex } from './regex.ts';
import { Problem, scalar, wrongType } from './scalar.ts';
import type { Scalar } from './scalar.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Longest value of a field in characters. */
const VALUE_MAX = 8_192;

/** Fields that frame a message or belong to one connection: only Ballast itself writes them. */
const FRAMING_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Methods in common use; others are taken as they are written. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT'];

const nameSchemaMeta = { title: 'field name', type: 'string', pattern: TOKEN.source } as const;

function parseFieldName(value: unknown): string | Problem {
  if (typeof value !== 'string') return wrongType(value, 'a field name');
  if (TOKEN.test(value) && value.length <= 256) return value;
  const message = `${quote(value)} is not a field name`;
  return new Problem('BAL_CONFIG_FIELD_NAME', message, 'use letters, digits and "-"');
}

/** A schema for the name of a header field (RFC 9110 §5.1). */
export function fieldName(description: string): Scalar<string> {
  return scalar(nameSchemaMeta, description, parseFieldName);
}

/**
 * A schema for the name of a header field that the configuration writes or removes. `hostHint`
 * says where the host is set instead.
 */
export function editedFieldName(description: string, hostHint: string): Scalar<string> {
  return scalar(nameSchemaMeta, description, (value) => {
    const name = parseFieldName(value);
    if (name instanceof Problem) return name;
    const lower = name.toLowerCase();
    const message = `${quote(name)} cannot be edited`;
    if (lower === 'host' && hostHint !== '') {
      return new Problem('BAL_CONFIG_FORBIDDEN_FIELD', message, hostHint);
    }
    if (!FRAMING_FIELDS.has(lower)) return name;
    return new Problem('BAL_CONFIG_FORBIDDEN_FIELD', message, 'Ballast frames messages itself');
  });
}

/** The value of a header field (RFC 9110 §5.5), or what is wrong with it. */
function parseFieldValue(value: unknown): string | Problem {
  if (typeof value === 'number' || typeof value === 'boolean') {
    return wrongType(value, 'a text', `put it in quotes: "${value}"`);
  }
  if (typeof value !== 'string') return wrongType(value, 'a text');
  const refuse = (hint: string): Problem =>
    new Problem('BAL_CONFIG_FIELD_VALUE', `${quote(value)} is not a field value`, hint);
  if (/[\r\n\0]/.test(value)) return refuse('remove CR, LF and NUL: they would break the message');
  const isPlain = /^[\t\x20-\x7e]*$/.test(value);
  if (!isPlain) return refuse('use visible ASCII characters, spaces and tabs');
  if (value.trim() !== value) return refuse('remove the white space at its ends');
  if (value.length > VALUE_MAX) return refuse(`write at most ${VALUE_MAX} characters`);
  return value;
}

/** A schema for the value of a header field. */
export function fieldValue(description: string): Scalar<string> {
  return scalar({ title: 'text', type: 'string' }, description, parseFieldValue);
}

/** A schema for a token such as the pseudonym in Via; `off` words give "". */
export function pseudonym(description: string): Scalar<string> {
  const meta = { title: 'name | false', type: ['string', 'boolean'] };
  return scalar(meta, description, (value) => {
    if (value === false || value === 'off') return '';
    if (value === true) return wrongType(value, 'a name', 'write a name, for example ballast');
    if (typeof value !== 'string') return wrongType(value, 'a name or false');
    if (TOKEN.test(value)) return value;
    const hint = 'use letters, digits, "-", "." and "_"';
    return new Problem('BAL_CONFIG_FIELD_VALUE', `${quote(value)} is not a name`, hint);
  });
}

/** A schema for a request method (RFC 9110 §9.1). */
export function method(description: string): Scalar<string> {
  const meta = { title: 'method', type: 'string', examples: METHODS } as const;
  return scalar(meta, description, (value) => {
    if (typeof value !== 'string') return wrongType(value, 'a method');
    const message = `${quote(value)} is not a method`;
    const upper = value.toUpperCase();
    if (!TOKEN.test(value)) {
      return new Problem('BAL_CONFIG_METHOD', message, `write one such as ${METHODS.join(', ')}`);
    }
    if (value === upper || !METHODS.includes(upper)) return value;
    return new Problem('BAL_CONFIG_METHOD', message, `did you mean ${upper}?`);
  });
}

/** A schema for what a header field or a query parameter must be. */
export function conditionTest(description: string): Scalar<FieldCondition['test']> {
  const meta = { title: 'text | ~regex | true | false', type: ['string', 'boolean'] };
  return scalar<FieldCondition['test']>(meta, description, (value) => {
    if (value === true) return { kind: 'present' };
    if (value === false) return { kind: 'absent' };
    if (typeof value === 'number') return parseFieldValue(value) as Problem;
    if (typeof value !== 'string') return wrongType(value, 'a text, ~regex, true or false');
    if (!value.startsWith('~')) return { kind: 'exact', value };
    const source = parseRegex(value.slice(1));
    return source instanceof Problem ? source : { kind: 'regex', source };
  });
}

/** A schema for a map of header fields to write. */
export function fieldMap(description: string, hostHint: string) {
  return z
    .record(editedFieldName('A field name.', hostHint), fieldValue('The value of the field.'))
    .meta({ description });
}
