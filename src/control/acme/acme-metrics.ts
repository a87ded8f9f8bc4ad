/** Metrics of certificates by ACME. */
import type { ControlParts } from '../control-view.ts';
import { single, type MetricFamily, type Sample } from '../metric-family.ts';
import { ACME_STATES } from './acme-view.ts';

/** Called for each GET /metrics; nothing where no certificate is obtained by ACME. */
export function acmeFamilies({ acme }: Pick<ControlParts, 'acme'>): MetricFamily[] {
  const all = acme.status();
  const { obtained, failures } = acme.counters;
  if (all.length === 0 && obtained === 0 && failures.size === 0) return [];
  const states: Sample[] = ACME_STATES.map((state) => ({
    value: all.filter((one) => one.state === state).length,
    labels: { state },
  }));
  return [
    {
      name: 'ballast_acme_certificates',
      help: 'Certificates that are obtained by ACME, by their state.',
      type: 'gauge',
      values: states,
    },
    single('ballast_acme_obtained_total', 'counter', 'Certificates obtained by ACME.', obtained),
    {
      name: 'ballast_acme_failures_total',
      help: 'Orders of ACME that failed, by code.',
      type: 'counter',
      values: [...failures].map(([code, value]) => ({ value, labels: { code } })),
    },
  ];
}
