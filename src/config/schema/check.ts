import type { z } from 'zod';
import { fieldMap, method } from './field.ts';
import { hostValue } from './host.ts';
import { requestTarget } from './path.ts';
import { integer } from './scalar.ts';
import { statusRange } from './status.ts';
import { oneOrMany, section } from './structure.ts';
import { bodyPattern } from './text.ts';
import { duration, percent } from './units.ts';

/** Least time between two checks in ms. */
const EVERY_MIN_MS = 10;

const httpProbe = section('Asks with a request of HTTP/1.1 and looks at the answer.', {
  path: requestTarget('Path, with a query where one is needed.').prefault('/'),
  method: method('Method.').prefault('GET'),
  host: hostValue('Value of Host; the address of the server where it is left out.').optional(),
  headers: fieldMap('Further fields of the request.', 'set the host with check.http.host').prefault(
    {},
  ),
  status: oneOrMany(
    'Statuses of a good answer: 200, "200-399", or a list of them.',
    statusRange('A status or a range.'),
  ).prefault('200-399'),
  body: bodyPattern('A text or ~regex that the first 64 KiB of the body must hold.').optional(),
});

/** Schema of `check`. */
export const checkSchema = section('How servers are checked: one of tcp and http.', {
  tcp: section('A server is well that accepts a connection.', {}).optional(),
  http: httpProbe.optional(),
  every: duration(
    'Time from the start of one check to the start of the next.',
    EVERY_MIN_MS,
  ).prefault('2s'),
  timeout: duration('For a whole check; 1s, or every where that is less.').optional(),
  rise: integer(1, 1_000, 'Good checks in a row until a server that is down is up.').prefault(2),
  fall: integer(1, 1_000, 'Bad checks in a row until a server that is up is down.').prefault(3),
  downEvery: duration(
    'Time between checks of a server that is down; 1s, or every where that is less.',
    EVERY_MIN_MS,
  ).optional(),
  changingEvery: duration(
    'Time between checks while a verdict is changing; 1s, or every where that is less.',
    EVERY_MIN_MS,
  ).optional(),
  jitter: percent('Share of itself by which each wait is spread.', 50).prefault('10%'),
  port: integer(1, 65_535, "Another port than the server's own.").optional(),
});

/** A check with its defaults filled in. */
export type CheckConfig = z.output<typeof checkSchema>;

/** Longest default timeout of a check, and interval while a server is down or changing, in ms. */
const DEFAULT_MAX_MS = 1_000;

/** The times of a check in ms, those included that follow from `every`. */
export function checkTimes(check: CheckConfig): {
  readonly timeoutMs: number;
  readonly downEveryMs: number;
  readonly changingEveryMs: number;
} {
  const byDefault = Math.min(check.every, DEFAULT_MAX_MS);
  return {
    timeoutMs: check.timeout ?? byDefault,
    downEveryMs: check.downEvery ?? byDefault,
    changingEveryMs: check.changingEvery ?? byDefault,
  };
}
