import { createHash } from 'node:crypto';

/** JSON of a value with the keys of its objects in order, and without those in `left`. */
function canonicalJson(value: unknown, left: ReadonlySet<string>): string {
  if (Array.isArray(value)) {
    return `[${value.map((item) => canonicalJson(item, left)).join()}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const source = value as Record<string, unknown>;
  const keys = Object.keys(source).filter((key) => !left.has(key));
  const pairs = keys.sort().map((key) => {
    return `${JSON.stringify(key)}:${canonicalJson(source[key], left)}`;
  });
  return `{${pairs.join()}}`;
}

/**
 * SHA-256 of a JSON value, hex, whatever the order of its keys. Keys in `left` do not count, at any
 * depth.
 */
export function digest(value: unknown, left: readonly string[] = []): string {
  return createHash('sha256')
    .update(canonicalJson(value, new Set(left)))
    .digest('hex');
}
