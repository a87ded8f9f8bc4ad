import { isEligible } from './balancer.ts';
import { mix32 } from './hash.ts';
import { KeyedServers } from './keyed-servers.ts';
import { sortPoints } from './sort-points.ts';
import type { Balancer, PoolLoad, ServerState } from './balancer.ts';

/**
 * Points on the ring for each unit of weight, by the sum of the configured weights: as many as make
 * shares even, as few as keep the ring below some two million points. Steps are far apart, because
 * a pool that passes one moves most of its keys.
 */
const POINTS: readonly { readonly upToWeight: number; readonly perWeight: number }[] = [
  { upToWeight: 320, perWeight: 4096 },
  { upToWeight: 2560, perWeight: 512 },
  { upToWeight: 32_768, perWeight: 64 },
  { upToWeight: 262_144, perWeight: 8 },
  { upToWeight: Infinity, perWeight: 1 },
];

/** Points that a key passes before all servers are looked at. */
const PASSED_MAX = 64;

const GOLDEN = 0x9e3779b9;

/**
 * Consistent hashing on a ring, as in ketama: each server has points on a circle of 2^32 places, by
 * its weight, and a key belongs to the server of the next point. A server that is not usable or
 * full is passed over. When a server leaves, in whatever way, its keys go to the servers of the
 * next points and no other key moves; the price is that shares are as even as chance makes them,
 * within 5 % with 4,096 points for a unit of weight. A pick is a look into a table by the first bits
 * of the key, and a few points from there.
 */
export class Ring implements Balancer {
  readonly tracksLive = false;
  private readonly keyed: KeyedServers;
  private readonly servers: readonly ServerState[];
  private readonly perWeight: number;
  /** Points in their order on the circle, and the index of the server of each. */
  private points: Uint32Array = new Uint32Array(0);
  private owners: Uint16Array = new Uint16Array(0);
  /** `cells[c]` is the first point whose place is not before `c << shift`; one more at the end. */
  private cells: Uint32Array = new Uint32Array(2);
  private shift = 31;

  /** See BalanceOptions for the bound. */
  constructor(servers: readonly ServerState[], load: PoolLoad, boundedLoadPercent: number) {
    this.servers = servers;
    this.keyed = new KeyedServers(servers, load, boundedLoadPercent);
    const weight = this.keyed.configuredWeight;
    this.perWeight = POINTS.find(({ upToWeight }) => weight <= upToWeight)!.perWeight;
    this.build();
  }

  pick(tried: Int32Array, triedCount: number, key: number): number {
    const { points, owners, cells, servers, keyed } = this;
    const count = points.length;
    if (count === 0) return keyed.scan(tried, triedCount, key);
    const cell = key >>> this.shift;
    const end = cells[cell + 1]!;
    let at = cells[cell]!;
    while (at < end && points[at]! < key) at++;
    let before = -1;
    for (let passed = 0; passed < PASSED_MAX; passed++, at++) {
      if (at >= count) at = 0;
      const index = owners[at]!;
      if (index === before) continue;
      before = index;
      if (isEligible(servers[index]!, tried, triedCount) && keyed.takes(index, key)) return index;
    }
    return keyed.scan(tried, triedCount, key);
  }

  /** A ring made anew where a weight has changed; else next to nothing. */
  changed(): void {
    if (this.keyed.changed()) this.build();
  }

  liveChanged(): void {}

  private build(): void {
    const { order, weights, hashA, hashB } = this.keyed;
    let count = 0;
    for (const weight of weights) count += weight * this.perWeight;
    const points = new Uint32Array(count);
    const owners = new Uint16Array(count);
    let at = 0;
    for (const index of order) {
      const a = hashA[index]!;
      const b = hashB[index]!;
      for (const end = at + weights[index]! * this.perWeight, start = at; at < end; at++) {
        points[at] = mix32(a ^ mix32(b + Math.imul(at - start, GOLDEN)));
        owners[at] = index;
      }
    }
    sortPoints(points, owners);
    this.points = points;
    this.owners = owners;
    const bits = Math.max(1, 31 - Math.clz32(Math.max(2, count)));
    this.shift = 32 - bits;
    this.cells = cellsOf(points, bits);
  }
}

function cellsOf(points: Uint32Array, bits: number): Uint32Array {
  const cells = new Uint32Array((1 << bits) + 1).fill(points.length);
  let cell = 0;
  for (let i = 0; i < points.length; i++) {
    for (const last = points[i]! >>> (32 - bits); cell <= last; cell++) cells[cell] = i;
  }
  return cells;
}
