/**
 * What is known of one question to the DNS (a name and a type), and when it is asked again.
 *
 *                 records                          empty or failed
 *        ┌───────────────────── unknown ─────────────────────┐
 *        ▼                                                   ▼
 *   ┌──────────┐ empty, failed ┌─────────┐ keep is over ┌────────────┐
 *   │ resolved │──────────────►│ holding │─────────────►│ unresolved │
 *   │          │◄──────────────│         │              │            │
 *   └──────────┘    records    └─────────┘              └────────────┘
 *        ▲                          ▲ remembered               │
 *        │                       (start)                       │
 *        └─────────────────────────────────────────────────────┘ records
 *
 * Holding serves the records that were known last; it ends `keep` after the first bad answer, and a
 * keep of 0 leads from resolved straight to unresolved. What a process before this one knew begins
 * as held.
 *
 * A question is asked again when the time to live of its answer is over, as the policy bounds it;
 * after a bad answer after RETRY_MS_MIN, then twice as long each time, up to RETRY_MS_MAX. A name
 * server that says for how long a name will not exist is believed within the same bounds.
 */

/** A server's address, or a service that leads to more questions. */
export type NameRecord =
  | { readonly kind: 'address'; readonly address: string }
  | {
      readonly kind: 'service';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      /** The name to be looked up, in lower case and without a dot at its end. */
      readonly target: string;
    };

export type NamePhase = 'unknown' | 'resolved' | 'holding' | 'unresolved';

/** All in ms; the greatest time to live is not less than the least. */
export type NamePolicy = {
  readonly ttlMinMs: number;
  readonly ttlMaxMs: number;
  readonly keepMs: number;
};

export type NameState = {
  readonly phase: NamePhase;
  /** What serves now, in one order whatever the order of the answer; empty unless known or held. */
  readonly records: readonly NameRecord[];
  /** How the latest answer was: one word, and a sentence's worth for people. */
  readonly reason: string;
  readonly detail: string;
  /** When `phase` became what it is. */
  readonly sinceMs: number;
  readonly isAsking: boolean;
  /** When it is to be asked again, unless it is being asked. */
  readonly dueMs: number;
  /** Bad answers in a row. */
  readonly failures: number;
  readonly policy: NamePolicy;
};

/** `random` is a fresh number in [0, 1). */
export type NameEvent =
  /** Records that a process before this one knew, or none. */
  | { readonly kind: 'start'; readonly remembered: readonly NameRecord[] }
  | { readonly kind: 'tick' }
  /** At least one record, sorted, each once. */
  | {
      readonly kind: 'records';
      readonly records: readonly NameRecord[];
      readonly ttlMs: number;
      readonly random: number;
    }
  /** The name, or this type of it, does not exist. `ttlMs`: for how long that holds, else null. */
  | ({ readonly kind: 'empty'; readonly ttlMs: number | null } & BadAnswer)
  | ({ readonly kind: 'failed' } & BadAnswer)
  | { readonly kind: 'retune'; readonly policy: NamePolicy };

type BadAnswer = { readonly reason: string; readonly detail: string; readonly random: number };

export type NameEffect =
  /** Ask now and answer with records, empty or failed. */
  | { readonly kind: 'ask' }
  /** Send `tick` at this time; replaces the timer that was armed before. */
  | { readonly kind: 'arm'; readonly atMs: number }
  /** The phase or the records are others than before. */
  | {
      readonly kind: 'changed';
      readonly from: NamePhase;
      readonly to: NamePhase;
      readonly came: readonly NameRecord[];
      readonly went: readonly NameRecord[];
    };

export type NameStep = { readonly state: NameState; readonly effects: readonly NameEffect[] };

/** First wait after a bad answer, and the longest. */
export const RETRY_MS_MIN = 1_000;
export const RETRY_MS_MAX = 10_000;

/**
 * Each wait is longer by up to this share of itself, but by no more than this: a name server that
 * keeps answers must have let go of the old one by then.
 */
export const SPREAD_PERCENT = 5;
export const SPREAD_MS_MAX = 1_000;

/** Least time from an answer to the next question, whatever the policy. */
export const ASK_GAP_MS_MIN = 100;

const NONE: readonly NameRecord[] = [];

/** The state of a name that was not asked for yet. Send `start` next. */
export function initialName(policy: NamePolicy, now: number): NameState {
  return {
    phase: 'unknown',
    records: NONE,
    reason: 'name-not-asked',
    detail: 'no answer has come yet',
    sinceMs: now,
    isAsking: false,
    dueMs: now,
    failures: 0,
    policy,
  };
}

/**
 * One step of the machine. `now` is in ms of any clock that never goes back. The caller carries out
 * the effects in their order. An answer that was not asked for changes nothing. Called twice per
 * question.
 */
