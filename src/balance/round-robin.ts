import { isEligible } from './balancer.ts';
import type { Balancer, ServerState } from './balancer.ts';

/**
 * Smooth weighted round-robin for small pools: each round every eligible server earns its weight, the
 * richest is picked and pays what all have earned. For weights 5, 1, 1 the order is a a b a c a a.
 * A server that is passed over earns nothing meanwhile, so its share goes to the others by their
 * weights, and it comes back without a burst. O(servers) per pick.
 */
export class RoundRobin implements Balancer {
  readonly tracksLive = false;
  private readonly servers: readonly ServerState[];
  private readonly credit: Float64Array;

  /** `start`: how many turns to begin ahead, 0 or more, so that workers differ. */
  constructor(servers: readonly ServerState[], start = 0) {
    this.servers = servers;
    this.credit = new Float64Array(servers.length);
    this.skipTurns(start);
  }

  pick(tried: Int32Array, triedCount: number): number {
    const { servers, credit } = this;
    let best = -1;
    let bestCredit = -Infinity;
    let total = 0;
    for (let i = 0; i < servers.length; i++) {
      const server = servers[i]!;
      if (!isEligible(server, tried, triedCount)) continue;
      total += server.weight;
      const next = credit[i]! + server.weight;
      credit[i] = next;
      if (next > bestCredit) {
        bestCredit = next;
        best = i;
      }
    }
    if (best < 0) return -1;
    credit[best]! -= total;
    return servers[best]!.index;
  }

  changed(): void {
    // What was earned or owed by other weights must not outlast one round of the new ones.
    const { servers, credit } = this;
    let total = 0;
    for (let i = 0; i < servers.length; i++) {
      if (servers[i]!.isUsable) total += servers[i]!.weight;
    }
    for (let i = 0; i < servers.length; i++) {
      if (credit[i]! > total) credit[i] = total;
      else if (credit[i]! < -total) credit[i] = -total;
    }
  }

  liveChanged(): void {}

  private skipTurns(start: number): void {
    let total = 0;
    for (const server of this.servers) total += server.weight;
    if (total === 0) return;
    const none = new Int32Array(0);
    for (let left = start % total; left > 0; left--) this.pick(none, 0);
  }
}
