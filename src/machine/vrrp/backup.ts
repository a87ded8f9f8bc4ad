/** A backup: listens, asks before it claims, and claims (RFC 9568 §6.4.2). */
import { becomeActive, ask, forgetQuestion, listenAnew, newRival, tellOnce } from './changes.ts';
import { ASK_AGAIN_MS, ASK_OFTEN_MAX, ASK_SELDOM_MS } from './timing.ts';
import { askLeadMs, downIntervalMs } from './timing.ts';
import { effectivePriority, resignedWaitMs } from './timing.ts';
import { KNOWN_MAX, type ElectionState, type Rival, type Turn } from './state.ts';
import type { Answer, HeardAdvert } from './words.ts';

/** A rival that was heard within so many intervals is there. */
const FRESH_INTERVALS = 3;
/** From the first advertisement of a rival to the question whether it has the addresses. */
const VERIFY_INTERVALS = 2;
/** Questions in a row that nobody answered, after which a rival is not believed. */
const STRIKES_MAX = 2;
/** A peer that is not believed is not listened to for so long, in ms. */
export const IGNORE_MS = 1_000;
/** Peers that are not believed at once; past it, the first one is listened to again. */
const IGNORED_MAX = 8;
/** A node that is unfit claims only after so many further down intervals of silence. */
const UNFIT_WAITS = 2;
/** A priority that has fallen is waited upon for so many intervals before it is preempted. */
const SETTLE_INTERVALS = 2;

const NOT_ASKED: Answer = {
  question: 0,
  owner: 'unknown',
  service: 'unknown',
  witnesses: 'none',
  peers: 'none',
};

/** Somebody uses the addresses: a rival that is heard is believed. */
export function onBackupClaim({ s, nowMs }: Turn): void {
  const { rival } = s;
  if (rival === null || rival.isVerified || !isFresh(rival, nowMs)) return;
  s.rival = { ...rival, isVerified: true };
  forgetQuestion(s);
  s.askMs = s.downMs - askLeadMs(s);
}

/** Whether `rival` is heard, and wants to stay. */
function isFresh(rival: Rival | null, nowMs: number): rival is Rival {
  if (rival === null || rival.isLeaving) return false;
  return nowMs - rival.heardMs < FRESH_INTERVALS * rival.intervalMs;
}

/** Listens to `peer` no more for IGNORE_MS. */
export function ignore(s: ElectionState, peer: string, nowMs: number): void {
  const others = s.ignored.filter((one) => one.peer !== peer && one.untilMs > nowMs);
  s.ignored = [...others.slice(1 - IGNORED_MAX), { peer, untilMs: nowMs + IGNORE_MS }];
}

const isIgnored = (s: ElectionState, peer: string, nowMs: number): boolean =>
  s.ignored.some((one) => one.peer === peer && one.untilMs > nowMs);

/** An advertisement begins the down interval anew, where it is that of the active node. */
export function onBackupAdvert(turn: Turn, advert: HeardAdvert): void {
  const { s, nowMs } = turn;
  if (isIgnored(s, advert.peer, nowMs)) return;
  const isKnown = s.rival?.peer === advert.peer;
  if (advert.priority === 0) {
    if (isKnown || s.rival === null) onResignation(turn, advert);
    return;
  }
  if (isKnown) {
    hearRival(turn, advert);
  } else if (!isFresh(s.rival, nowMs)) {
    // Another than before: whether it has the addresses is asked once it had time to take them.
    s.rival = newRival(advert, nowMs, false);
    listenAnew(turn);
    s.askMs = nowMs + VERIFY_INTERVALS * advert.intervalMs;
    considerPreemption(turn, s.rival);
  }
}

/** The timer is set once: who leaves may say so several times. */
function onResignation({ s, nowMs }: Turn, advert: HeardAdvert): void {
  if (s.rival?.isLeaving === true) return;
  const rival = s.rival ?? newRival(advert, nowMs, true);
  s.rival = { ...rival, intervalMs: advert.intervalMs, heardMs: nowMs, isLeaving: true };
  forgetQuestion(s);
  s.preemptMs = Infinity;
  s.downMs = nowMs + resignedWaitMs(s);
}

function hearRival(turn: Turn, advert: HeardAdvert): void {
  const { s, nowMs } = turn;
  const before = s.rival!;
  const rival: Rival = {
    ...before,
    priority: advert.priority,
    firstPriority: Math.max(before.firstPriority, advert.priority),
    intervalMs: advert.intervalMs,
    heardMs: nowMs,
    isLeaving: false,
  };
  s.rival = rival;
  if (rival.isVerified) {
    listenAnew(turn);
  } else {
    // The question is open, or about to be put: only the silence begins anew.
    s.downMs = nowMs + downIntervalMs(s);
  }
  considerPreemption(turn, rival);
}

/** Arms or disarms the preemption of a rival that is well enough to advertise. */
function considerPreemption({ s, nowMs }: Turn, rival: Rival): void {
  if (!mayPreempt(s, rival, nowMs)) {
    s.preemptMs = Infinity;
    return;
  }
  if (s.preemptMs !== Infinity) return;
  const settleMs = SETTLE_INTERVALS * rival.intervalMs;
  s.preemptMs = nowMs + (s.options.preempt ? s.options.preemptDelayMs : 0) + settleMs;
}

