import type { MetricFamily } from '../metric-family.ts';
import type { ServerCounters } from './kernel-counters.ts';

/** What went to servers by way of the kernel; nothing where no listener has mode: kernel. */
export function kernelFamilies(counters: readonly ServerCounters[]): MetricFamily[] {
  if (counters.length === 0) return [];
  const values = (of: (one: ServerCounters) => number) =>
    counters.map((one) => ({ value: of(one), labels: { pool: one.pool, server: one.server } }));
  return [
    {
      name: 'ballast_kernel_server_packets_total',
      help: 'Packets that the kernel passed on to a server.',
      type: 'counter',
      values: values(({ packets }) => packets),
    },
    {
      name: 'ballast_kernel_server_bytes_total',
      help: 'Bytes of these packets.',
      type: 'counter',
      values: values(({ bytes }) => bytes),
    },
  ];
}
