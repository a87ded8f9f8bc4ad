import type { z } from 'zod';
import { dnsCheck } from './check/dns.ts';
import { execCheck } from './check/exec.ts';
import { grpcCheck } from './check/grpc.ts';
import { httpCheck } from './check/http.ts';
import { ldapCheck } from './check/ldap.ts';
import { redisCheck } from './check/redis.ts';
import { sipCheck } from './check/sip.ts';
import { smtpCheck } from './check/smtp.ts';
import { mysqlCheck, postgresCheck } from './check/sql.ts';
import { tcpCheck } from './check/tcp.ts';
import { integer, word } from './scalar.ts';
import { section } from './structure.ts';
import { poolReference } from './text.ts';
import { duration, percent } from './units.ts';

/** Least time between two checks in ms. */
const EVERY_MIN_MS = 10;

/** The kinds of checks, of which each has one. */
export const CHECK_KINDS = [
  'tcp',
  'http',
  'postgres',
  'mysql',
  'redis',
  'smtp',
  'ldap',
  'grpc',
  'dns',
  'sip',
  'exec',
] as const;

/** Schema of `check`. */
export const checkSchema = section('How servers are checked: one kind, and when.', {
  tcp: tcpCheck.optional(),
  http: httpCheck.optional(),
  postgres: postgresCheck.optional(),
  mysql: mysqlCheck.optional(),
  redis: redisCheck.optional(),
  smtp: smtpCheck.optional(),
  ldap: ldapCheck.optional(),
  grpc: grpcCheck.optional(),
  dns: dnsCheck.optional(),
  sip: sipCheck.optional(),
  exec: execCheck.optional(),
  sameAs: poolReference(
    'A pool whose verdicts count here too, for servers of the same name, else of the same host. In place of a kind.',
  ).optional(),
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
  start: word(
    ['unknown', 'up', 'down'],
    'What a server counts as until its first verdict; down where a role is asked for, else unknown.',
  ).optional(),
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