/**
 * Sticky: a higher priority alone is no reason to move. A rival that has lost some of its priority
 * is left for one that has lost less; priority 1 is that of a node that is unfit.
 */
function mayPreempt(s: ElectionState, rival: Rival, nowMs: number): boolean {
  if (s.fitness.kind !== 'fit' || nowMs < s.noPreemptUntilMs) return false;
  if (effectivePriority(s) <= rival.priority) return false;
  if (s.options.preempt || rival.priority === 1) return true;
  const lost = rival.firstPriority - rival.priority;
  return lost > 0 && s.fitness.drop < lost;
}

/** A timer: the preemption, the question, or the end of the down interval. */
export function onBackupDue(turn: Turn): void {
  const { s, nowMs } = turn;
  if (nowMs >= s.preemptMs) {
    s.preemptMs = Infinity;
    becomeActive(turn, 'preempts');
    return;
  }
  // The claim of a node that overslept waits until it has listened: see `step`.
  if (nowMs >= s.askMs) ask(turn, questionTimeMs(s, nowMs));
  if (nowMs < s.downMs) {
    if (s.question !== 0 && nowMs >= s.giveUpMs) takeAnswer(turn, NOT_ASKED);
    return;
  }
  if (s.rival?.isLeaving === true) claim(turn);
  else if (s.answer !== null) decide(turn, s.answer);
  else if (s.question === 0 || nowMs >= s.giveUpMs) decide(turn, NOT_ASKED);
}

/** Until the silence is long enough, or, for a rival that is to be verified, a short while. */
function questionTimeMs(s: ElectionState, nowMs: number): number {
  const untilDownMs = s.downMs - nowMs;
  if (s.rival !== null && !s.rival.isVerified) return Math.max(untilDownMs / 2, 10);
  return Math.min(Math.max(untilDownMs, 10), askLeadMs(s));
}

/** What came of the question who has the addresses. */
export function onBackupAnswer(turn: Turn, answer: Answer): void {
  takeAnswer(turn, answer);
  if (turn.nowMs >= turn.s.downMs && turn.s.answer !== null) decide(turn, turn.s.answer);
}

function takeAnswer(turn: Turn, answer: Answer): void {
  const { s, nowMs } = turn;
  s.question = 0;
  s.giveUpMs = Infinity;
  const { rival } = s;
  if (rival === null || rival.isVerified || !isFresh(rival, nowMs)) {
    s.answer = answer;
    return;
  }
  // A stranger is believed unless others answer, and none for the addresses. One that is known may
  // be heard and not hear us.
  const isKnown = s.known.includes(rival.peer) || s.options.peers.includes(rival.peer);
  const isAlone = answer.witnesses !== 'answered' && answer.peers !== 'answered';
  if (answer.owner !== 'silent' || isAlone || isKnown) {
    s.rival = { ...rival, isVerified: true };
    if (answer.owner === 'answered' && !isKnown)
      s.known = [...s.known.slice(1 - KNOWN_MAX), rival.peer];
    s.strikes = 0;
    s.askMs = s.downMs - askLeadMs(s);
  } else if (++s.strikes < STRIKES_MAX) {
    s.askMs = nowMs + VERIFY_INTERVALS * rival.intervalMs;
  } else {
    tellOnce(turn, 'unverified-advert', rival.peer);
    ignore(s, rival.peer, nowMs);
    s.rival = null;
    claim(turn);
  }
}

/** The active node has been silent for the down interval: is it dead, or is this node deaf? */
function decide(turn: Turn, answer: Answer): void {
  const { s } = turn;
  if (answer.owner === 'answered') {
    if (answer.service === 'ok' || answer.service === 'unknown') {
      s.strikes = 0;
      s.heldOff++;
      tellOnce(turn, 'holds-off', s.rival?.peer);
      askAgain(turn);
      return;
    }
    // Nobody listens there: nothing that was lost on the way looks like that.
    if (answer.service === 'refused') claim(turn, 'service-dead');
    // Once more, in case one connection was lost, or met a process that ended.
    else if (++s.strikes < STRIKES_MAX) askAgain(turn);
    else claim(turn, 'service-dead');
    return;
  }
  if (answer.witnesses === 'silent') {
    tellOnce(turn, 'link-in-doubt');
    s.heldOff++;
    askAgain(turn);
    return;
  }
  claim(turn);
}

function askAgain({ s, nowMs }: Turn): void {
  forgetQuestion(s);
  const waitMs = s.heldOff > ASK_OFTEN_MAX ? ASK_SELDOM_MS : ASK_AGAIN_MS;
  // The first of these is put at once: what it finds decides a wait later.
  s.askMs = s.heldOff > 1 || s.strikes > 0 ? nowMs + waitMs / 2 : nowMs;
  s.downMs = s.askMs + waitMs / 2;
}

function claim(turn: Turn, why?: 'service-dead'): void {
  const { s } = turn;
  if (s.fitness.kind === 'unfit' && !s.hasWaitedUnfit) {
    listenAnew(turn, UNFIT_WAITS * downIntervalMs(s));
    s.hasWaitedUnfit = true;
    return;
  }
  const reason = s.rival?.isLeaving === true ? 'owner-resigned' : 'owner-silent';
  becomeActive(turn, why ?? reason);
}
