import assert from 'node:assert/strict';
import test from 'node:test';
import { LATENCY_BUCKETS } from '../base/meters.ts';
import { histogramSamples } from './metric-family.ts';

test('histogramSamples makes buckets cumulative, in seconds, with +Inf equal to the count', () => {
  const buckets = Array.from({ length: LATENCY_BUCKETS }, () => 0);
  buckets[0] = 2;
  buckets[3] = 5;
  buckets[LATENCY_BUCKETS - 1] = 1;
  const samples = histogramSamples('h', { route: 'r' }, { buckets, sumUs: 2_500_000 });
  const bucket = (le: number | string) => samples.find(({ labels }) => labels['le'] === le)?.value;
  assert.equal(bucket(0.0001), 2);
  assert.equal(bucket(0.0005), 2);
  assert.equal(bucket(0.001), 7);
  assert.equal(bucket(30), 7);
  assert.equal(bucket('+Inf'), 8);
  assert.deepEqual(samples.slice(-2), [
    { value: 2.5, labels: { route: 'r' }, metricName: 'h_sum' },
    { value: 8, labels: { route: 'r' }, metricName: 'h_count' },
  ]);
});
