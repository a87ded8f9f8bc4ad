/**
 * The Prometheus exposition: what the workers counted (summed over all of them, dead ones included)
 * and what the control plane itself knows. prom-client only writes the text of the latter.
 */
import { setImmediate as rest } from 'node:timers/promises';
import { Registry, type Metric } from 'prom-client';
import type { ControlParts } from './control-view.ts';
import { kernelFamilies } from './kernel/kernel-metrics.ts';
import { kernelListeners } from './kernel/kernel-status.ts';
import { controlFamilies } from './metrics-control.ts';
import { planeText } from './metrics-plane.ts';
import type { MetricFamily } from './metric-family.ts';

/** Length of a piece of text, and most of the short texts in it: a millisecond or two of work. */
const PIECE_CHARS = 64 << 10;
const PIECE_TEXTS = 2_048;

/**
 * The whole text in pieces, with a rest after each, so that heartbeats and checks are looked at in
 * time however much there is. Called for each GET /metrics.
 */
export async function* metricsText(parts: ControlParts): AsyncGenerator<string> {
  const registry = new Registry();
  const tables = parts.floating.kernel;
  const [counters] = await Promise.all([tables.counters(), tables.countLive()]);
  const kernel = kernelFamilies(counters, kernelListeners(parts.plan, tables));
  for (const family of [...controlFamilies(parts), ...kernel]) {
    registry.registerMetric(asMetric(family));
  }
  let piece = await registry.metrics();
  let texts = 0;
  for (const text of planeText(parts)) {
    piece += text;
    texts += 1;
    if (piece.length < PIECE_CHARS && texts < PIECE_TEXTS) continue;
    yield piece;
    piece = '';
    texts = 0;
    await rest();
  }
  yield piece;
}

/** The registry asks a metric for its name and, through get(), for its values: nothing else. */
function asMetric(family: MetricFamily): Metric {
  const metric = { ...family, get: () => Promise.resolve(family) };
  return metric as unknown as Metric;
}
