/**
 * The election of one group of floating addresses (RFC 9568 §6.4), with what VRRP leaves open: a
 * silent owner is asked before its addresses are claimed, a claimant must have the addresses before
 * it is given way to, and who has overslept listens before it speaks.
 *
 *              begin                 no link (from any state)
 *   initialize ─────▶ backup ◀────────────────────────────────▶ fault
 *       ▲              │   ▲  ▲                link is there
 *       │  down, asked │   │  │ peer is higher, or deaf, and has the addresses
 *       │  resigned    │   │  └───────────────┐
 *       │  preempts    ▼   │ successor heard  │
 *       │            active ◀──────────── leaving ◀─ move, stop, unfit ─ active
 *       │              ▲ │   nobody came        │
 *       │     listened │ │ overslept            │ stop
 *       │              │ ▼                      │
 *       │            doubtful ── owner heard ─▶ backup
 *       └──────────────────────────────────────┘
 *
 * `step` changes nothing that it is given; times are of one monotonic clock, in ms.
 */
import { onActiveAdvert, onActiveAnswer, onActiveClaim } from './active.ts';
import { onActiveDue, onActiveFitness } from './active.ts';
import { onBackupAdvert, onBackupAnswer, onBackupClaim, onBackupDue } from './backup.ts';
import { advertise, becomeActive, becomeBackup, becomeDoubtful } from './changes.ts';
import { becomeFault, becomeLeaving, leaveFault, listenAnew, tellOnce } from './changes.ts';
import { giveUpDoubtful, onDoubtfulAdvert, onDoubtfulAnswer, onDoubtfulDue } from './leaving.ts';
import { onDoubtfulFitness, onLeavingAdvert, onLeavingDue, onLeavingFitness } from './leaving.ts';
import { stopNow } from './leaving.ts';
import type { ElectionState, Turn } from './state.ts';
import { downIntervalMs, LEAVE_EVERY_INTERVALS } from './timing.ts';
import type { Answer, ElectionEffect, ElectionEvent, Fitness, HeardAdvert } from './words.ts';

/**
 * A backup that looks at its timer so much too late has overslept: as a share of the interval, and
 * in ms at least.
 */
const OVERSLEPT = { share: 0.25, ms: 50 } as const;

export type ElectionStep = {
  readonly state: ElectionState;
  readonly effects: readonly ElectionEffect[];
};

/** What follows from `event` at `nowMs`. Events must come in the order of their times. */
export function step(state: ElectionState, event: ElectionEvent, nowMs: number): ElectionStep {
  const turn: Turn = { s: { ...state }, nowMs, effects: [] };
  wake(turn);
  handle(turn, event);
  turn.s.seenMs = nowMs;
  return { state: turn.s, effects: turn.effects };
}

/** When `due` is to be handed in; Infinity: not at all. */
export function dueMs(s: ElectionState): number {
  switch (s.name) {
    case 'backup': {
      // While a question is open the end of the down interval waits for its answer.
      const down = s.question !== 0 && s.answer === null && !isResigned(s) ? s.giveUpMs : s.downMs;
      return Math.min(down, s.askMs, s.preemptMs, s.giveUpMs);
    }
    case 'active':
      return s.advertMs;
    case 'leaving':
      return Math.min(s.advertMs, s.untilMs);
    case 'doubtful':
      return s.downMs;
    default:
      return Infinity;
  }
}

const isResigned = ({ rival }: ElectionState): boolean => rival?.isLeaving === true;

/** Whether this node has the addresses, by what it was told to do. */
export function isHolding({ name }: ElectionState): boolean {
  return name === 'active' || name === 'leaving' || name === 'doubtful';
}

