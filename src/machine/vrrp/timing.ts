/** The times of RFC 9568 §6.1, in ms, and those that are our own. */
import type { ElectionState } from './state.ts';

/** A question is put so long before the down interval ends, at most. */
const ASK_LEAD_MS_MAX = 100;
/** As a share of the down interval. */
const ASK_LEAD_SHARE = 0.4;

/** Between two questions while a silent owner still serves, in ms: first, and after a while. */
export const ASK_AGAIN_MS = 40;
export const ASK_SELDOM_MS = 200;
/** Questions after which they become seldom: longer than a lease of 2 s. */
export const ASK_OFTEN_MAX = 75;

/** Longest wait, over the skew, for a node that has resigned to change its mind. */
const RESIGNED_WAIT_MS_MAX = 40;

/** How long a node that leaves waits for one that takes over, at least, in ms. */
const LEAVE_MS = 1_000;
/** The same for one that cannot serve: it is to be the only one before others lose patience. */
const LEAVE_UNFIT_MS = 300;
/** And in intervals: the skew time of others is at most one. */
const LEAVE_INTERVALS = 3;
/** An advertisement of priority 0 starts the skew time anew: the next must come after its end. */
export const LEAVE_EVERY_INTERVALS = 3;

/** A link that flaps waits so long before it is trusted: doubled with each time, in ms. */
const FLAP_WAIT_MS = 200;
const FLAP_WAIT_MS_MAX = 5_000;
/** After so long half of the flaps are forgotten, in ms. */
export const FLAP_HALF_LIFE_MS = 10_000;

/** What is advertised now, 1 to 254; 255 for an owner who is well (RFC 9568 §5.2.4). */
export function effectivePriority({ fitness, options }: ElectionState): number {
  if (fitness.kind !== 'fit') return 1;
  if (fitness.drop === 0) return options.priority;
  return Math.max(1, Math.min(254, options.priority - fitness.drop));
}

/** The interval by which the present silence is measured: the active node's, else our own. */
export function activeIntervalMs({ rival, options }: ElectionState): number {
  return rival?.intervalMs ?? options.intervalMs;
}

/** Skew_Time: the higher the priority, the earlier. */
export function skewMs(s: ElectionState): number {
  return ((256 - effectivePriority(s)) * activeIntervalMs(s)) / 256;
}

/** Active_Down_Interval, with our own number of misses in place of three. */
export function downIntervalMs(s: ElectionState): number {
  return s.options.misses * activeIntervalMs(s) + skewMs(s);
}

/** How long before the end of the down interval the question is put. */
export function askLeadMs(s: ElectionState): number {
  return Math.min(ASK_LEAD_SHARE * downIntervalMs(s), ASK_LEAD_MS_MAX);
}

/** From a resignation to the claim: a node that still advertises has then spoken again. */
export function resignedWaitMs(s: ElectionState): number {
  return skewMs(s) + Math.min(activeIntervalMs(s), RESIGNED_WAIT_MS_MAX);
}

/** How long a node that leaves waits for one that takes over. */
export function leaveMs({ options, leaving }: ElectionState): number {
  const leastMs = leaving === 'unfit' ? LEAVE_UNFIT_MS : LEAVE_MS;
  return Math.max(leastMs, LEAVE_INTERVALS * options.intervalMs);
}

/** How long a link that has come back is not trusted; none the first time. */
export function flapWaitMs(flaps: number): number {
  return flaps < 1.5 ? 0 : Math.min(FLAP_WAIT_MS * 2 ** (flaps - 1), FLAP_WAIT_MS_MAX);
}
