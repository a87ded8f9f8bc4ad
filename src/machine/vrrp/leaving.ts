/** Nodes that hold addresses without claiming them: who leaves, and who is in doubt. */
import { advertise, becomeActive, becomeBackup, becomeFault, newRival } from './changes.ts';
import { stayActive, yieldTo } from './changes.ts';
import { onNobody } from './active.ts';
import type { Turn } from './state.ts';
import type { Answer, HeardAdvert } from './words.ts';

/** After a planned move this node does not take the addresses back by itself for so long, in ms. */
const NO_PREEMPT_MS = 60_000;

/** A successor is heard: it has the addresses by now. */
export function onLeavingAdvert(turn: Turn, advert: HeardAdvert): void {
  const { s, nowMs } = turn;
  if (advert.priority === 0) return;
  if (s.leaving === 'stop') {
    stopNow(turn);
    return;
  }
  if (s.leaving === 'move') s.noPreemptUntilMs = nowMs + NO_PREEMPT_MS;
  yieldTo(turn, newRival(advert, nowMs, true), s.leaving === 'move' ? 'moved' : 'unfit');
}

/** Resigns once more, or has waited long enough. */
export function onLeavingDue(turn: Turn): void {
  const { s, nowMs } = turn;
  if (nowMs >= s.untilMs) {
    if (s.leaving === 'stop') stopNow(turn);
    else onNobody(turn);
  } else if (nowMs >= s.advertMs) {
    advertise(turn);
  }
}

/** Fit again: nobody needs to take over. */
export function onLeavingFitness(turn: Turn): void {
  const { s, effects } = turn;
  if (s.fitness.kind === 'no-link') {
    effects.push({ kind: 'release' });
    if (s.leaving === 'stop') stopNow(turn);
    else becomeFault(turn);
  } else if (s.fitness.kind === 'fit' && s.leaving === 'unfit') {
    stayActive(turn, 'resumed');
  }
}

/** Ends at once. */
export function stopNow(turn: Turn): void {
  const { s, effects } = turn;
  if (s.name === 'leaving' || s.name === 'doubtful') effects.push({ kind: 'release' });
  s.name = 'initialize';
  s.reason = 'stopped';
  effects.push({ kind: 'stopped' });
}

/** Another node is active. */
export function onDoubtfulAdvert(turn: Turn, advert: HeardAdvert): void {
  if (advert.priority === 0) return;
  yieldTo(turn, newRival(advert, turn.nowMs, true), 'peer-is-higher');
}

/** What came of the question whether another host has the addresses. */
export function onDoubtfulAnswer(turn: Turn, answer: Answer): void {
  turn.s.question = 0;
  turn.s.giveUpMs = Infinity;
  if (answer.owner === 'answered') giveUpDoubtful(turn);
}

/** Another host has the addresses. */
export function giveUpDoubtful(turn: Turn): void {
  turn.effects.push({ kind: 'release' });
  becomeBackup(turn, 'rival-claims');
}

/** Has listened for a down interval, and heard nobody. */
export function onDoubtfulDue(turn: Turn): void {
  const { s, nowMs } = turn;
  if (s.question !== 0 && nowMs >= s.giveUpMs) s.question = 0;
  if (nowMs >= s.downMs) becomeActive(turn, 'listened');
}

/** The link may go while it listens. */
export function onDoubtfulFitness(turn: Turn): void {
  if (turn.s.fitness.kind !== 'no-link') return;
  turn.effects.push({ kind: 'release' });
  becomeFault(turn);
}
