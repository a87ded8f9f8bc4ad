import type { KernelListenerPlan } from '../plan-kernel.ts';
import { kernelSchema } from '../schema/kernel.ts';
import type { TcpListenerConfig } from '../schema/listener-tcp.ts';
import type { UdpListenerConfig } from '../schema/listener-udp.ts';
import type { ListenerConfig } from '../schema/listener.ts';

type Layer4 = TcpListenerConfig | UdpListenerConfig;

/** Whether the kernel carries a listener. */
export function isKernel(listener: ListenerConfig): listener is Layer4 {
  return listener.protocol !== 'http' && listener.mode === 'kernel';
}

/** The plan of such a listener; `pools` are the indices by name. */
export function lowerKernel(
  listener: Layer4,
  key: string,
  pools: ReadonlyMap<string, number>,
): KernelListenerPlan {
  const { form, hash, inside, leave } = listener.kernel ?? kernelSchema.parse({});
  return {
    key,
    protocol: listener.protocol,
    binds: listener.bind,
    pool: pools.get(listener.pool ?? '') ?? -1,
    form,
    hash,
    inside,
    leave,
  };
}
