/** From what the probe wrote down to the figures that people compare. Pure. */
import type { OwnerLook, ProbeResult } from './probe-result.ts';

export type Figures = {
  /** Longest time without a fresh request that was answered. */
  readonly silenceMs: number;
  readonly freshSent: number;
  readonly freshFailed: number;
  readonly keptSent: number;
  readonly keptFailed: number;
  readonly lost: Readonly<Record<'ping' | 'idle' | 'push', number>>;
  readonly opened: number;
  /** Of flows; null where the contender answered none before the fault. */
  readonly datagrams: { readonly sent: number; readonly lost: number } | null;
  readonly twoOwnersMs: number;
  readonly noOwnerMs: number;
  /** Times that another node answered than before. */
  readonly moves: number;
  /** Above this nothing is blamed on the contender. */
  readonly ownStallMs: number;
};

/** Looks in a row without an answer until there is taken to be no owner: one frame may be lost. */
const NONE_LOOKS = 3;

/** The figures of one run, from `fromMs` on. */
export function figuresOf(result: ProbeResult, fromMs: number): Figures {
  const fresh = result.fresh.filter(({ startMs }) => startMs >= fromMs);
  const { ping, idle, push } = result.established;
  return {
    silenceMs: longestSilence(result, fromMs),
    freshSent: fresh.length,
    freshFailed: fresh.filter(({ fault }) => fault !== '').length,
    keptSent: result.kept.sent,
    keptFailed: result.kept.failed,
    lost: { ping: ping.lost, idle: idle.lost, push: push.lost },
    opened: ping.opened + idle.opened + push.opened,
    datagrams: datagramsOf(result, fromMs),
    ...owners(result.owners.filter(({ atMs }) => atMs >= fromMs)),
    ownStallMs: Math.round(result.ownStallMs),
  };
}

function datagramsOf({ datagrams }: ProbeResult, fromMs: number): Figures['datagrams'] {
  if (!datagrams.some(({ atMs, isAnswered }) => atMs < fromMs && isAnswered)) return null;
  const sent = datagrams.filter(({ atMs }) => atMs >= fromMs);
  return { sent: sent.length, lost: sent.filter(({ isAnswered }) => !isAnswered).length };
}

function longestSilence({ fresh }: ProbeResult, fromMs: number): number {
  const answered = fresh.filter(({ fault }) => fault === '').map(({ endMs }) => endMs);
  answered.sort((a, b) => a - b);
  const lastStart = Math.max(0, ...fresh.map(({ startMs }) => startMs));
  let longest = 0;
  let beforeMs = fromMs;
  for (const endMs of [...answered, lastStart]) {
    if (endMs < fromMs) continue;
    longest = Math.max(longest, endMs - beforeMs);
    beforeMs = Math.max(beforeMs, endMs);
  }
  return Math.round(longest);
}

function owners(looks: readonly OwnerLook[]): Pick<Figures, 'twoOwnersMs' | 'noOwnerMs' | 'moves'> {
  let twoOwnersMs = 0;
  let noOwnerMs = 0;
  let moves = 0;
  let last = '';
  let none = 0;
  for (const [i, { atMs, macs }] of looks.entries()) {
    const lengthMs = i === 0 ? 0 : atMs - looks[i - 1]!.atMs;
    if (macs.length > 1) twoOwnersMs += lengthMs;
    if (macs.length === 0) {
      none++;
      if (none === NONE_LOOKS) noOwnerMs += atMs - looks[Math.max(0, i - NONE_LOOKS)]!.atMs;
      else if (none > NONE_LOOKS) noOwnerMs += lengthMs;
      continue;
    }
    none = 0;
    if (macs.length > 1) continue;
    if (last !== '' && macs[0] !== last) moves++;
    last = macs[0]!;
  }
  return { twoOwnersMs: Math.round(twoOwnersMs), noOwnerMs: Math.round(noOwnerMs), moves };
}

/** The middle one of several runs, figure by figure. */
export function medianFigures(runs: readonly Figures[]): Figures {
  const middle = (of: (figures: Figures) => number): number => {
    const sorted = runs.map(of).toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1]!;
  };
  return {
    silenceMs: middle((f) => f.silenceMs),
    freshSent: middle((f) => f.freshSent),
    freshFailed: middle((f) => f.freshFailed),
    keptSent: middle((f) => f.keptSent),
    keptFailed: middle((f) => f.keptFailed),
    lost: {
      ping: middle((f) => f.lost.ping),
      idle: middle((f) => f.lost.idle),
      push: middle((f) => f.lost.push),
    },
    opened: middle((f) => f.opened),
    datagrams:
      runs[0]!.datagrams === null
        ? null
        : {
            sent: middle((f) => f.datagrams?.sent ?? 0),
            lost: middle((f) => f.datagrams?.lost ?? 0),
          },
    twoOwnersMs: middle((f) => f.twoOwnersMs),
    noOwnerMs: middle((f) => f.noOwnerMs),
    moves: middle((f) => f.moves),
    ownStallMs: middle((f) => f.ownStallMs),
  };
}
