/** Measures a row: its contenders in turn, several rounds, and the ratios between them. */
import { contenderOf } from './contenders/table.ts';
import type { Program } from './contenders/contender.ts';
import type { Options } from './options.ts';
import type { RatioResult, RowResult, Sample, VariantResult } from './result.ts';
import { protocolOf, variant } from './row.ts';
import type { Row, Target, Variant } from './row.ts';
import { takeSample } from './sample.ts';
import { median, ratios, summarize } from './statistics.ts';

type Pair = Pick<Target, 'of' | 'to'>;
type Taken = { readonly variant: Variant; readonly samples: Sample[] };
export type Say = (line: string) => void;

/** Half of HAProxy's saturation is what this share of its closed-loop rate is. */
const RATE_SHARE = 0.5;
const SATURATION_SAMPLES = 3;
/** Whose saturation counts, the first that is there. */
const RATE_OF: readonly Program[] = ['haproxy', 'nginx', 'floor'];

/** Those that the row has a limit for. */
function limitedPairs({ target }: Row): readonly Pair[] {
  if (target === null) return [];
  const { of, to, alsoTo } = target;
  return alsoTo === undefined
    ? [{ of, to }]
    : [
        { of, to },
        { of, to: alsoTo },
      ];
}

/** Every ratio worth a line: the target's, Ballast to each other, many routes to few. */
function pairsOf(row: Row): readonly Pair[] {
  const pairs: Pair[] = [...limitedPairs(row)];
  const add = (of: string, to: string): void => {
    if (!pairs.some((pair) => pair.of === of && pair.to === to)) pairs.push({ of, to });
  };
  for (const one of row.variants) {
    if (one.routes === 0 && one.id !== 'ballast') add('ballast', one.id);
    for (const other of row.variants) {
      if (one.program === other.program && one.routes > other.routes) add(one.id, other.id);
    }
  }
  return pairs;
}

function ratioOf(pair: Pair, row: Row, taken: readonly Taken[]): RatioResult | null {
  const values = (id: string): (number | null)[] =>
    taken.find((one) => one.variant.id === id)?.samples.map((sample) => sample.value) ?? [];
  const summary = summarize(ratios(values(pair.of), values(pair.to)));
  if (summary === null) return null;
  const isTarget = limitedPairs(row).some(({ of, to }) => of === pair.of && to === pair.to);
  const limit = isTarget ? row.target!.limit : null;
  return {
    ...summary,
    of: pair.of,
    to: pair.to,
    limit,
    isMet: limit === null ? null : summary.median <= limit,
  };
}

function variantResult({ variant: one, samples }: Taken): VariantResult {
  const values = samples.map((sample) => sample.value).filter((value) => value !== null);
  return { id: one.id, title: one.title, summary: summarize(values), samples };
}

/** Variants whose program is on this machine. */
async function available(row: Row): Promise<readonly Variant[]> {
  const present: Variant[] = [];
  for (const one of row.variants) {
    const contender = contenderOf(one.program);
    if (!contender.serves(protocolOf(row.load))) continue;
    if ((await contender.version()) !== null) present.push(one);
  }
  return present;
}

/** Requests per second of a balancer that always has work; 0 where it could not be measured. */
async function saturation(row: Row, program: Program, options: Options): Promise<number> {
  if (row.load.kind !== 'http') return 0;
  const closed: Row = { ...row, measure: 'cpu', load: { ...row.load, mode: 'closed' } };
  const rates: number[] = [];
  for (let i = 0; i < SATURATION_SAMPLES; i++) {
    const sample = await takeSample({ row: closed, variant: variant(program), options, rate: 0 });
    if (sample.value !== null) rates.push(sample.requestsPerSecond);
  }
  return rates.length === 0 ? 0 : median(rates);
}

/** The constant rate of an open load, in requests per second; 0 where the row has none. */
async function rateOf(row: Row, options: Options, say: Say): Promise<number> {
  if (row.load.kind !== 'http' || row.load.mode !== 'open') return 0;
  for (const program of RATE_OF) {
    if ((await contenderOf(program).version()) === null) continue;
    const rate = await saturation(row, program, options);
    if (rate === 0) continue;
    say(`  ${program} saturates at ${Math.round(rate)} requests / s`);
    return rate * RATE_SHARE;
  }
  throw new Error('no balancer to take the saturation of');
}

function describe(sample: Sample, unit: string): string {
  if (sample.value === null) return `not valid: ${sample.problem}`;
  const parts = [`${sample.value.toFixed(2)} ${unit}`];
  if (sample.requestsPerSecond > 0) {
    parts.push(`${Math.round(sample.requestsPerSecond)} / s`);
    parts.push(`core ${Math.round(sample.coreShare * 100)} %`);
    parts.push(`user ${Math.round(sample.userShare * 100)} %`);
  }
  if (sample.loggedShare !== null) parts.push(`logged ${(sample.loggedShare * 100).toFixed(1)} %`);
  if (sample.memoryMib !== null) parts.push(`${Math.round(sample.memoryMib)} MiB in all`);
  return parts.join(', ');
}

/** Those with a limit first, of them the one that is furthest from being met. */
function inOrder(found: readonly RatioResult[]): readonly RatioResult[] {
  const limited = found.filter(({ limit }) => limit !== null);
  const others = found.filter(({ limit }) => limit === null);
  return [...limited.sort((a, b) => b.median - a.median), ...others];
}

/** Runs the row. The order of the contenders turns by one with each round. */
export async function measureRow(row: Row, options: Options, say: Say): Promise<RowResult> {
  const taken: Taken[] = (await available(row)).map((one) => ({ variant: one, samples: [] }));
  const rate = await rateOf(row, options, say);
  for (let round = 0; round < options.rounds; round++) {
    for (let i = 0; i < taken.length; i++) {
      const { variant: one, samples } = taken[(i + round) % taken.length]!;
      const sample = await takeSample({ row, variant: one, options, rate });
      samples.push(sample);
      say(`  ${round + 1}/${options.rounds} ${one.title}: ${describe(sample, row.unit)}`);
    }
  }
  const found = pairsOf(row).map((pair) => ratioOf(pair, row, taken));
  return {
    id: row.id,
    title: row.title,
    unit: row.unit,
    note: row.note,
    rate: rate > 0 ? Math.round(rate) : null,
    variants: taken.map(variantResult),
    ratios: inOrder(found.filter((ratio) => ratio !== null)),
  };
}
