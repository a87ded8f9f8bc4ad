/** The part of a plan that the kernel itself carries: listeners with `mode: kernel`. */
import type { BindPlan } from './plan.ts';

/** See docs/kernel.md for a picture of each. */
export type KernelForm = 'routed' | 'stateless' | 'one-armed';

export type KernelListenerPlan = {
  readonly key: string;
  readonly protocol: 'tcp' | 'udp';
  readonly binds: readonly BindPlan[];
  /** Index of its pool. */
  readonly pool: number;
  readonly form: KernelForm;
  /** What of a client chooses its server: address and port, or the address alone. */
  readonly hash: 'source-port' | 'source';
  /** One-armed: the addresses that servers see, one for each family at most. */
  readonly inside: readonly BindPlan[];
  /** Whether the rules stay when the program ends. */
  readonly leave: boolean;
};
