/** The changes from one state to another, and what each wants done. */
import { ASK_AGAIN_MS, LEAVE_EVERY_INTERVALS, leaveMs } from './timing.ts';
import { askLeadMs, downIntervalMs, effectivePriority, flapWaitMs } from './timing.ts';
import { FLAP_HALF_LIFE_MS } from './timing.ts';
import type { ElectionState, Leaving, Rival, Turn } from './state.ts';
import type { ElectionName, ElectionReason, HeardAdvert } from './words.ts';

/** A question that was not answered by its time is given up after so long, in ms. */
const GIVE_UP_MS = 30;
/** Announcements on account of others come no faster, in ms. */
const ANNOUNCE_EVERY_MS = 200;

/** Tells people, once in a state. */
export function tellOnce(turn: Turn, reason: ElectionReason, peer = ''): void {
  if (turn.s.told.includes(reason)) return;
  turn.s.told = [...turn.s.told, reason];
  turn.effects.push({ kind: 'tell', reason, peer });
}

/** Puts a question, unless one is open. */
export function ask({ s, nowMs, effects }: Turn, withinMs: number): void {
  if (s.question !== 0) return;
  s.questions++;
  s.question = s.questions;
  s.askMs = Infinity;
  s.giveUpMs = nowMs + withinMs + GIVE_UP_MS;
  effects.push({ kind: 'ask', question: s.question, withinMs });
}

/** Forgets the open question and what the last one said. */
export function forgetQuestion(s: ElectionState): void {
  s.question = 0;
  s.giveUpMs = Infinity;
  s.answer = null;
  s.askMs = Infinity;
}

/** Sends an advertisement, and arms the next. */
export function advertise({ s, nowMs, effects }: Turn): void {
  const isLeaving = s.name === 'leaving';
  effects.push({ kind: 'advertise', priority: isLeaving ? 0 : effectivePriority(s) });
  const everyMs = s.options.intervalMs * (isLeaving ? LEAVE_EVERY_INTERVALS : 1);
  // In step with the clock, so that a late turn does not make all later ones late.
  const onTimeMs = s.advertMs + everyMs;
  s.advertMs = onTimeMs > nowMs ? Math.min(onTimeMs, nowMs + everyMs) : nowMs + everyMs;
  s.sentMs = nowMs;
  if (s.claimants.length > 0) s.claimants = s.claimants.map((c) => ({ ...c, sent: c.sent + 1 }));
}

/** Tells the neighbours on account of another node's claim, not too often. */
export function announceAgain({ s, nowMs, effects }: Turn): void {
  if (nowMs - s.announcedMs < ANNOUNCE_EVERY_MS) return;
  s.announcedMs = nowMs;
  effects.push({ kind: 'announce' });
}

function enter({ s, effects }: Turn, name: ElectionName, why: ElectionReason | 'begun'): void {
  s.name = name;
  s.reason = why;
  s.claimants = [];
  s.told = [];
  s.heldOff = 0;
  s.strikes = 0;
  s.hasWaitedUnfit = false;
  s.preemptMs = Infinity;
  s.advertMs = Infinity;
  s.downMs = Infinity;
  s.untilMs = Infinity;
  forgetQuestion(s);
  if (why !== 'begun') effects.push({ kind: 'tell', reason: why, peer: s.rival?.peer ?? '' });
}

/** Waits for the silence of a whole down interval, and asks before its end. */
export function listenAnew({ s, nowMs }: Turn, waitMs = 0): void {
  forgetQuestion(s);
  s.downMs = nowMs + waitMs + downIntervalMs(s);
  s.askMs = s.downMs - askLeadMs(s);
  s.heldOff = 0;
  s.strikes = 0;
  s.hasWaitedUnfit = false;
}

/** Listens for a down interval, after `waitMs`. */
export function becomeBackup(turn: Turn, why: ElectionReason | 'begun', waitMs = 0): void {
  enter(turn, 'backup', why);
  listenAnew(turn, waitMs);
}

/** The addresses first, so that whoever hears the advertisement finds them served. */
export function becomeActive(turn: Turn, why: ElectionReason): void {
  const { s, nowMs, effects } = turn;
  enter(turn, 'active', why);
  s.rival = null;
  s.advertMs = nowMs;
  s.announcedMs = nowMs;
  effects.push({ kind: 'hold' });
  advertise(turn);
  effects.push({ kind: 'announce' });
}

/** Active again without ever having ceased to hold the addresses. */
export function stayActive(turn: Turn, why: ElectionReason): void {
  enter(turn, 'active', why);
  turn.s.rival = null;
  turn.s.advertMs = turn.nowMs;
  advertise(turn);
}

/** Resigns, and holds the addresses until another node has taken them. */
export function becomeLeaving(turn: Turn, how: Leaving): void {
  enter(turn, 'leaving', 'leaves');
  turn.s.leaving = how;
  turn.s.untilMs = turn.nowMs + leaveMs(turn.s);
  turn.s.advertMs = turn.nowMs;
  advertise(turn);
}

/** Holds what may be another's by now: silent until it has listened. */
export function becomeDoubtful(turn: Turn, why: ElectionReason | 'begun'): void {
  const { s, nowMs, effects } = turn;
  enter(turn, 'doubtful', why);
  s.rival = null;
  s.downMs = nowMs + downIntervalMs(s);
  effects.push({ kind: 'keep' });
  ask(turn, ASK_AGAIN_MS);
}

/** Without a link nothing can be held. */
export function becomeFault(turn: Turn): void {
  const { s, nowMs } = turn;
  enter(turn, 'fault', 'link-lost');
  s.rival = null;
  s.flaps = flapsNow(s, nowMs) + 1;
  s.flapsMs = nowMs;
}

/** The link is there again: one that flaps is trusted late. */
export function leaveFault(turn: Turn): void {
  becomeBackup(turn, 'begun', flapWaitMs(flapsNow(turn.s, turn.nowMs)));
}

function flapsNow({ flaps, flapsMs }: ElectionState, nowMs: number): number {
  return flaps === 0 ? 0 : flaps * 0.5 ** ((nowMs - flapsMs) / FLAP_HALF_LIFE_MS);
}

/** Lets the addresses go to `rival`. */
export function yieldTo(turn: Turn, rival: Rival, why: ElectionReason): void {
  turn.s.rival = rival;
  turn.effects.push({ kind: 'release' });
  becomeBackup(turn, why);
}

/** A node of which the first advertisement in its reign is `advert`. */
export function newRival(advert: HeardAdvert, nowMs: number, isVerified: boolean): Rival {
  return {
    peer: advert.peer,
    priority: advert.priority,
    firstPriority: advert.priority,
    intervalMs: advert.intervalMs,
    heardMs: nowMs,
    isLeaving: false,
    isVerified,
  };
}
