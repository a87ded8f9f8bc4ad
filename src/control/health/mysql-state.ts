import type { MysqlProbePlan } from '../../config/plan-check.ts';
import type { DatabaseVerdict } from './query-result.ts';

/** A result: the names of its columns, and its rows with every value as text. */
export type TextRows = {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
};

/**
 * Whether the server takes writes, in variables that every user may see. Servers differ in which of
 * them they have; a reader of Amazon Aurora tells it by `innodb_read_only` alone.
 */
export const READ_ONLY_QUERY =
  'SHOW GLOBAL VARIABLES WHERE Variable_name ' +
  "IN ('read_only', 'super_read_only', 'innodb_read_only')";

/** Of MySQL since 8.0.22 and of MariaDB since 10.5; the older word is for the versions before. */
export const REPLICA_QUERIES = ['SHOW REPLICA STATUS', 'SHOW SLAVE STATUS'] as const;

/** The variables that forbid writes; null where it is not what such a server answers. */
export function readReadOnly({ rows }: TextRows): readonly string[] | null {
  if (!rows.some(([name]) => name?.toLowerCase() === 'read_only')) return null;
  const on = rows.filter(([, value]) => value !== 'OFF' && value !== '0');
  return on.map(([name]) => name?.toLowerCase() ?? '');
}

/** The verdict on a server that must take writes; `on` is what readReadOnly gave. */
export function judgePrimary(on: readonly string[]): DatabaseVerdict {
  if (on.length === 0) return { reason: 'check-passed', detail: 'takes writes' };
  const known = on.filter((name) => /^(?:super_|innodb_)?read_only$/.test(name));
  return { reason: 'role', detail: `the server is read-only (${known.join(', ')})` };
}

/** How one server replicates: the worst of its channels. */
export type Replicating = {
  readonly isReplica: boolean;
  readonly isReceiving: boolean;
  readonly isApplying: boolean;
  /** null: not known. */
  readonly behindS: number | null;
};

/** Reads SHOW REPLICA STATUS, in which versions differ by words; null where it is none. */
export function readReplicating({ columns, rows }: TextRows): Replicating | null {
  const place = (pattern: RegExp): number => columns.findIndex((name) => pattern.test(name));
  const receiving = place(/^(?:Replica|Slave)_IO_Running$/);
  const applying = place(/^(?:Replica|Slave)_SQL_Running$/);
  const behind = place(/^Seconds_Behind_(?:Source|Master)$/);
  if (rows.length > 0 && Math.min(receiving, applying, behind) < 0) return null;
  let behindS: number | null = 0;
  for (const row of rows) {
    const text = row[behind] ?? '';
    const isKnown: boolean = behindS !== null && /^[0-9]{1,10}$/.test(text);
    behindS = isKnown ? Math.max(behindS!, Number(text)) : null;
  }
  return {
    isReplica: rows.length > 0,
    // The thread runs too while it cannot reach the source ("Connecting"): the lag tells that.
    isReceiving: rows.every((row) => row[receiving] !== 'No'),
    isApplying: rows.every((row) => row[applying] === 'Yes'),
    behindS,
  };
}

/** The verdict on a server that may replicate. */
export function judgeReplicating(plan: MysqlProbePlan, found: Replicating): DatabaseVerdict {
  const { isReplica, isReceiving, isApplying, behindS } = found;
  if (!isReplica) {
    if (plan.role !== 'replica')
      return { reason: 'check-passed', detail: 'replicates from nobody' };
    return { reason: 'role', detail: 'the server replicates from nobody, expected replica' };
  }
  if (!isReceiving || !isApplying) {
    const stopped = [isReceiving ? '' : 'IO', isApplying ? '' : 'SQL'].filter(
      (name) => name !== '',
    );
    const detail = `replica, stopped: ${stopped.join(' and ')} thread`;
    return { reason: plan.role === 'replica' ? 'role' : 'lag', detail };
  }
  const lag = behindS === null ? 'unknown lag' : `${behindS} s behind`;
  const isBehind = behindS === null || behindS * 1000 > plan.maxLagMs;
  if (plan.maxLagMs > 0 && isBehind) return { reason: 'lag', detail: `replica, ${lag}` };
  return { reason: 'check-passed', detail: `replica, ${lag}` };
}
