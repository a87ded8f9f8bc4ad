import { quote } from '../quote.ts';
import { Problem, problemOf, scalar, wrongType } from './scalar.ts';
import type { Scalar, ScalarMeta } from './scalar.ts';

const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['kB', 1_000],
  ['KB', 1_000],
  ['MB', 1_000_000],
  ['GB', 1_000_000_000],
  ['KiB', 1_024],
  ['MiB', 1_048_576],
  ['GiB', 1_073_741_824],
]);

/** Longest duration: what fits a signed 32-bit count of milliseconds, rounded down to days. */
export const DURATION_MAX_MS = 24 * 86_400_000;

const DURATION_HINT = 'write a number and a unit: 500ms, 5s, 1m, 1h, 1d';
const SIZE_HINT = 'write a number and a unit: 100B, 16KiB, 1MiB, 10MB';

/** The text of a duration in ms, in the greatest unit that divides it. */
export function durationText(ms: number): string {
  if (ms === 0) return '0s';
  const [unit, factor] = [...DURATION_UNITS].findLast((pair) => ms % pair[1] === 0) ?? ['ms', 1];
  return `${ms / factor}${unit}`;
}

/** The text of a size in bytes, in the greatest binary unit that divides it. */
export function sizeText(bytes: number): string {
  if (bytes === 0) return '0B';
  const binary = [...SIZE_UNITS].filter(([unit]) => unit === 'B' || unit.endsWith('iB'));
  const [name, factor] = binary.findLast((pair) => bytes % pair[1] === 0) ?? ['B', 1];
  return `${bytes / factor}${name}`;
}

/** The unit that a longer word such as `sec` or `minutes` stands for, or null. */
function meantUnit(unit: string): string | null {
  const lower = unit.toLowerCase();
  if (/^(?:ms|msecs?|millis?|milliseconds?)$/.test(lower)) return 'ms';
  if (/^(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)$/.test(lower)) {
    return lower.charAt(0);
  }
  return null;
}

/** Milliseconds of a text such as `1.5s`, or what is wrong with it. */
export function parseDuration(text: string): number | Problem {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-zµ]*)$/.exec(text);
  if (match === null) {
    return new Problem('BAL_CONFIG_DURATION', `${quote(text)} is not a duration`, DURATION_HINT);
  }
  const unit = DURATION_UNITS.get(match[2] ?? '');
  if (unit === undefined) {
    const near = match[2] === '' ? 's' : meantUnit(match[2] ?? '');
    const hint =
      near === null ? DURATION_HINT : `did you mean ${match[1]}${near}? ${DURATION_HINT}`;
    return new Problem('BAL_CONFIG_DURATION', `${quote(text)} is not a duration`, hint);
  }
  const ms = Math.round(Number(match[1]) * unit * 1e6) / 1e6;
  if (Number.isInteger(ms)) return ms;
  const message = `${quote(text)} is not a whole number of milliseconds`;
  return new Problem('BAL_CONFIG_DURATION', message, DURATION_HINT);
}

/** A schema for a duration in ms, from `minimumMs` to `maximumMs`, both included. */
export function duration(
  description: string,
  minimumMs = 1,
  maximumMs = DURATION_MAX_MS,
): Scalar<number> {
  const pattern = '^\\d+(\\.\\d+)?\\s*(ms|s|m|h|d)$';
  const range = `${durationText(minimumMs)} to ${durationText(maximumMs)}`;
  return scalar({ title: 'duration', type: 'string', pattern, range }, description, (value) => {
    if (typeof value === 'number') {
      const hint = `did you mean ${value}s or ${value}ms? A duration needs a unit`;
      return new Problem('BAL_CONFIG_DURATION', `${value} is not a duration`, hint);
    }
    if (typeof value !== 'string') return wrongType(value, 'a duration', DURATION_HINT);
    const ms = parseDuration(value);
    if (ms instanceof Problem || (ms >= minimumMs && ms <= maximumMs)) return ms;
    const message = `${quote(value)} is out of range`;
    return new Problem('BAL_CONFIG_OUT_OF_RANGE', message, `write a duration from ${range}`);
  });
}

