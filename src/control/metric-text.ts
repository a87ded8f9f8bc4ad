/**
 * Metrics of what a plan may have thousands of, written as text of the exposition format at once.
 * Each function yields short texts, so that the caller may rest between any two of them. prom-client
 * writes the rest; for 10,000 routes its objects and maps would cost ten times as much.
 */
import { LATENCY_BOUNDS_US, LATENCY_BUCKETS } from '../base/meters.ts';
import type { MetersReader } from './meters-reader.ts';

/** What is counted in one slot, and its labels as they stand between the braces. */
export type Thing = { readonly slot: number; readonly labels: string };

/** A metric that is one field of a slot. */
export type Row = readonly [name: string, type: 'counter' | 'gauge', field: number, help: string];

export type DurationFields = { readonly latencySumUs: number; readonly latencyBuckets: number };

const US_PER_SECOND = 1e6;
const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
/** Upper bounds as the label `le` has them. */
const BOUNDS: readonly string[] = [
  ...LATENCY_BOUNDS_US.map((bound) => String(bound / US_PER_SECOND)),
  '+Inf',
];

/** Labels as text: `pool="web",server="a"`, escaped. Values are of any characters. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',');
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`));
}

/** The two lines before a metric's samples. */
export function headText(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

/** One metric per row, with a sample per thing. */
export function* tableText(
  prefix: string,
  things: readonly Thing[],
  rows: readonly Row[],
  meters: MetersReader,
): Generator<string> {
  for (const [row, type, field, help] of rows) {
    const name = `${prefix}_${row}`;
    yield headText(name, type, help);
    for (const { slot, labels } of things) {
      const braced = labels === '' ? '' : `{${labels}}`;
      yield `${name}${braced} ${meters.sum(slot, field)}\n`;
    }
  }
}

export type ResponsesOptions = {
  readonly prefix: string;
  /** First of the five counters. */
  readonly field: number;
  /** Where given, things whose field is 0 are left out: they have answered nothing. */
  readonly unlessZero?: number;
};

/** Answers by the class of their status. */
export function* responsesText(
  { prefix, field, unlessZero = -1 }: ResponsesOptions,
  things: readonly Thing[],
  meters: MetersReader,
): Generator<string> {
  const name = `${prefix}_responses_total`;
  yield headText(name, 'counter', 'Answers by the class of their status.');
  for (const { slot, labels } of things) {
    if (unlessZero >= 0 && meters.sum(slot, unlessZero) === 0) {
      yield '';
      continue;
    }
    let text = '';
    for (let place = 0; place < STATUS_CLASSES.length; place++) {
      const value = meters.sum(slot, field + place);
      text += `${name}{${labels},code="${STATUS_CLASSES[place]}"} ${value}\n`;
    }
    yield text;
  }
}

/** A histogram in seconds. Things that have no value yet are left out. */
export function* durationsText(
  { name, help }: { readonly name: string; readonly help: string },
  things: readonly Thing[],
  fields: DurationFields,
  meters: MetersReader,
): Generator<string> {
  yield headText(name, 'histogram', help);
  const starts = BOUNDS.map((bound) => `${name}_bucket{le="${bound}",`);
  for (const { slot, labels } of things) {
    let count = 0;
    let text = '';
    for (let place = 0; place < LATENCY_BUCKETS; place++) {
      count += meters.sum(slot, fields.latencyBuckets + place);
      text += `${starts[place]}${labels}} ${count}\n`;
    }
    const sum = meters.sum(slot, fields.latencySumUs) / US_PER_SECOND;
    text += `${name}_sum{${labels}} ${sum}\n${name}_count{${labels}} ${count}\n`;
    yield count === 0 ? '' : text;
  }
}
