import type { Balancer, ServerState } from './balancer.ts';
import { WeightedDraw } from './weighted-draw.ts';

/**
 * Draws two different servers by weight and takes the one with fewer live requests per weight; of
 * equals, the one drawn first. Needs no state that workers would have to share, and avoids the herd
 * that follows the one least-loaded server. Constant time; see WeightedDraw.
 */
export class RandomOfTwo implements Balancer {
  readonly tracksLive = false;
  private readonly servers: readonly ServerState[];
  private readonly drawn: WeightedDraw;

  /** `seed`: as for Xorshift; workers should differ in it. */
  constructor(servers: readonly ServerState[], seed: number) {
    this.servers = servers;
    this.drawn = new WeightedDraw(servers, seed);
  }

  pick(tried: Int32Array, triedCount: number): number {
    const { servers, drawn } = this;
    if (drawn.size === 0) return -1;
    const first = drawn.draw(tried, triedCount, -1);
    if (first < 0 || drawn.size === 1) return first;
    const second = drawn.draw(tried, triedCount, first);
    if (second < 0) return first;
    const a = servers[first]!;
    const b = servers[second]!;
    return b.live * a.weight < a.live * b.weight ? second : first;
  }

  changed(): void {
    this.drawn.changed();
  }

  liveChanged(): void {}
}
