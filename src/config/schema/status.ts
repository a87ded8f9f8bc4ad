import { quote } from '../quote.ts';
import { Problem, scalar, wrongType } from './scalar.ts';
import type { Scalar } from './scalar.ts';

/** A schema for a status of HTTP from `least` to `most`. */
export function status(description: string, least: number, most: number): Scalar<number> {
  const meta = { title: 'status', type: 'integer', minimum: least, maximum: most } as const;
  return scalar(meta, description, (value) => {
    const hint = `write a status from ${least} to ${most}`;
    if (typeof value === 'string' && /^\d{3}$/.test(value)) {
      return wrongType(value, 'a number', `remove the quotes: ${value}`);
    }
    if (typeof value !== 'number') return wrongType(value, 'a status', hint);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    return new Problem('BAL_CONFIG_STATUS', `${value} is not a status that can stand here`, hint);
  });
}

/** A schema for a status that is the key of a map, so that it arrives as text. */
export function statusKey(description: string, allowed: readonly number[]): Scalar<string> {
  const meta = { title: 'status', type: 'string', pattern: '^[45]\\d\\d$' } as const;
  return scalar(meta, description, (value) => {
    if (typeof value === 'string' && allowed.includes(Number(value))) return value;
    const message = `Ballast never answers ${quote(Number(value) || value)} by itself`;
    return new Problem('BAL_CONFIG_STATUS', message, `allowed: ${allowed.join(', ')}`);
  });
}

/** An inclusive range of statuses. */
export type StatusRange = readonly [number, number];

/** A schema for a status or a range such as `200-399`, up to `maximum`. */
export function statusRange(description: string, maximum = 599): Scalar<StatusRange> {
  const meta = { title: 'status or range', type: ['integer', 'string'], examples: ['200-399'] };
  return scalar<StatusRange>(meta, description, (value) => {
    const hint = 'write a status such as 204 or a range such as "200-399"';
    if (typeof value !== 'string' && typeof value !== 'number') {
      return wrongType(value, 'a status or a range', hint);
    }
    const match = /^(\d{3})(?:-(\d{3}))?$/.exec(String(value));
    const low = Number(match?.[1]);
    const high = Number(match?.[2] ?? low);
    if (match !== null && low >= 100 && high <= maximum && low <= high) return [low, high];
    return new Problem('BAL_CONFIG_STATUS', `${quote(value)} is not a range of statuses`, hint);
  });
}
