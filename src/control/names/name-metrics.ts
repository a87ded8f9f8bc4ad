/** Metrics of servers by name. */
import type { ControlParts } from '../control-view.ts';
import { single, type MetricFamily, type Sample } from '../metric-family.ts';
import { viewOfName } from './name-view.ts';

/** Called for each GET /metrics. */
export function nameFamilies({ plan, names }: ControlParts): MetricFamily[] {
  const counts = new Map<string, number>([
    ['holding', 0],
    ['unresolved', 0],
  ]);
  for (const pool of plan.pools) {
    for (const name of pool.names) {
      const { phase } = viewOfName(name, names);
      const count = counts.get(phase);
      if (count !== undefined) counts.set(phase, count + 1);
    }
  }
  const failing: Sample[] = [...counts].map(([state, value]) => ({ value, labels: { state } }));
  const outcomes = [...names.outcomes].map(([outcome, value]) => ({ value, labels: { outcome } }));
  return [
    {
      name: 'ballast_name_lookups_total',
      help: 'Lookups of names that ended, by how.',
      type: 'counter',
      values: outcomes,
    },
    {
      name: 'ballast_names_failing',
      help: 'Names that do not resolve now, by what serves instead.',
      type: 'gauge',
      values: failing,
    },
    single('ballast_name_questions', 'gauge', 'Names and types looked up.', names.size),
  ];
}
