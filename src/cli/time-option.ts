/** Times on the command line. */
import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a time such as `60s`. */
export function parseTime(text: string): number {
  const match = /^(\d{1,6})(ms|s|m|h)$/.exec(text);
  if (match !== null) return Number(match[1]) * UNITS[match[2]!]!;
  throw new InvalidArgumentError('Write a number and a unit: 500ms, 60s, 5m, 1h.');
}
