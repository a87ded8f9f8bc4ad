import { createHash } from 'node:crypto';

/** The value with the keys of its objects in order, and without those in `left`. */
function canonical(value: unknown, left: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => canonical(item, left));
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value).filter((key) => !left.has(key));
  const source = value as Record<string, unknown>;
  return Object.fromEntries(keys.sort().map((key) => [key, canonical(source[key], left)]));
}

/**
 * SHA-256 of a JSON value, hex, whatever the order of its keys. Keys in `left` do not count, at any
 * depth.
 */
export function digest(value: unknown, left: readonly string[] = []): string {
  const text = JSON.stringify(canonical(value, new Set(left)));
  return createHash('sha256').update(text).digest('hex');
}
