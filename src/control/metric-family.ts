/** Metric families as plain values, and the histogram that the workers' buckets make. */
import { LATENCY_BOUNDS_US, LATENCY_BUCKETS } from '../base/meters.ts';

export type Labels = Readonly<Record<string, string | number>>;

export type Sample = {
  readonly value: number;
  readonly labels: Labels;
  /** Where it is not the family's name: `_bucket`, `_sum` and `_count` of a histogram. */
  readonly metricName?: string;
};

/** All samples of one name, with its HELP and TYPE. Names and labels follow Prometheus' rules. */
export type MetricFamily = {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly Sample[];
};

const US_PER_SECOND = 1e6;

/** A family with one sample and no labels. */
export function single(
  name: string,
  type: MetricFamily['type'],
  help: string,
  value: number,
): MetricFamily {
  return { name, help, type, values: [{ value, labels: {} }] };
}

/**
 * The samples of one histogram in seconds from a worker's counts: `buckets` are not cumulative, in
 * the order of `LATENCY_BOUNDS_US` with +Inf last; `sumUs` is the sum of all values in µs.
 */
export function histogramSamples(
  name: string,
  labels: Labels,
  { buckets, sumUs }: { readonly buckets: readonly number[]; readonly sumUs: number },
): Sample[] {
  const samples: Sample[] = [];
  let count = 0;
  for (let place = 0; place < LATENCY_BUCKETS; place++) {
    count += buckets[place]!;
    const bound = LATENCY_BOUNDS_US[place];
    const le = bound === undefined ? '+Inf' : bound / US_PER_SECOND;
    samples.push({ value: count, labels: { le, ...labels }, metricName: `${name}_bucket` });
  }
  samples.push({ value: sumUs / US_PER_SECOND, labels, metricName: `${name}_sum` });
  samples.push({ value: count, labels, metricName: `${name}_count` });
  return samples;
}
