import type { z } from 'zod';
import { integer, word } from './scalar.ts';
import { list, section } from './structure.ts';
import { duration, percent } from './units.ts';

/** Default of `ejectMax` in ms, where `eject` is not more. */
const EJECT_MAX_MS = 300_000;

/** Schema of `passive`. */
export const passiveSchema = section(
  'Ejects servers for what is seen of them in passing. Off unless given; {} takes the defaults.',
  {
    failures: integer(
      1,
      1_000,
      'Failures in a row, over all workers, that eject a server.',
    ).prefault(5),
    on: list(
      'What counts: connections refused or timed out; answers 502, 503 and 504; resets and cut answers.',
      word(['connect', 'gateway-error', 'reset'], 'A kind of failure.'),
    ).prefault(['connect', 'gateway-error', 'reset']),
    eject: duration('Length of a first ejection; each further one is twice as long.').prefault(
      '10s',
    ),
    ejectMax: duration('Longest ejection; 5m, or eject where that is more.').optional(),
    maxEjected: percent(
      "Share of the pool's servers that is ejected at once at most; one may always be.",
      100,
      1,
    ).prefault('50%'),
  },
);

/** `passive` with its defaults filled in. */
export type PassiveConfig = z.output<typeof passiveSchema>;

/** Milliseconds of `ejectMax`, whether given or not. */
export function ejectMaxMs(passive: PassiveConfig): number {
  return passive.ejectMax ?? Math.max(EJECT_MAX_MS, passive.eject);
}
