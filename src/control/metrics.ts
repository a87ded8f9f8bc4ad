/**
 * The Prometheus exposition: what the workers counted (summed over all of them, dead ones included)
 * and what the control plane itself knows. prom-client only writes the text.
 */
import { Registry, type Metric } from 'prom-client';
import type { ControlParts } from './control-view.ts';
import { controlFamilies } from './metrics-control.ts';
import { planeFamilies } from './metrics-plane.ts';
import type { MetricFamily } from './metric-family.ts';

/** Called for each GET /metrics. */
export async function metricsText(parts: ControlParts): Promise<string> {
  const registry = new Registry();
  for (const family of [...controlFamilies(parts), ...planeFamilies(parts)]) {
    registry.registerMetric(asMetric(family));
  }
  return registry.metrics();
}

/** The registry asks a metric for its name and, through get(), for its values: nothing else. */
function asMetric(family: MetricFamily): Metric {
  const metric = { ...family, get: () => Promise.resolve(family) };
  return metric as unknown as Metric;
}