const DAY_MS = 86_400_000;

/** A schema for whole days, from `minimum` to `maximum`, both included. */
export function wholeDays(description: string, minimum: number, maximum: number): Scalar<number> {
  const inner = duration(description, minimum * DAY_MS, maximum * DAY_MS);
  const meta = inner.meta() as unknown as ScalarMeta;
  return scalar(meta, description, (value) => {
    const result = inner.safeParse(value);
    const problem = problemOf(result);
    if (problem !== null) return problem;
    const ms = result.data ?? 0;
    if (ms % DAY_MS === 0) return ms / DAY_MS;
    const message = `${quote(value)} is not a whole number of days`;
    return new Problem('BAL_CONFIG_DURATION', message, 'write days such as 30d');
  });
}

/** Bytes of a text such as `16KiB`, or what is wrong with it. */
export function parseSize(text: string): number | Problem {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text);
  const unit = match === null ? undefined : SIZE_UNITS.get(match[2] ?? '');
  if (match === null || unit === undefined) {
    const letter = (match?.[2] ?? '').charAt(0).toUpperCase();
    const near = 'KMG'.includes(letter) && letter !== '' ? `${letter}iB` : null;
    const hint = near === null ? SIZE_HINT : `did you mean ${match?.[1]}${near}? ${SIZE_HINT}`;
    return new Problem('BAL_CONFIG_SIZE', `${quote(text)} is not a size`, hint);
  }
  const bytes = Number(match[1]) * unit;
  if (Number.isInteger(bytes)) return bytes;
  const message = `${quote(text)} is not a whole number of bytes`;
  return new Problem('BAL_CONFIG_SIZE', message, SIZE_HINT);
}

/** A schema for a size in bytes, from `minimum` to `maximum`; a plain number counts bytes. */
export function size(description: string, minimum: number, maximum: number): Scalar<number> {
  const pattern = '^\\d+(\\.\\d+)?\\s*(B|[kK]B|[KMG]iB|[MG]B)$';
  const isOpen = maximum === Number.MAX_SAFE_INTEGER;
  const range = `${sizeText(minimum)} ${isOpen ? 'or more' : `to ${sizeText(maximum)}`}`;
  const type = ['string', 'integer'];
  return scalar({ title: 'size', type, pattern, minimum: 0, range }, description, (value) => {
    if (typeof value !== 'string' && typeof value !== 'number') {
      return wrongType(value, 'a size', SIZE_HINT);
    }
    const bytes = typeof value === 'number' ? value : parseSize(value);
    if (bytes instanceof Problem) return bytes;
    if (Number.isInteger(bytes) && bytes >= minimum && bytes <= maximum) return bytes;
    const hint = `write a size from ${range}`;
    return new Problem('BAL_CONFIG_OUT_OF_RANGE', `${quote(value)} is out of range`, hint);
  });
}

/** A schema for a share such as `20%`, from `minimum` to `maximum`, in whole percent. */
export function percent(description: string, maximum = 100, minimum = 0): Scalar<number> {
  const range = `${minimum}% to ${maximum}%`;
  const hint = `write a whole number and a percent sign, from ${range}`;
  const meta = { title: 'percent', type: 'string', pattern: '^\\d+%$', range } as const;
  return scalar(meta, description, (value) => {
    const match = typeof value === 'string' ? /^(\d+)%$/.exec(value) : null;
    if (match === null) {
      const message = `${quote(value)} is not a share`;
      const isWrongKind = typeof value === 'object';
      const asked = typeof value === 'number' ? `did you mean ${value}%? ` : '';
      return new Problem('BAL_CONFIG_PERCENT', message, asked + hint, isWrongKind);
    }
    const share = Number(match[1]);
    if (share >= minimum && share <= maximum) return share;
    return new Problem('BAL_CONFIG_OUT_OF_RANGE', `${quote(value)} is out of range`, hint);
  });
}
