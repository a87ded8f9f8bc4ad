import type { ProbeReason } from './probe.ts';
import type { DatabaseVerdict } from './query-result.ts';

/** By number of the error (MySQL Server Error Reference): the reason and what it means. */
const MEANINGS: Readonly<Record<number, readonly [ProbeReason, string]>> = {
  1040: ['too-many-clients', 'the server takes no more clients'],
  1044: ['auth-failed', 'the user may not use the database'],
  1045: ['auth-failed', 'wrong user or password'],
  1049: ['server-error', 'the database does not exist'],
  1053: ['starting-up', 'the server is stopping'],
  1129: ['auth-failed', 'the server has blocked this host after too many errors'],
  1130: ['auth-failed', 'the server does not admit this host'],
  1203: ['too-many-clients', 'the user has as many connections as it may'],
  1226: ['too-many-clients', 'the user has used up what it may in an hour'],
  1227: ['server-error', 'the user lacks a privilege'],
  1698: ['auth-failed', 'the user does not log in by password'],
  1820: ['auth-failed', 'the password has expired'],
  1862: ['auth-failed', 'the password has expired'],
  1969: ['timeout', 'the query took too long'],
  3024: ['timeout', 'the query took too long'],
};

/** Errors that the library makes itself, by its code. */
const OWN: ReadonlyMap<unknown, readonly [ProbeReason, string]> = new Map([
  ['HANDSHAKE_NO_SSL_SUPPORT', ['tls-handshake', 'the server does not speak TLS']],
  ['AUTH_SWITCH_PLUGIN_ERROR', ['auth-failed', 'the server wants a login that is not known here']],
  [
    'MYSQL_CLEAR_PASSWORD_NOT_ENABLED',
    ['auth-failed', 'the server wants the password in clear text'],
  ],
]);

/** Number of the error that says that the server does not know a statement. */
export const SYNTAX_ERROR = 1064;

/** The number that the server gave an error, 0 where the error is not the server's. */
export function numberOf(error: Error): number {
  const { errno } = error as { errno?: unknown };
  return typeof errno === 'number' ? errno : 0;
}

/**
 * The verdict on an error of the server or of the library. `otherwise` is the reason of an error of
 * the server that is none of the above. The texts of errors are not shown: they hold what the
 * server likes.
 */
export function verdictOfMysql(error: Error, otherwise: ProbeReason): DatabaseVerdict {
  const number = numberOf(error);
  if (number > 0) {
    const [reason, meaning] = MEANINGS[number] ?? [otherwise, ''];
    return { reason, detail: meaning === '' ? `error ${number}` : `error ${number}: ${meaning}` };
  }
  const own = OWN.get((error as { code?: unknown }).code);
  if (own !== undefined) return { reason: own[0], detail: own[1] };
  return { reason: 'protocol', detail: 'the server sent what its protocol does not have here' };
}
