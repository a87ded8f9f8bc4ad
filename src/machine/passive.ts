/**
 * Passive health of one server: what is seen of it in passing takes it out for a while.
 *
 *               failures in a row          its time is up
 *     ┌──────┐ ─────────────────► ┌─────────┐ ─────────► ┌──────────┐
 *     │ well │                    │ ejected │            │ on trial │
 *     └──────┘                    └─────────┘ ◄───────── └──────────┘
 *         ▲                                   one failure      │ one success
 *         └────────────────────────────────────────────────────┘
 *
 * Each ejection is twice as long as the one before, up to a limit; a server that has been well for
 * as long as that limit begins anew. What still ends while a server is ejected says nothing of it.
 *
 * The state is three integers, because all workers share it in memory; times are in tenths of a
 * second, of any clock above 0 that never goes back.
 */

export type PassivePolicy = {
  /** Failures in a row that eject a server. */
  readonly failures: number;
  readonly ejectMs: number;
  readonly ejectMaxMs: number;
};

export type PassiveState = {
  /** Failures in a row; -1 from an ejection until the first success after it. */
  readonly failures: number;
  /** Above 0: when the latest ejection ends or ended. Below 0: well since then. 0: never ejected. */
  readonly until: number;
  /** Ejections that count for the length of the next. */
  readonly ejections: number;
};

export type PassiveEvent = 'failure' | 'success';

export type PassivePhase = 'well' | 'ejected' | 'trial';

export type PassiveStep = {
  readonly state: PassiveState;
  readonly effect: 'none' | 'eject' | 'restore';
};

/** The state of a server of which nothing was seen yet; what memory is at first. */
export const WELL: PassiveState = { failures: 0, until: 0, ejections: 0 };

/** `failures` while a server is ejected or on trial. */
export const OUT = -1;

/** Ejections after which the next is not counted any more: no limit is so many doublings away. */
const EJECTIONS_MAX = 30;

const MS_PER_TENTH = 100;

/** Where in the diagram a server is. */
export function phaseOf({ until }: PassiveState, now: number): PassivePhase {
  if (until <= 0) return 'well';
  return until > now ? 'ejected' : 'trial';
}

/** One step. Called for each failure, and for a success after failures; never for a usual success. */
export function step(
  state: PassiveState,
  event: PassiveEvent,
  policy: PassivePolicy,
  now: number,
): PassiveStep {
  const phase = phaseOf(state, now);
  switch (phase) {
    case 'well':
      return event === 'success'
        ? { state: whole(state), effect: 'none' }
        : fail(state, policy, now);
    case 'ejected':
      return { state, effect: 'none' };
    case 'trial':
      if (event === 'failure') return eject(state, policy, now);
      return { state: { ...whole(state), until: -now }, effect: 'restore' };
    default:
      return phase satisfies never;
  }
}

function whole(state: PassiveState): PassiveState {
  return { ...state, failures: 0 };
}

function fail(state: PassiveState, policy: PassivePolicy, now: number): PassiveStep {
  const failures = Math.max(0, state.failures) + 1;
  if (failures >= policy.failures) return eject(state, policy, now);
  return { state: { ...state, failures }, effect: 'none' };
}

function eject(state: PassiveState, policy: PassivePolicy, now: number): PassiveStep {
  const isForgotten = state.until < 0 && now + state.until >= policy.ejectMaxMs / MS_PER_TENTH;
  const before = isForgotten ? 0 : state.ejections;
  const lengthMs = Math.min(policy.ejectMs * 2 ** before, policy.ejectMaxMs);
  return {
    state: {
      failures: OUT,
      until: now + Math.max(1, Math.ceil(lengthMs / MS_PER_TENTH)),
      ejections: Math.min(before + 1, EJECTIONS_MAX),
    },
    effect: 'eject',
  };
}

/** How many of a pool's servers may be ejected at once: the share, and one at least. */
export function ejectedMost(servers: number, maxEjectedPercent: number): number {
  return Math.max(1, Math.floor((servers * maxEjectedPercent) / 100));
}

/** A time in ms as states have it. */
export function tenthsOf(ms: number): number {
  return Math.floor(ms / MS_PER_TENTH);
}
