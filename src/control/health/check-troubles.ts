import type { ProductLog } from '../product-log.ts';
import { isInconclusive } from './probe.ts';
import type { ProbeResult } from './probe.ts';

/** Whose check it is, and the digest of the check. */
export type CheckedServer = {
  readonly poolKey: string;
  readonly serverKey: string;
  readonly check: string;
};

/** Servers of a pool with such a fault, since the check with this digest. */
type Trouble = { readonly check: string; readonly servers: Set<string> };

/**
 * Tells the log where checks cannot be carried out for a fault of this machine: a password that is
 * not there, a program, descriptors. Such probes are no verdict, so that nothing else would say a
 * word. Told once when it begins in a pool, and once when it is over in all of it.
 */
export class CheckTroubles {
  readonly #log: ProductLog;
  /** By pool. */
  readonly #troubles = new Map<string, Trouble>();

  constructor(log: ProductLog) {
    this.#log = log;
  }

  /** Called for each probe that ends. */
  ended({ poolKey, serverKey, check }: CheckedServer, { reason, detail }: ProbeResult): void {
    // A process that did not run for a while knows that without being told.
    if (!isInconclusive(reason) || reason === 'local-stall') {
      this.#over(poolKey, serverKey);
      return;
    }
    const known = this.#troubles.get(poolKey);
    known?.servers.add(serverKey);
    // Told again where somebody has tried to mend it.
    if (known?.check === check) return;
    this.#troubles.set(poolKey, { check, servers: known?.servers ?? new Set([serverKey]) });
    this.#log.warn({ pool: poolKey, server: serverKey, reason, detail }, 'check cannot be made');
  }

  /** Forgets servers that are not checked any more. */
  keep(isChecked: (serverKey: string) => boolean): void {
    for (const [poolKey, { servers }] of this.#troubles) {
      for (const key of servers) if (!isChecked(key)) servers.delete(key);
      if (servers.size === 0) this.#troubles.delete(poolKey);
    }
  }

  #over(poolKey: string, serverKey: string): void {
    const servers = this.#troubles.get(poolKey)?.servers;
    if (servers === undefined || !servers.delete(serverKey) || servers.size > 0) return;
    this.#troubles.delete(poolKey);
    this.#log.info({ pool: poolKey }, 'check can be made again');
  }
}
