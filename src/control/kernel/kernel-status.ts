import type { Plan } from '../../config/plan.ts';
import { bindText } from '../../sys/sockets.ts';
import type { KernelListenerStatus } from '../status-report.ts';
import type { KernelTables } from './kernel-tables.ts';

/** Listeners that the kernel carries. Called for each report. */
export function kernelListeners(
  { kernel }: Plan,
  tables: Pick<KernelTables, 'liveBy'>,
): KernelListenerStatus[] {
  return kernel.map(({ key, protocol, form, binds }) => ({
    name: key,
    protocol,
    form,
    addresses: binds.map(bindText),
    connections: form === 'stateless' ? null : tables.liveBy(key),
  }));
}
