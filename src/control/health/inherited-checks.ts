/** Verdicts of the checks of another process, for a checker that begins where that one was. */
import { monotonicMs } from '../../sys/monotonic.ts';
import { createHash } from 'node:crypto';
import type { HealthState, Observed } from '../../machine/health.ts';
import type { ProbeTarget } from './probe.ts';
import type { ServerCheck } from './server-check.ts';

/** What is known of one server. */
export type InheritedCheck = {
  /** What was asked: another question has another answer. */
  readonly question: string;
  readonly observed: Observed;
  readonly streak: number;
  readonly reason: string;
  readonly detail: string;
  /** Since when, on CLOCK_MONOTONIC. */
  readonly sinceMs: number;
};

/** By keys of servers. */
export type InheritedChecks = ReadonlyMap<string, InheritedCheck>;

const OBSERVED: ReadonlySet<unknown> = new Set(['up', 'falling', 'rising', 'down']);
/** Longest reason and detail that are taken over, in characters. */
const TEXT_MAX = 1_000;

/** What there is to hand over of a server; null where nothing is known of it. */
export function checkToHandOver(entry: ServerCheck, now: number): InheritedCheck | null {
  const { target, state } = entry;
  if (target === null || state.isAssumed || state.observed === 'unknown') return null;
  const { observed, streak, reason, detail, sinceMs } = state;
  return {
    question: questionOf(target),
    observed,
    streak,
    reason,
    detail,
    sinceMs: monotonicMs() - (now - sinceMs),
  };
}

/** The state of a server that begins with what another process knew; null where that is nothing. */
export function stateFrom(
  inherited: InheritedCheck | undefined,
  { target, state }: ServerCheck,
  now: number,
): HealthState | null {
  if (inherited === undefined || target === null) return null;
  if (inherited.question !== questionOf(target)) return null;
  const { observed, streak, reason, detail, sinceMs } = inherited;
  return {
    ...state,
    observed,
    isAssumed: false,
    streak,
    reason,
    detail,
    sinceMs: now - (monotonicMs() - sinceMs),
  };
}

/** Reads what another process wrote; entries that make no sense are left out. Throws for no map. */
export function readInheritedChecks(all: Readonly<Record<string, unknown>>): InheritedChecks {
  const checks = new Map<string, InheritedCheck>();
  for (const [key, value] of Object.entries(all)) {
    if (typeof value !== 'object' || value === null) continue;
    const check = value as Partial<InheritedCheck>;
    const { question, observed, streak, reason, detail, sinceMs } = check;
    const isText = typeof reason === 'string' && typeof detail === 'string';
    const isNumber = Number.isInteger(streak) && Number.isFinite(sinceMs);
    if (typeof question !== 'string' || !OBSERVED.has(observed) || !isText || !isNumber) continue;
    if (reason.length > TEXT_MAX || detail.length > TEXT_MAX) continue;
    checks.set(key, check as InheritedCheck);
  }
  return checks;
}

/** A digest: what a check sends may be secret. */
function questionOf({ address, probe }: ProbeTarget): string {
  return createHash('sha256')
    .update(JSON.stringify([address, probe]))
    .digest('base64');
}
