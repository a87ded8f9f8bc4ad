import type { RedisProbePlan } from '../../config/plan-check.ts';
import type { ProbeReason } from './probe.ts';

/** What an answer of Redis means for the check. */
export type RedisVerdict = { readonly reason: ProbeReason; readonly detail: string };

const REASON_BY_CODE: Readonly<Record<string, ProbeReason>> = {
  WRONGPASS: 'auth-failed',
  NOAUTH: 'auth-failed',
  NOPERM: 'auth-failed',
  LOADING: 'starting-up',
  // A replica that has lost its primary and is told not to serve what it has.
  MASTERDOWN: 'lag',
};

/** The verdict on an error; `command` is what it answers. */
export function verdictOfError(text: string, command: string): RedisVerdict {
  // Without a code of its own, and sent before any command is read.
  if (text.startsWith('ERR max number of clients')) {
    return { reason: 'too-many-clients', detail: 'ERR: the limit of clients is reached' };
  }
  const code = /^[A-Z]{2,20}(?= |$)/.exec(text)?.[0] ?? 'an error without a code';
  const reason = REASON_BY_CODE[code] ?? (command === 'AUTH' ? 'auth-failed' : 'server-error');
  return { reason, detail: `${code} to ${command}` };
}

/** The fields of `INFO replication` that a check looks at. */
export type Replication = {
  readonly role: 'primary' | 'replica';
  /** Whether the link to the primary stands; true at a primary. */
  readonly isLinked: boolean;
  /** Whether a copy of all data is on its way from the primary. */
  readonly isCopying: boolean;
  /** Since the primary was last heard of, in s; -1 where it is not known. */
  readonly silentS: number;
};

/** Reads `INFO replication`; a text where it is not what Redis writes. */
export function readReplication(info: string): Replication | string {
  const fields = new Map<string, string>();
  for (const line of info.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const role = fields.get('role');
  if (role === 'master') return { role: 'primary', isLinked: true, isCopying: false, silentS: 0 };
  if (role !== 'slave') return 'INFO replication has no role that is known';
  const isLinked = fields.get('master_link_status') === 'up';
  const silence = fields.get(isLinked ? 'master_last_io_seconds_ago' : LINK_DOWN);
  const isKnown = /^[0-9]{1,10}$/.test(silence ?? '');
  return {
    role: 'replica',
    isLinked,
    isCopying: fields.get('master_sync_in_progress') === '1',
    silentS: isKnown ? Number(silence) : -1,
  };
}

const LINK_DOWN = 'master_link_down_since_seconds';

/** Whether what replicates as it does is what the check asks for. */
export function judgeReplication(plan: RedisProbePlan, found: Replication): RedisVerdict {
  const { role } = found;
  if (plan.role !== 'any' && role !== plan.role) {
    return { reason: 'role', detail: `the role is ${role}, expected ${plan.role}` };
  }
  if (role === 'primary') return { reason: 'check-passed', detail: 'primary' };
  if (found.isCopying) {
    return { reason: 'starting-up', detail: 'the replica is copying all data from its primary' };
  }
  const silence = found.silentS < 0 ? 'for an unknown time' : `for ${found.silentS} s`;
  const link = found.isLinked ? `primary silent ${silence}` : `link to its primary down ${silence}`;
  const isBehind = !found.isLinked || found.silentS < 0 || found.silentS * 1000 > plan.maxLagMs;
  if (plan.maxLagMs > 0 && isBehind) return { reason: 'lag', detail: `replica, ${link}` };
  return { reason: 'check-passed', detail: `replica, ${link}` };
}