/** A process that has overslept: others may have decided without it. */
function wake(turn: Turn): void {
  const { s, nowMs } = turn;
  if (s.name === 'active' || s.name === 'leaving') {
    const every = s.name === 'leaving' ? LEAVE_EVERY_INTERVALS : 1;
    const silentMs = (s.options.misses + every) * s.options.intervalMs;
    if (nowMs - s.sentMs <= silentMs || (s.name === 'leaving' && s.leaving === 'stop')) return;
    becomeDoubtful(turn, 'overslept');
  } else if (s.name === 'backup') {
    const late = nowMs - Math.min(dueMs(s), s.downMs);
    if (late <= Math.max(OVERSLEPT.share * downIntervalMs(s), OVERSLEPT.ms)) return;
    listenAnew(turn);
    s.preemptMs = Infinity;
  }
}

function handle(turn: Turn, event: ElectionEvent): void {
  const { s } = turn;
  switch (event.kind) {
    case 'begin':
      begin(turn, event);
      break;
    case 'advert':
      onAdvert(turn, event.advert);
      break;
    case 'due':
      onDue(turn);
      break;
    case 'answer':
      if (event.answer.question === s.question) onAnswer(turn, event.answer);
      break;
    case 'fitness': {
      const before = s.fitness;
      s.fitness = event.fitness;
      onFitness(turn, before);
      break;
    }
    case 'claim':
      if (s.name === 'active') onActiveClaim(turn);
      else if (s.name === 'doubtful') giveUpDoubtful(turn);
      else if (s.name === 'backup') onBackupClaim(turn);
      break;
    case 'move':
      if (s.name === 'active') becomeLeaving(turn, 'move');
      break;
    case 'stop':
      if (s.name === 'active') becomeLeaving(turn, 'stop');
      else if (s.name !== 'leaving') stopNow(turn);
      else if (s.leaving !== 'stop') s.leaving = 'stop';
      break;
    case 'options':
      s.options = event.options;
      if (s.name === 'active') advertise(turn);
      else if (s.name === 'backup') listenAnew(turn);
      break;
    default:
      event satisfies never;
  }
}

function begin(turn: Turn, { held, resume }: { held: boolean; resume: boolean }): void {
  if (turn.s.fitness.kind === 'no-link') becomeFault(turn);
  else if (resume) becomeActive(turn, 'resumed');
  else if (held) becomeDoubtful(turn, 'begun');
  else becomeBackup(turn, 'begun');
}

function onAdvert(turn: Turn, advert: HeardAdvert): void {
  if (advert.addresses === 'disjoint') {
    tellOnce(turn, 'foreign-cluster', advert.peer);
    return;
  }
  switch (turn.s.name) {
    case 'backup':
      onBackupAdvert(turn, advert);
      break;
    case 'active':
      onActiveAdvert(turn, advert);
      break;
    case 'leaving':
      onLeavingAdvert(turn, advert);
      break;
    case 'doubtful':
      onDoubtfulAdvert(turn, advert);
      break;
    default:
  }
}

function onDue(turn: Turn): void {
  switch (turn.s.name) {
    case 'backup':
      onBackupDue(turn);
      break;
    case 'active':
      onActiveDue(turn);
      break;
    case 'leaving':
      onLeavingDue(turn);
      break;
    case 'doubtful':
      onDoubtfulDue(turn);
      break;
    default:
  }
}

function onAnswer(turn: Turn, answer: Answer): void {
  const { name } = turn.s;
  if (name === 'backup') onBackupAnswer(turn, answer);
  else if (name === 'active') onActiveAnswer(turn, answer);
  else if (name === 'doubtful') onDoubtfulAnswer(turn, answer);
}

function onFitness(turn: Turn, before: Fitness): void {
  const { s } = turn;
  switch (s.name) {
    case 'active':
      onActiveFitness(turn, before);
      break;
    case 'leaving':
      onLeavingFitness(turn);
      break;
    case 'doubtful':
      onDoubtfulFitness(turn);
      break;
    case 'backup':
      if (s.fitness.kind === 'no-link') becomeFault(turn);
      break;
    case 'fault':
      if (s.fitness.kind !== 'no-link') leaveFault(turn);
      break;
    default:
  }
}
