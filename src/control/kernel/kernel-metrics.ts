import type { MetricFamily } from '../metric-family.ts';
import type { KernelListenerStatus } from '../status-report.ts';
import type { ServerCounters } from './kernel-counters.ts';

/** What passes by way of the kernel; nothing where no listener has mode: kernel. */
export function kernelFamilies(
  counters: readonly ServerCounters[],
  listeners: readonly KernelListenerStatus[],
): MetricFamily[] {
  if (listeners.length === 0) return [];
  const values = (of: (one: ServerCounters) => number) =>
    counters.map((one) => ({ value: of(one), labels: { pool: one.pool, server: one.server } }));
  const counted = listeners.filter(({ connections }) => connections !== null);
  return [
    {
      name: 'ballast_kernel_listener_connections',
      help: 'Connections that the kernel has by way of a listener.',
      type: 'gauge',
      values: counted.map(({ name, connections }) => ({
        value: connections!,
        labels: { listener: name },
      })),
    },
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
