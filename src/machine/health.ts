/**
 * The health of one server as its active check sees it.
 *
 *                 passed                      failed
 *        ┌───────────────────── unknown ─────────────────────┐
 *        ▼                                                   ▼
 *      ┌────┐ failed      ┌────────────┐ fall-th failure  ┌──────┐
 *      │    │────────────►│ falling(n) │─────────────────►│      │
 *      │    │◄────────────│            │                  │      │
 *      │ up │      passed └────────────┘                  │ down │
 *      │    │             ┌────────────┐ failed           │      │
 *      │    │◄────────────│ rising(n)  │─────────────────►│      │
 *      └────┘ rise-th pass│            │◄─────────────────└──────┘
 *                         └────────────┘ passed
 *
 * `fall` = 1 leads from up straight to down, `rise` = 1 from down straight to up. The first verdict
 * is quick: one single result decides while a server is unknown. A falling server still counts as
 * up, a rising one still as down. A server may also begin as up or down, by configuration: that is
 * an assumption, not a verdict, and gives way to the first result as unknown does. An inconclusive
 * probe (a fault of the balancer itself) changes nothing and is repeated.
 *
 * Waits run from the start of one probe to the start of the next: every (up), downEvery (down),
 * changingEvery (falling, rising, and before the first verdict), each spread by jitter.
 */

/** What the check says of a server. */
export type Observed = 'unknown' | 'up' | 'falling' | 'rising' | 'down';

/** What an operator asks of a server, whatever its check says. */
export type Administrative = 'ready' | 'drain' | 'maintenance';

/** The timing and the thresholds of one check; all waits in ms and above 0, counts at least 1. */
export type HealthPolicy = {
  readonly everyMs: number;
  readonly downEveryMs: number;
  readonly changingEveryMs: number;
  readonly rise: number;
  readonly fall: number;
  /** Each wait is spread by up to this share of itself either way, 0 … 100. */
  readonly jitterPercent: number;
};

export type HealthState = {
  readonly observed: Observed;
  /** No verdict has come: `observed` is what the configuration assumes. */
  readonly isAssumed: boolean;
  /** Passes in a row while rising, failures in a row while falling, else 0. */
  readonly streak: number;
  /** Why `observed` became what it is: one word, and a sentence's worth for people. */
  readonly reason: string;
  readonly detail: string;
  /** When `observed` became what it is. */
  readonly sinceMs: number;
  /** A probe was asked for and its result has not come. */
  readonly isProbing: boolean;
  /** When the latest probe was asked for; the time of the start before the first. */
  readonly probedAtMs: number;
  readonly policy: HealthPolicy;
};

/** `random` is a fresh number in [0, 1). */
export type HealthEvent =
  | { readonly kind: 'start'; readonly random: number }
  | { readonly kind: 'tick' }
  | { readonly kind: 'passed'; readonly detail: string; readonly random: number }
  | ({ readonly kind: 'failed' } & BadResult)
  | ({ readonly kind: 'inconclusive' } & BadResult)
  | { readonly kind: 'retune'; readonly policy: HealthPolicy; readonly random: number };

type BadResult = { readonly reason: string; readonly detail: string; readonly random: number };

export type HealthEffect =
  /** Begin one probe now and answer with passed, failed or inconclusive. */
  | { readonly kind: 'probe' }
  /** Send `tick` at this time; replaces the timer that was armed before. */
  | { readonly kind: 'arm'; readonly atMs: number }
  /** From down to down where the first verdict says that what was assumed is so, and why. */
  | {
      readonly kind: 'changed';
      readonly from: Observed;
      readonly to: Observed;
      readonly reason: string;
      readonly detail: string;
    };

export type HealthStep = { readonly state: HealthState; readonly effects: readonly HealthEffect[] };

/** First probes are spread over the check's interval, but over no more than this. */
export const START_SPREAD_MS_MAX = 500;

/** Least time from a result to the next probe, however late the result came. */
export const PROBE_GAP_MS_MIN = 10;

const NO_EFFECTS: readonly HealthEffect[] = [];

/** What a server may count as until its first verdict. */
export type Assumed = 'unknown' | 'up' | 'down';

/** The state of a server that no probe has reached yet. Send `start` next. */
export function initialHealth(
  policy: HealthPolicy,
  now: number,
  assumed: Assumed = 'unknown',
): HealthState {
  return {
    observed: assumed,
    isAssumed: true,
    streak: 0,
    reason: 'not-probed',
    detail: 'no probe has ended yet',
    sinceMs: now,
    isProbing: false,
    probedAtMs: now,
    policy,
  };
}

