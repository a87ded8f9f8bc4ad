/** What people and machines are told of the certificates of ACME. */
import {
  waitMs,
  type AcmeEntry,
  type AcmeNow,
  type AcmeState,
} from '../../machine/acme-renewal.ts';
import type { AcmePlan } from '../../config/plan-tls.ts';
import type { LastError } from './tries.ts';

/** Words for where a certificate stands; `waiting` is one whose first turn is still to come. */
export const ACME_STATES = ['waiting', 'obtaining', 'valid', 'renewing', 'failed'] as const;

/** One certificate in the status report. */
export type AcmeStatus = {
  /** Its key in `certificates`. */
  readonly name: string;
  readonly names: readonly string[];
  readonly directory: string;
  readonly challenge: string;
  readonly state: (typeof ACME_STATES)[number];
  /** End of the certificate that serves, ISO 8601; null while there is none. */
  readonly notAfter: string | null;
  /** When it is ordered next, ISO 8601; null while that is under way. */
  readonly nextTry: string | null;
  /** Failures in a row. */
  readonly failures: number;
  /** Why the latest order failed; null when it did not. */
  readonly lastError: LastError | null;
};

/** Numbers of orders since the start. */
export type AcmeCounters = { obtained: number; readonly failures: Map<string, number> };

type Known = { readonly plan: AcmePlan; readonly lastError: LastError | null };

/** The status of one entry. */
export function acmeStatus(
  state: AcmeState,
  entry: AcmeEntry,
  known: Known,
  now: AcmeNow,
): AcmeStatus {
  const { key, held, kept } = entry;
  const { plan, lastError } = known;
  const isRunning = state.running?.key === key;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    name: key,
    names: plan.names,
    directory: plan.directory,
    challenge: plan.challenge,
    state: wordOf(entry, isRunning, lastError !== null),
    notAfter: held === null ? null : iso(held.notAfterMs),
    nextTry: isRunning ? null : iso(now.wallMs + waitMs(state, entry, now)),
    failures: kept.failures,
    lastError,
  };
}

function wordOf({ held }: AcmeEntry, isRunning: boolean, hasFailed: boolean): AcmeStatus['state'] {
  if (isRunning) return held === null ? 'obtaining' : 'renewing';
  if (hasFailed) return 'failed';
  return held?.isAsked === true ? 'valid' : 'waiting';
}
