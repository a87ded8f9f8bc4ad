import type { z } from 'zod';
import type { MysqlProbePlan, PostgresProbePlan, QueryPlan } from '../../plan-check.ts';
import { section } from '../structure.ts';
import { anyText, text } from '../text.ts';
import { roleKeys } from './role.ts';
import { passwordKeys, secretPlan } from './secret.ts';
import { tlsPlan, tlsSchema } from './tls.ts';
import type { CheckSurroundings } from './tls.ts';

/** Longest query in characters. */
const QUERY_MAX = 8_192;

/** Longest name of a user or a database in characters. */
const NAME_MAX = 256;

const keys = {
  user: text('User to log in as.', NAME_MAX),
  ...passwordKeys(),
  tls: tlsSchema,
  ...roleKeys('A replica that is behind its primary by more is down.'),
  query: text('A query to ask after the login.', QUERY_MAX).optional(),
  expect: anyText(
    'What the first column of its first row must be, as text; by default any answer will do.',
    1_024,
  ).optional(),
};

/** Schema of `check.postgres`. */
export const postgresCheck = section(
  'Logs in to PostgreSQL: SCRAM-SHA-256, md5, password or trust.',
  {
    ...keys,
    database: text('Database to connect to.', NAME_MAX).prefault('postgres'),
  },
);

/** Schema of `check.mysql`. */
export const mysqlCheck = section('Logs in to MySQL or MariaDB.', {
  ...keys,
  database: anyText('Database to connect to; "" is none.', NAME_MAX).prefault(''),
});

type SqlConfig = z.output<typeof postgresCheck> | z.output<typeof mysqlCheck>;

function queryPlan(given: SqlConfig): QueryPlan | null {
  return given.query === undefined ? null : { text: given.query, expect: given.expect ?? null };
}

function sqlProbe(given: SqlConfig, around: CheckSurroundings) {
  return {
    user: given.user,
    password: secretPlan(given, around.folder),
    database: given.database,
    tls: tlsPlan(given.tls, around),
    role: given.role,
    maxLagMs: given.maxLag ?? 0,
    query: queryPlan(given),
  };
}

/** `check.postgres` as the plan has it. */
export function postgresProbe(
  check: z.output<typeof postgresCheck>,
  around: CheckSurroundings,
): PostgresProbePlan {
  return { kind: 'postgres', ...sqlProbe(check, around) };
}

/** `check.mysql` as the plan has it. */
export function mysqlProbe(
  check: z.output<typeof mysqlCheck>,
  around: CheckSurroundings,
): MysqlProbePlan {
  return { kind: 'mysql', ...sqlProbe(check, around) };
}
