import { z } from 'zod';
import type { BalancePlan, HashPlan } from '../plan.ts';
import { quote } from '../quote.ts';
import { flag, Problem, problemOf, scalar, word } from './scalar.ts';
import type { Scalar } from './scalar.ts';
import { section } from './structure.ts';
import { text } from './text.ts';
import { percent } from './units.ts';

/** Algorithms that need nothing but their word. */
const PLAIN = [
  'round-robin',
  'least-connections',
  'random-of-two',
  'least-time',
  'first',
  'source-hash',
  'source-port-hash',
  'uri-hash',
  'maglev',
  'ring',
] as const;

/** Algorithms that hash something with a name. */
const NAMED = ['header-hash', 'cookie-hash', 'query-hash'] as const;

const ALL = [...PLAIN, ...NAMED] as const;

type Algorithm = (typeof ALL)[number];

/** Words of other programs, and what they are called here. */
const CALLED_HERE: ReadonlyMap<string, string> = new Map([
  ['least-requests', 'least-connections'],
  ['peak-ewma', 'least-time'],
  ['random', 'random-of-two'],
  ['ip-hash', 'source-hash'],
  ['source', 'source-hash'],
  ['uri', 'uri-hash'],
  ['ketama', 'ring'],
  ['consistent-hash', 'ring'],
  ['sticky', 'cookie-hash'],
]);

/** A schema for one of `words`; `isShort` is that for the word that stands alone. */
function algorithm<const W extends Algorithm>(
  words: readonly W[],
  description: string,
  isShort: boolean,
): Scalar<W> {
  const plain = word(words, description);
  const meta = { title: words.join(' | '), type: 'string', enum: words } as const;
  return scalar<W>(meta, description, (value) => {
    const refuse = (message: string, hint: string): Problem =>
      new Problem('BAL_CONFIG_UNKNOWN_VALUE', message, hint);
    const known = typeof value === 'string' ? CALLED_HERE.get(value) : undefined;
    if (known !== undefined)
      return refuse(`unknown word ${quote(value)}`, `did you mean "${known}"?`);
    if (isShort && NAMED.some((one) => one === value)) {
      const hint = `write { algorithm: ${String(value)}, name: … }`;
      return refuse(`${quote(value)} does not say what it hashes`, hint);
    }
    const result = plain.safeParse(value);
    return problemOf(result) ?? (result.data as W);
  });
}

const balanceMap = section('An algorithm with settings.', {
  algorithm: algorithm(
    ALL,
    'The algorithm; header-hash, cookie-hash and query-hash need a name.',
    false,
  ),
  name: text(
    'Name of the header field, cookie or parameter of the query that is hashed.',
    256,
  ).optional(),
  query: flag('With uri-hash: whether the query is hashed too.').prefault(false),
  table: word(
    ['maglev', 'ring'],
    'How hashes are spread over servers: maglev spreads more evenly, ring moves fewer keys.',
  ).prefault('maglev'),
  boundedLoad: percent(
    'A server with more than this share of the mean load passes a request on to the next. Off by default.',
    1_000,
    101,
  ).optional(),
});

/** Schema of `balance`. */
export const balanceSchema = z
  .union([algorithm(PLAIN, 'The algorithm.', true), balanceMap])
  .prefault('round-robin')
  .meta({
    description:
      'How a server is chosen. Those with hash: the same key goes to the same server, without a ' +
      'table of clients. maglev and ring alone are source-hash with that table.',
  });

/** `balance` with its defaults filled in. */
export type BalanceConfig = z.output<typeof balanceSchema>;

/** The settings of `balance`, whether it was given as a word or as a map. */
export type BalanceSettings = {
  readonly algorithm: Algorithm;
  readonly name: string | undefined;
  readonly query: boolean;
  readonly table: 'maglev' | 'ring';
  readonly boundedLoad: number;
};

/** The settings of `balance` in one form. */
export function balanceSettings(given: BalanceConfig): BalanceSettings {
  if (typeof given === 'string') {
    return { algorithm: given, name: undefined, query: false, table: 'maglev', boundedLoad: 0 };
  }
  return { ...given, name: given.name, boundedLoad: given.boundedLoad ?? 0 };
}

/** What an algorithm hashes; null where it hashes nothing. */
export function hashOf({ algorithm: chosen, name, query }: BalanceSettings): HashPlan | null {
  switch (chosen) {
    case 'source-hash':
    case 'maglev':
    case 'ring':
      return { kind: 'source' };
    case 'source-port-hash':
      return { kind: 'source-port' };
    case 'uri-hash':
      return { kind: 'uri', query };
    case 'header-hash':
      return { kind: 'header', name: (name ?? '').toLowerCase() };
    case 'cookie-hash':
      return { kind: 'cookie', name: name ?? '' };
    case 'query-hash':
      return { kind: 'query', name: name ?? '' };
    default:
      return null;
  }
}

/** `balance` as the plan has it. */
export function balancePlan(given: BalanceConfig): BalancePlan {
  const settings = balanceSettings(given);
  const { algorithm: chosen, table, boundedLoad } = settings;
  const hash = hashOf(settings);
  switch (chosen) {
    case 'round-robin':
    case 'least-connections':
    case 'random-of-two':
    case 'least-time':
    case 'first':
    case 'maglev':
    case 'ring':
      return { kind: chosen, hash, boundedLoadPercent: boundedLoad };
    default:
      return { kind: table, hash, boundedLoadPercent: boundedLoad };
  }
}