/**
 * One step of the machine. `now` is in ms of any clock that never goes back. The caller carries out
 * the effects in their order. A result that no probe was asked for and a tick during a probe change
 * nothing. Called twice per probe.
 */
export function step(state: HealthState, event: HealthEvent, now: number): HealthStep {
  switch (event.kind) {
    case 'start':
      return { state, effects: [{ kind: 'arm', atMs: now + startSpread(state, event.random) }] };
    case 'tick':
      if (state.isProbing) return { state, effects: NO_EFFECTS };
      return {
        state: { ...state, isProbing: true, probedAtMs: now },
        effects: [{ kind: 'probe' }],
      };
    case 'retune':
      return retune({ ...state, policy: event.policy }, event.random, now);
    case 'passed':
    case 'failed':
    case 'inconclusive':
      if (!state.isProbing) return { state, effects: NO_EFFECTS };
      return judge(state, event, now);
    default:
      return event satisfies never;
  }
}

type ResultEvent = Extract<HealthEvent, { kind: 'passed' | 'failed' | 'inconclusive' }>;

function judge(state: HealthState, event: ResultEvent, now: number): HealthStep {
  const to = verdict(state, event);
  const isChanged = to.observed !== state.observed;
  const isAssumed = state.isAssumed && event.kind === 'inconclusive';
  const isNews = isChanged || isAssumed !== state.isAssumed;
  const reason = event.kind === 'passed' ? 'check-passed' : event.reason;
  const next: HealthState = {
    observed: to.observed,
    isAssumed,
    streak: to.streak,
    reason: isNews ? reason : state.reason,
    detail: isNews ? event.detail : state.detail,
    sinceMs: isChanged ? now : state.sinceMs,
    isProbing: false,
    probedAtMs: state.probedAtMs,
    policy: state.policy,
  };
  const dueMs = state.probedAtMs + wait(next, event.random);
  const arm: HealthEffect = { kind: 'arm', atMs: Math.max(dueMs, now + PROBE_GAP_MS_MIN) };
  const isFirstDown = isNews && to.observed === 'down';
  if (!isChanged && !isFirstDown) return { state: next, effects: [arm] };
  const { detail } = event;
  const changed = {
    kind: 'changed',
    from: state.observed,
    to: to.observed,
    reason,
    detail,
  } as const;
  return { state: next, effects: [changed, arm] };
}

type Verdict = { readonly observed: Observed; readonly streak: number };

const UP: Verdict = { observed: 'up', streak: 0 };
const DOWN: Verdict = { observed: 'down', streak: 0 };

function verdict(state: HealthState, event: ResultEvent): Verdict {
  if (event.kind === 'inconclusive') return state;
  const passed = event.kind === 'passed';
  if (state.isAssumed) return passed ? UP : DOWN;
  switch (state.observed) {
    case 'unknown':
      return passed ? UP : DOWN;
    case 'up':
    case 'falling':
      return passed ? UP : fallFurther(state);
    case 'down':
    case 'rising':
      return passed ? riseFurther(state) : DOWN;
    default:
      return state.observed satisfies never;
  }
}

function fallFurther(state: HealthState): Verdict {
  const streak = state.streak + 1;
  return streak >= state.policy.fall ? DOWN : { observed: 'falling', streak };
}

function riseFurther(state: HealthState): Verdict {
  const streak = state.streak + 1;
  return streak >= state.policy.rise ? UP : { observed: 'rising', streak };
}

/** The verdict stays; only the waiting time is counted anew, from the probe before. */
function retune(state: HealthState, random: number, now: number): HealthStep {
  if (state.isProbing) return { state, effects: NO_EFFECTS };
  const earliestMs = now + startSpread(state, random);
  const atMs = Math.max(state.probedAtMs + wait(state, random), earliestMs);
  return { state, effects: [{ kind: 'arm', atMs }] };
}

/** What counts as down until it is known otherwise is asked at once: nobody is served meanwhile. */
function startSpread(state: HealthState, random: number): number {
  if (state.isAssumed && state.observed === 'down') return 0;
  return random * Math.min(state.policy.everyMs, START_SPREAD_MS_MAX);
}

function wait(state: HealthState, random: number): number {
  const share = (state.policy.jitterPercent / 100) * (2 * random - 1);
  return interval(state) * (1 + share);
}

function interval(state: HealthState): number {
  const { policy } = state;
  if (state.isAssumed) return policy.changingEveryMs;
  switch (state.observed) {
    case 'up':
      return policy.everyMs;
    case 'down':
      return policy.downEveryMs;
    case 'unknown':
    case 'falling':
    case 'rising':
      return policy.changingEveryMs;
    default:
      return state.observed satisfies never;
  }
}
