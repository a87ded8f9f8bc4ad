/**
 * The settings of one thing of a plan as flat texts, in the words of the configuration, with what
 * they are compared by beside what is shown: a secret is compared, and never shown.
 *
 * It goes by the shape of the values and not by a list of all settings, so that a new setting is
 * never left out of a comparison.
 */
import { addressText } from '../schema/address.ts';
import { durationText, sizeText } from '../schema/units.ts';
import type { BindPlan, FieldCondition, PathPattern } from '../plan.ts';

/** `raw` is compared, `text` is shown. */
export type FieldValue = { readonly raw: string; readonly text: string };

export type FieldValues = ReadonlyMap<string, FieldValue>;

/** What stands in place of a secret. */
export const SECRET = '(secret)';

/** Names of fields of HTTP whose values are kept to ourselves. */
const SECRET_NAME = /auth|cookie|token|secret|passw|key|session|credential|signature/i;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonMap = { readonly [key: string]: Json };

/** All settings of `thing` but those in `left`, by their dotted path. */
export function fieldValues(thing: object, left: readonly string[] = []): FieldValues {
  const out = new Map<string, FieldValue>();
  const without = new Set(['key', 'slot', 'digest', ...left]);
  for (const [key, value] of Object.entries(thing)) {
    if (!without.has(key)) collect(value as Json, [key], out);
  }
  return out;
}

function collect(value: Json, path: readonly string[], out: Map<string, FieldValue>): void {
  if (value === null || value === undefined) return;
  const text = wholeText(value, path);
  if (text !== null) {
    const name = fieldName(path);
    // Two settings of one name must not hide each other.
    out.set(out.has(name) ? path.join('.') : name, { raw: JSON.stringify(value), text });
  } else if (Array.isArray(value)) {
    for (const [i, item] of (value as readonly Json[]).entries()) {
      collect(item, [...path.slice(0, -1), `${path.at(-1)!}[${i + 1}]`], out);
    }
  } else {
    for (const [key, item] of Object.entries(value as JsonMap)) collect(item, [...path, key], out);
  }
}

/** The text of what is shown as one; null where each part is a setting of its own. */
function wholeText(value: Json, path: readonly string[]): string | null {
  const key = plainKey(path.at(-1)!);
  if (isSecret(value, path)) return SECRET;
  // Its arguments may hold passwords.
  if (key === 'command') return `${String((value as readonly Json[])[0])} ${SECRET}`;
  if (typeof value === 'number') return numberText(key, value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') {
    return key.endsWith('Base64') ? `${Math.floor((value.length * 3) / 4)} bytes` : value;
  }
  if (Array.isArray(value)) return listText(value as readonly Json[]);
  return mapText(value as JsonMap);
}

/** What a check or an agent sends, what is set on requests, and whatever is called so. */
function isSecret(value: Json, path: readonly string[]): boolean {
  const keys = path.map(plainKey);
  const key = keys.at(-1)!;
  if (/^(password|secret|token)$/i.test(key)) return true;
  if (typeof value === 'string' && keys[0] === 'probe') {
    return key === 'hex' || key === 'bodyBase64' || (key === 'value' && keys.includes('fields'));
  }
  return false;
}

function listText(list: readonly Json[]): string | null {
  if (list.length === 0) return 'none';
  const parts = list.map((item) => (typeof item === 'object' ? itemText(item) : String(item)));
  return parts.includes(null) ? null : parts.join(', ');
}

function itemText(item: Json): string | null {
  if (Array.isArray(item) || item === null) {
    // Ranges of statuses.
    const range = item as readonly Json[] | null;
    return range?.length === 2 ? [...new Set(range)].join('-') : null;
  }
  return mapText(item as JsonMap);
}

/** Small things that a person writes in one word. */
function mapText(map: JsonMap): string | null {
  if ('family' in map && 'port' in map) return addressText(map as BindPlan);
  if ('pool' in map && 'weight' in map) return `${String(map['pool'])} (${String(map['weight'])})`;
  if ('test' in map) return conditionText(map as unknown as FieldCondition);
  if ('name' in map && 'value' in map && Object.keys(map).length === 2) {
    const { name, value } = map as { name: string; value: string };
    return `${name}: ${SECRET_NAME.test(name) ? SECRET : value}`;
  }
  const { kind, path, source } = map;
  if (kind === 'exact' || kind === 'prefix') return pathText({ kind, path: String(path) });
  return kind === 'regex' && source !== undefined ? `~${String(source)}` : null;
}

function pathText(pattern: Exclude<PathPattern, { kind: 'regex' }>): string {
  return pattern.kind === 'exact' ? pattern.path : `${pattern.path}*`;
}

function conditionText({ name, test }: FieldCondition): string {
  if (test.kind === 'present') return name;
  if (test.kind === 'absent') return `no ${name}`;
  if (SECRET_NAME.test(name)) return `${name}: ${SECRET}`;
  return test.kind === 'exact' ? `${name}: ${test.value}` : `${name}: ~${test.source}`;
}

function numberText(key: string, value: number): string {
  if (key.endsWith('Ms')) return durationText(value);
  if (key.endsWith('Percent')) return `${value}%`;
  if (/Bytes$|^bufferMemory$|^bodyMinRate$/.test(key)) return sizeText(value);
  return /[a-z]S$/.test(key) ? `${value}s` : String(value);
}

/** Words of the plan that the configuration has others for. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['binds', 'bind'],
  ['connect', 'connectTimeout'],
  ['stateFolder', 'state'],
  ['allowEncodedSlash', 'encodedSlash'],
  ['sendProxy', 'proxyProtocol'],
]);

function plainKey(key: string): string {
  return key.replace(/\[\d+\]$/, '');
}

function fieldName(path: readonly string[]): string {
  const [first, ...rest] = path;
  const whole = first === 'socket' || first === 'action' ? rest : path;
  const words = whole.map((key) => {
    const bare = plainKey(key).replace(/(?<=[a-z])(Ms|Bytes|Percent|S|Base64)$/, '');
    return (WORDS.get(bare) ?? bare) + (/\[\d+\]$/.exec(key)?.[0] ?? '');
  });
  return words.join('.').replace(/\.(kind|password)$/, (end) => {
    return end === '.kind' || words[0] === 'send' ? '' : end;
  });
}
