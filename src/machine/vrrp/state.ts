import type { Answer, ElectionEffect, ElectionName, ElectionOptions } from './words.ts';
import type { ElectionReason, Fitness } from './words.ts';

/** The node that advertises, as one that does not sees it. */
export type Rival = {
  readonly peer: string;
  readonly priority: number;
  /** The priority with which its reign began, as far as it was heard. */
  readonly firstPriority: number;
  readonly intervalMs: number;
  readonly heardMs: number;
  /** Whether its last advertisement resigned. */
  readonly isLeaving: boolean;
  /** Whether somebody answered for the addresses since it was first heard. */
  readonly isVerified: boolean;
};

/** A node that advertises although this one is active. */
export type Claimant = {
  readonly peer: string;
  readonly priority: number;
  readonly beatsUs: boolean;
  readonly intervalMs: number;
  /** Advertisements heard, and our own sent since the first of them. */
  readonly heard: number;
  readonly sent: number;
  readonly firstMs: number;
  readonly heardMs: number;
  /** Questions after which nobody had answered for the addresses. */
  readonly strikes: number;
  /** Not believed before. */
  readonly ignoredUntilMs: number;
};

/** Most claimants that are kept apart; past it, the one that was silent longest is forgotten. */
export const CLAIMANTS_MAX = 8;

/** Most peers that are remembered as known. */
export const KNOWN_MAX = 16;

/** Why a node that leaves does. */
export type Leaving = 'move' | 'stop' | 'unfit';

/**
 * An election. All times are in ms of the caller's monotonic clock; Infinity is never. Made by
 * `newElection`, changed by `step` alone.
 */
export type ElectionState = {
  name: ElectionName;
  reason: ElectionReason | 'begun';
  options: ElectionOptions;
  fitness: Fitness;
  rival: Rival | null;
  claimants: readonly Claimant[];
  /** Peers that have had the addresses while they advertised; the newest last. */
  known: readonly string[];
  /** Peers that are not believed, and until when: those of `unverified-advert`. */
  ignored: readonly { readonly peer: string; readonly untilMs: number }[];
  /** When the last event was handled. */
  seenMs: number;
  /** Backup: when the silence is too long. Doubtful: when it has been listened long enough. */
  downMs: number;
  /** When the next question is put. */
  askMs: number;
  /** Number of the open question, 0 for none, and when it is given up. */
  question: number;
  giveUpMs: number;
  /** Questions put so far: their numbers. */
  questions: number;
  /** The answer to the question of the present silence. */
  answer: Answer | null;
  /** Questions of the present silence that found an owner who serves. */
  heldOff: number;
  /** Questions in a row that found an owner who does not serve, or an unverified rival. */
  strikes: number;
  /** Whether the wait of a node that is unfit has begun. */
  hasWaitedUnfit: boolean;
  preemptMs: number;
  /** No preemption before: after having yielded. */
  noPreemptUntilMs: number;
  advertMs: number;
  sentMs: number;
  announcedMs: number;
  /** When a foreign claim by ARP was last seen. */
  claimMs: number;
  leaving: Leaving;
  untilMs: number;
  /** Times that the link was lost, halved each FLAP_HALF_LIFE_MS, and when that was reckoned. */
  flaps: number;
  flapsMs: number;
  /** Reasons told in the present state, so that each is told once. */
  told: readonly ElectionReason[];
};

/** What a step hands around: a state of its own to change, and the effects so far. */
export type Turn = {
  readonly s: ElectionState;
  readonly nowMs: number;
  readonly effects: ElectionEffect[];
};

/** An election that has not begun. */
export function newElection(options: ElectionOptions): ElectionState {
  return {
    name: 'initialize',
    reason: 'begun',
    options,
    fitness: { kind: 'fit', drop: 0 },
    rival: null,
    claimants: [],
    known: [],
    ignored: [],
    seenMs: -Infinity,
    downMs: Infinity,
    askMs: Infinity,
    question: 0,
    giveUpMs: Infinity,
    questions: 0,
    answer: null,
    heldOff: 0,
    strikes: 0,
    hasWaitedUnfit: false,
    preemptMs: Infinity,
    noPreemptUntilMs: -Infinity,
    advertMs: Infinity,
    sentMs: -Infinity,
    announcedMs: -Infinity,
    claimMs: -Infinity,
    leaving: 'move',
    untilMs: Infinity,
    flaps: 0,
    flapsMs: -Infinity,
    told: [],
  };
}