export function step(state: NameState, event: NameEvent, now: number): NameStep {
  switch (event.kind) {
    case 'start':
      return start(state, event.remembered, now);
    case 'tick':
      return tick(state, now);
    case 'records':
      if (!state.isAsking) return { state, effects: [] };
      return answered(state, event, now);
    case 'empty':
    case 'failed':
      if (!state.isAsking) return { state, effects: [] };
      return disappointed(state, event, now);
    case 'retune':
      return tick({ ...state, policy: event.policy, dueMs: now }, now);
    default:
      return event satisfies never;
  }
}

function start(state: NameState, remembered: readonly NameRecord[], now: number): NameStep {
  if (remembered.length === 0) return tick(state, now);
  const held: NameState = {
    ...state,
    phase: 'holding',
    records: remembered,
    reason: 'name-remembered',
    detail: 'known from before the start, no answer has come yet',
    sinceMs: now,
  };
  const { state: after, effects } = tick(held, now);
  return { state: after, effects: [...changes(state, after), ...effects] };
}

function tick(state: NameState, now: number): NameStep {
  const kept = isHoldOver(state, now) ? dropped(state, now) : state;
  const isDue = !kept.isAsking && now >= kept.dueMs;
  const next = isDue ? { ...kept, isAsking: true } : kept;
  const ask: NameEffect[] = isDue ? [{ kind: 'ask' }] : [];
  return { state: next, effects: [...changes(state, next), ...armed(next), ...ask] };
}

function answered(
  state: NameState,
  { records, ttlMs, random }: Extract<NameEvent, { kind: 'records' }>,
  now: number,
): NameStep {
  const { ttlMinMs, ttlMaxMs } = state.policy;
  const waitMs = Math.max(Math.min(Math.max(ttlMs, ttlMinMs), ttlMaxMs), ASK_GAP_MS_MIN);
  const next: NameState = {
    ...state,
    phase: 'resolved',
    records,
    reason: 'name-resolved',
    detail: '',
    sinceMs: state.phase === 'resolved' ? state.sinceMs : now,
    isAsking: false,
    dueMs: now + spread(waitMs, random),
    failures: 0,
  };
  return { state: next, effects: [...changes(state, next), ...armed(next)] };
}

function disappointed(
  state: NameState,
  event: Extract<NameEvent, { kind: 'empty' | 'failed' }>,
  now: number,
): NameStep {
  const failures = state.failures + 1;
  const backOffMs = RETRY_MS_MIN * 2 ** Math.min(failures - 1, 10);
  const toldMs = event.kind === 'empty' ? (event.ttlMs ?? 0) : 0;
  const waitMs = Math.min(Math.max(backOffMs, toldMs), RETRY_MS_MAX);
  const { reason, detail } = event;
  const asked: NameState = {
    ...state,
    reason,
    detail,
    isAsking: false,
    dueMs: now + spread(waitMs, event.random),
    failures,
  };
  const next = fallen(asked, now);
  return { state: next, effects: [...changes(state, next), ...armed(next)] };
}

/** The phase after a bad answer. */
function fallen(state: NameState, now: number): NameState {
  switch (state.phase) {
    case 'unknown':
      return { ...state, phase: 'unresolved', sinceMs: now };
    case 'resolved': {
      const held: NameState = { ...state, phase: 'holding', sinceMs: now };
      return isHoldOver(held, now) ? dropped(held, now) : held;
    }
    case 'holding':
      return isHoldOver(state, now) ? dropped(state, now) : state;
    case 'unresolved':
      return state;
    default:
      return state.phase satisfies never;
  }
}

function isHoldOver(state: NameState, now: number): boolean {
  return state.phase === 'holding' && now >= holdEndMs(state);
}

function holdEndMs({ sinceMs, policy }: NameState): number {
  return sinceMs + policy.keepMs;
}

function dropped(state: NameState, now: number): NameState {
  return { ...state, phase: 'unresolved', records: NONE, sinceMs: now };
}

function spread(waitMs: number, random: number): number {
  return waitMs + random * Math.min((waitMs * SPREAD_PERCENT) / 100, SPREAD_MS_MAX);
}

function armed(state: NameState): NameEffect[] {
  const askMs = state.isAsking ? Infinity : state.dueMs;
  const atMs = Math.min(askMs, state.phase === 'holding' ? holdEndMs(state) : Infinity);
  return atMs === Infinity ? [] : [{ kind: 'arm', atMs }];
}

function changes(before: NameState, after: NameState): NameEffect[] {
  const known = new Set(before.records.map(recordText));
  const now = new Set(after.records.map(recordText));
  const came = after.records.filter((record) => !known.has(recordText(record)));
  const went = before.records.filter((record) => !now.has(recordText(record)));
  if (before.phase === after.phase && came.length === 0 && went.length === 0) return [];
  return [{ kind: 'changed', from: before.phase, to: after.phase, came, went }];
}

/** A record as a text: the same text, the same record. For logs, too. */
export function recordText(record: NameRecord): string {
  if (record.kind === 'address') return record.address;
  const { priority, weight, port, target } = record;
  return `${priority} ${weight} ${port} ${target}`;
}
