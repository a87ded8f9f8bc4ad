import { isEligible } from './balancer.ts';
import { Xorshift } from './xorshift.ts';
import type { ServerState } from './balancer.ts';

/** Draws that may hit a server that cannot be used, before all servers are looked at. */
const DRAWS_MAX = 12;

/**
 * Draws servers at random by weight, in constant time, by an alias table (Vose 1991) that `changed`
 * builds; O(servers) where nearly all servers are full.
 */
export class WeightedDraw {
  /** Servers that are usable and have a weight. */
  size = 0;
  private readonly servers: readonly ServerState[];
  private readonly random: Xorshift;
  /** The table: column i stands for `own[i]` below `threshold[i]`, else for `other[i]`. */
  private readonly own: Int32Array;
  private readonly other: Int32Array;
  private readonly threshold: Float64Array;

  /** `seed`: as for Xorshift; workers should differ in it. */
  constructor(servers: readonly ServerState[], seed: number) {
    this.servers = servers;
    this.random = new Xorshift(seed);
    this.own = new Int32Array(servers.length);
    this.other = new Int32Array(servers.length);
    this.threshold = new Float64Array(servers.length);
    this.changed();
  }

  /** To be called after a weight or an `isUsable` has changed. */
  changed(): void {
    const { servers, own, other, threshold } = this;
    let size = 0;
    let total = 0;
    for (let i = 0; i < servers.length; i++) {
      const server = servers[i]!;
      if (!server.isUsable || server.weight <= 0) continue;
      own[size++] = i;
      total += server.weight;
    }
    this.size = size;
    const small: number[] = [];
    const large: number[] = [];
    for (let column = 0; column < size; column++) {
      const share = (servers[own[column]!]!.weight * size) / total;
      threshold[column] = share;
      other[column] = own[column]!;
      (share < 1 ? small : large).push(column);
    }
    while (small.length > 0 && large.length > 0) {
      const low = small.pop()!;
      const high = large[large.length - 1]!;
      other[low] = own[high]!;
      threshold[high] = threshold[high]! - (1 - threshold[low]!);
      if (threshold[high] < 1) small.push(large.pop()!);
    }
    // What rounding has left over is a full column.
    for (const column of small) threshold[column] = 1;
    for (const column of large) threshold[column] = 1;
  }

  /** The index of an eligible server other than `not`; -1 where there is none. */
  draw(tried: Int32Array, triedCount: number, not: number): number {
    const { servers, random, size } = this;
    for (let draws = 0; draws < DRAWS_MAX; draws++) {
      const place = (random.next() / 4_294_967_296) * size;
      const column = Math.floor(place);
      if (column >= size) break;
      // The fraction is as random as a second number, to 32 bits less those of the column.
      const index =
        place - column < this.threshold[column]! ? this.own[column]! : this.other[column]!;
      if (index !== not && isEligible(servers[index]!, tried, triedCount)) return index;
    }
    return this.drawByScan(tried, triedCount, not);
  }

  /** Slow path: nearly all servers are excluded. Exact all the same, in two passes. */
  private drawByScan(tried: Int32Array, triedCount: number, not: number): number {
    const { servers, own, size } = this;
    let total = 0;
    for (let i = 0; i < size; i++) {
      const index = own[i]!;
      if (index === not || !isEligible(servers[index]!, tried, triedCount)) continue;
      total += servers[index]!.weight;
    }
    if (total === 0) return -1;
    let left = this.random.below(total);
    for (let i = 0; i < size; i++) {
      const index = own[i]!;
      if (index === not || !isEligible(servers[index]!, tried, triedCount)) continue;
      left -= servers[index]!.weight;
      if (left < 0) return index;
    }
    return -1;
  }
}
