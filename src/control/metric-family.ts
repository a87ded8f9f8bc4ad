/** Metric families as plain values. */

export type Labels = Readonly<Record<string, string | number>>;

export type Sample = { readonly value: number; readonly labels: Labels };

/** All samples of one name, with its HELP and TYPE. Names and labels follow Prometheus' rules. */
export type MetricFamily = {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly values: readonly Sample[];
};

/** A family with one sample and no labels. */
export function single(
  name: string,
  type: MetricFamily['type'],
  help: string,
  value: number,
): MetricFamily {
  return { name, help, type, values: [{ value, labels: {} }] };
}
