import type { ProbeReason } from './probe.ts';
import type { DatabaseVerdict } from './query-result.ts';

/** By SQLSTATE (PostgreSQL, Appendix A): the reason and what it means. */
const MEANINGS: Readonly<Record<string, readonly [ProbeReason, string]>> = {
  '28P01': ['auth-failed', 'wrong user or password'],
  '28000': ['auth-failed', 'the server does not admit this user from here'],
  '42501': ['server-error', 'the user lacks a privilege'],
  '3D000': ['server-error', 'the database does not exist'],
  '53300': ['too-many-clients', 'the server takes no more clients'],
  '57P03': ['starting-up', 'the server is starting, stopping or recovering'],
  '57P01': ['starting-up', 'the server is stopping'],
  '57014': ['timeout', 'the query took too long'],
};

/**
 * The verdict on an error of the server or of the library. `otherwise` is the reason of an error of
 * the server that is none of the above. The texts of errors are not shown: they hold what the
 * server likes.
 */
export function verdictOfPostgres(error: Error, otherwise: ProbeReason): DatabaseVerdict {
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) {
    const [reason, meaning] = MEANINGS[code] ?? [otherwise, ''];
    return { reason, detail: meaning === '' ? code : `${code}: ${meaning}` };
  }
  if (/^SASL:.*signature does not match/.test(error.message)) {
    return {
      reason: 'auth-failed',
      detail: 'the server does not prove that it knows the password',
    };
  }
  if (error.message.startsWith('SASL:')) {
    return { reason: 'protocol', detail: 'the login by SCRAM-SHA-256 is not as it should be' };
  }
  return { reason: 'protocol', detail: 'the server sent what its protocol does not have here' };
}
