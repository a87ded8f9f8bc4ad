import { isEligible } from './balancer.ts';
import type { Balancer, ServerState } from './balancer.ts';

/**
 * Fills the first usable server, in the order of the configuration, before it takes the next: few
 * servers are busy, the others can sleep. A server without `maxConnections` is never full, so those
 * behind it get nothing while it is up. Weights do not matter, except 0. One step for each server
 * before that is at its limit, which nobody announces.
 */
export class First implements Balancer {
  readonly tracksLive = false;
  private readonly servers: readonly ServerState[];
  /** Indices of the usable servers in their order. */
  private readonly usable: Int32Array;
  private size = 0;

  constructor(servers: readonly ServerState[]) {
    this.servers = servers;
    this.usable = new Int32Array(servers.length);
    this.changed();
  }

  pick(tried: Int32Array, triedCount: number): number {
    const { servers, usable, size } = this;
    for (let i = 0; i < size; i++) {
      const index = usable[i]!;
      if (isEligible(servers[index]!, tried, triedCount)) return index;
    }
    return -1;
  }

  changed(): void {
    this.size = 0;
    for (const server of this.servers) {
      if (server.isUsable && server.weight > 0) this.usable[this.size++] = server.index;
    }
  }

  liveChanged(): void {}
}
