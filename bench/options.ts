/** The command line of the comparison. */
import { parseArgs } from 'node:util';

export type Options = {
  /** Rows to run by id, or by what they are about (http, https, tcp, udp); empty runs all. */
  readonly only: readonly string[];
  readonly rounds: number;
  /** Measured time and time before it of one sample, in seconds. */
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** The core that the balancer is pinned to; everything else runs on the others. */
  readonly core: number;
  /** Whether Ballast's workers write a processor profile. */
  readonly profile: boolean;
  readonly list: boolean;
  readonly help: boolean;
};

export const USAGE = `usage: bench/run.sh [option …]        (or: make bench BENCH="option …")

  --quick          3 rounds of 1.5 s instead of 5 rounds of 3 s
  --only ROW       only this row, or all rows of http, https, tcp or udp; may be given more than once
  --rounds N       rounds; each contender is measured once in each
  --seconds S      measured seconds of one sample
  --warmup S       seconds under load before them
  --core N         the balancer's core (default 0); load and servers take the others
  --profile        Ballast's workers write .cpuprofile files into bench/out/profile
  --list           print the rows and end
`;

function positive(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!(value > 0)) throw new Error(`--${name} "${text}": a number above 0 is needed`);
  return value;
}

/** Reads the arguments; throws an Error that a person can read. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      warmup: { type: 'string' },
      core: { type: 'string' },
      profile: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { quick } = values;
  return {
    only: values.only,
    rounds: Math.floor(positive('rounds', values.rounds, quick ? 3 : 5)),
    seconds: positive('seconds', values.seconds, quick ? 1.5 : 3),
    warmupSeconds: positive('warmup', values.warmup, 2),
    core: values.core === undefined ? 0 : Number(values.core),
    profile: values.profile,
    list: values.list,
    help: values.help,
  };
}
