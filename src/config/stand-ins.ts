import type { ConfigPath } from './diagnostic.ts';

/**
 * Values for required keys that are missing or were refused, so that what stands around them is
 * still looked at. Each is one that no rule can complain of: port 0 overlaps with nothing.
 */
const STAND_INS: { readonly [place: string]: unknown } = {
  listeners: {},
  'listeners/*/bind': '127.0.0.1:0',
  'pools/*/servers': ['127.0.0.1:1'],
};

/** A valid value for the required key at `path`; undefined where there is none of general use. */
export function standInFor(path: ConfigPath): unknown {
  const place = path.map((step, depth) => (depth === 1 ? '*' : step)).join('/');
  return structuredClone(STAND_INS[place]);
}
