/** An active node: advertises, and gives way to those alone who have the addresses (§6.4.3). */
import { advertise, announceAgain, ask, becomeFault, becomeLeaving } from './changes.ts';
import { stayActive, tellOnce, yieldTo } from './changes.ts';
import { IGNORE_MS } from './backup.ts';
import { effectivePriority } from './timing.ts';
import { CLAIMANTS_MAX } from './state.ts';
import type { Claimant, Rival, Turn } from './state.ts';
import type { Answer, Fitness, HeardAdvert } from './words.ts';

/** A question about a claimant is given so many intervals, within these bounds in ms. */
const VERIFY_INTERVALS = 2;
const VERIFY_MS = { min: 20, max: 200 } as const;
/** Questions that nobody answered, after which a claimant is not believed for a while. */
const STRIKES_MAX = 3;
/** A claimant that is heard so often, after so many of our own, does not hear us. */
const DEAF_ADVERTS = 8;
/** A claim by ARP is that of a claimant whose advertisements began so long after it, or before. */
const CLAIM_MS = { before: 300, after: 3_000 } as const;
/** A claimant that was silent for so many intervals has given way. */
const GONE_INTERVALS = 3;
/** After having yielded to a node that is deaf, in ms. */
const NO_PREEMPT_MS = 10_000;

export function onActiveDue(turn: Turn): void {
  const { s, nowMs } = turn;
  if (s.question !== 0 && nowMs >= s.giveUpMs) s.question = 0;
  if (nowMs < s.advertMs) return;
  const gone = s.claimants.filter((c) => nowMs - c.heardMs > GONE_INTERVALS * c.intervalMs);
  // Neighbours may have believed it, even where it spoke but once.
  if (gone.length > 0) announceAgain(turn);
  if (gone.length > 0) s.claimants = s.claimants.filter((c) => !gone.includes(c));
  advertise(turn);
}

/** An advertisement of another node: only one that has the addresses is given way to. */
export function onActiveAdvert(turn: Turn, advert: HeardAdvert): void {
  const { s, nowMs } = turn;
  if (advert.priority === 0) {
    advertise(turn);
    return;
  }
  const own = effectivePriority(s);
  if (advert.priority === own && advert.winsTie === null) return;
  const beatsUs = advert.priority > own || (advert.priority === own && advert.winsTie === true);
  const claimant = hearClaimant(turn, advert, beatsUs);
  if (nowMs < claimant.ignoredUntilMs) return;
  if (beatsUs) {
    verify(turn, claimant);
    return;
  }
  // At once (RFC 9568 §6.4.3), but no faster than every other interval: forgeries come in floods.
  if (nowMs - s.sentMs >= s.options.intervalMs / 2) advertise(turn);
  if (claimant.heard < 2) return;
  tellOnce(turn, 'rival-claims', claimant.peer);
  announceAgain(turn);
  if (isDeaf(claimant)) verify(turn, claimant);
}

const isDeaf = ({ heard, sent }: Claimant): boolean =>
  heard >= DEAF_ADVERTS && sent >= DEAF_ADVERTS;

function hearClaimant({ s, nowMs }: Turn, advert: HeardAdvert, beatsUs: boolean): Claimant {
  const before = s.claimants.find(({ peer }) => peer === advert.peer);
  const { peer, priority, intervalMs } = advert;
  const claimant: Claimant = {
    peer,
    priority,
    beatsUs,
    intervalMs,
    heard: (before?.heard ?? 0) + 1,
    sent: before?.sent ?? 0,
    firstMs: before?.firstMs ?? nowMs,
    heardMs: nowMs,
    strikes: before?.strikes ?? 0,
    ignoredUntilMs: before?.ignoredUntilMs ?? -Infinity,
  };
  const others = s.claimants.filter((c) => c !== before);
  // The one that was silent longest stands first.
  if (others.length >= CLAIMANTS_MAX) others.shift();
  s.claimants = [...others, claimant];
  return claimant;
}

/** Asks whether another host has the addresses; what was seen of late is answer enough. */
function verify(turn: Turn, claimant: Claimant): void {
  const { s } = turn;
  const claimedAfterMs = s.claimMs - claimant.firstMs;
  if (claimedAfterMs > -CLAIM_MS.before && turn.nowMs - s.claimMs < CLAIM_MS.after) {
    giveWay(turn, claimant);
    return;
  }
  const withinMs = VERIFY_INTERVALS * claimant.intervalMs;
  ask(turn, Math.min(Math.max(withinMs, VERIFY_MS.min), VERIFY_MS.max));
}

/** What came of the question who else has the addresses. */
export function onActiveAnswer(turn: Turn, answer: Answer): void {
  const { s, nowMs } = turn;
  s.question = 0;
  s.giveUpMs = Infinity;
  const worthy = s.claimants
    .filter((c) => nowMs >= c.ignoredUntilMs && (c.beatsUs || isDeaf(c)))
    .toSorted((a, b) => b.priority - a.priority);
  const first = worthy[0];
  if (first === undefined) return;
  // Where all that are known are silent, nobody can be asked: the advertisement counts.
  const isTrue = answer.owner === 'answered' || (first.beatsUs && areAllSilent(answer));
  if (isTrue) {
    giveWay(turn, first);
    return;
  }
  s.claimants = s.claimants.map((c) => (worthy.includes(c) ? struck(turn, c) : c));
}

/** Whether somebody should have answered, and nobody did. */
function areAllSilent({ witnesses, peers }: Answer): boolean {
  if (witnesses === 'answered' || peers === 'answered') return false;
  return witnesses === 'silent' || peers === 'silent';
}

function struck(turn: Turn, claimant: Claimant): Claimant {
  const strikes = claimant.strikes + 1;
  if (strikes < STRIKES_MAX) return { ...claimant, strikes };
  tellOnce(turn, 'unverified-advert', claimant.peer);
  return { ...claimant, strikes: 0, ignoredUntilMs: turn.nowMs + IGNORE_MS };
}

function giveWay(turn: Turn, { peer, priority, intervalMs, beatsUs, heardMs }: Claimant): void {
  const rival: Rival = {
    peer,
    priority,
    firstPriority: priority,
    intervalMs,
    heardMs,
    isLeaving: false,
    isVerified: true,
  };
  if (!beatsUs) turn.s.noPreemptUntilMs = turn.nowMs + NO_PREEMPT_MS;
  yieldTo(turn, rival, beatsUs ? 'peer-is-higher' : 'peer-is-deaf');
}

/** Another host claims an address by ARP: the neighbours are told again whose it is. */
export function onActiveClaim(turn: Turn): void {
  const { s } = turn;
  s.claimMs = turn.nowMs;
  // With their next advertisement those who were not believed are.
  s.claimants = s.claimants.map((c) => ({ ...c, ignoredUntilMs: -Infinity }));
  tellOnce(turn, 'rival-claims');
  announceAgain(turn);
}

/** `before`: as it was until now. */
export function onActiveFitness(turn: Turn, before: Fitness): void {
  const { s, effects } = turn;
  if (s.fitness.kind === 'no-link') {
    effects.push({ kind: 'advertise', priority: 0 }, { kind: 'release' });
    becomeFault(turn);
  } else if (s.fitness.kind === 'unfit') {
    if (before.kind !== 'unfit') becomeLeaving(turn, 'unfit');
  } else {
    advertise(turn);
  }
}

/** Nobody has taken over within the time: better this node than none. */
export function onNobody(turn: Turn): void {
  const { leaving } = turn.s;
  stayActive(turn, leaving === 'unfit' ? 'unfit-but-alone' : 'nobody-took-over');
}
