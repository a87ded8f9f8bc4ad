import type { PostgresProbePlan } from '../../config/plan-check.ts';
import type { DatabaseVerdict } from './query-result.ts';

/*
 * How far a replica is behind:
 *
 *   walreceiver connected ──► all it received is replayed ──► 0: an idle primary sends nothing
 *          │                              │ no
 *          │                              ▼
 *          │           replays within a moment what had been received ──► 0
 *          │                              │ no
 *          ▼ no                           ▼
 *   since the commit that was replayed last: nobody knows what the primary did meanwhile
 */

/** What a server is. Understood by every version since 9.0. */
export const ROLE_QUERY =
  "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only'), " +
  "current_setting('transaction_read_only')";

/**
 * The same and how far it is behind: whether a walreceiver is connected, whether all that it
 * received is replayed, where the received part ends, and the ms since the commit that was replayed
 * last. Since version 10. pg_stat_wal_receiver shows its row, if not what is in it, to every user.
 */
export const LAG_QUERY =
  `${ROLE_QUERY}, EXISTS (SELECT FROM pg_stat_wal_receiver), ` +
  'pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn(), pg_last_wal_receive_lsn(), ' +
  'floor(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)';

/** Whether everything up to `lsn` is replayed by now. */
export function replayedQuery(lsn: string): string {
  return `SELECT pg_last_wal_replay_lsn() >= '${lsn}'`;
}

/** A row of ROLE_QUERY or LAG_QUERY. */
export type PostgresState = {
  readonly isReplica: boolean;
  readonly isReadOnly: boolean;
  readonly isStreaming: boolean;
  readonly isAllReplayed: boolean;
  /** End of what was received; "" where nothing was, or nobody asked. */
  readonly receivedLsn: string;
  /** Since the commit that was replayed last; null where there is none. */
  readonly sinceCommitMs: number | null;
};

/** Reads the row; null where it is not what PostgreSQL answers. */
export function readState(row: readonly (string | null)[]): PostgresState | null {
  const [inRecovery, ...rest] = row;
  if (inRecovery !== 't' && inRecovery !== 'f') return null;
  const [byDefault, now, streaming, replayed, lsn, sinceCommit] = rest;
  if (sinceCommit !== undefined && sinceCommit !== null && !/^-?[0-9]{1,15}$/.test(sinceCommit)) {
    return null;
  }
  return {
    isReplica: inRecovery === 't',
    isReadOnly: byDefault !== 'off' || now !== 'off',
    isStreaming: streaming === 't',
    isAllReplayed: replayed === 't',
    receivedLsn: /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/.test(lsn ?? '') ? lsn! : '',
    // A primary whose clock is ahead of the replica's.
    sinceCommitMs: typeof sinceCommit === 'string' ? Math.max(0, Number(sinceCommit)) : null,
  };
}

/** The verdict on role and lag, or null where only a second look can tell the lag. */
export function judgeState(plan: PostgresProbePlan, state: PostgresState): DatabaseVerdict | null {
  const role = state.isReplica ? 'replica' : 'primary';
  const found = !state.isReplica && state.isReadOnly ? 'read-only primary' : role;
  const isWrong = plan.role === 'primary' ? found !== 'primary' : role !== plan.role;
  if (plan.role !== 'any' && isWrong) {
    return { reason: 'role', detail: `the role is ${found}, expected ${plan.role}` };
  }
  if (!state.isReplica || plan.maxLagMs === 0) return { reason: 'check-passed', detail: found };
  if (state.isStreaming && state.isAllReplayed) return passedAt(0);
  if (state.sinceCommitMs !== null && state.sinceCommitMs <= plan.maxLagMs) {
    return passedAt(state.sinceCommitMs);
  }
  if (state.isStreaming && state.receivedLsn !== '') return null;
  return behind(state);
}

/** The verdict on the lag once it is known whether the replica came to what had been received. */
export function judgeCatchUp(state: PostgresState, hasCaughtUp: boolean): DatabaseVerdict {
  return hasCaughtUp ? passedAt(0) : behind(state);
}

function passedAt(lagMs: number): DatabaseVerdict {
  return { reason: 'check-passed', detail: `replica, ${lagMs} ms behind` };
}

function behind({ isStreaming, sinceCommitMs }: PostgresState): DatabaseVerdict {
  const link = isStreaming ? '' : ', not connected to its primary';
  const lag = sinceCommitMs === null ? 'unknown lag' : `${sinceCommitMs} ms behind`;
  return { reason: 'lag', detail: `replica, ${lag}${link}` };
}
