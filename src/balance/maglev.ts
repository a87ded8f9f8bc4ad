import { isEligible } from './balancer.ts';
import { mix32 } from './hash.ts';
import { KeyedServers } from './keyed-servers.ts';
import type { Balancer, PoolLoad, ServerState } from './balancer.ts';

/** Slots of the table: a prime, 65 of them for each server at least. */
const SLOTS = 65_537;
/** For pools of more than LARGE_POOL_MIN servers: a prime too, so that 20,000 still share evenly. */
const SLOTS_LARGE = 524_309;
const LARGE_POOL_MIN = 1_000;

/** Most servers: numbers of the table are of 16 bits, and one of them says "empty". */
const SERVERS_MAX = 65_535;
const EMPTY = 65_535;

/** Slots that a key is looked up in before all servers are looked at. */
const PROBES_MAX = 64;

const GOLDEN = 0x9e3779b9;

/**
 * A table of slots shared out by weight (Eisenbud et al.: Maglev, 2016, §3.4): each server goes through
 * all slots in an order of its own and takes the next free one at each of its turns. A key looks
 * into one slot, so a pick takes the same short time in pools of any size, and shares are even to
 * one slot.
 *
 * The table holds the servers that are not usable too. A key that meets one of them, or one that is
 * full, looks into further slots, each given by the key: so only the keys of a server move when it
 * fails, evenly to all others, and they come back with it. A table made anew (a server more or less
 * in the configuration, another weight) moves a few keys more.
 */
export class Maglev implements Balancer {
  readonly tracksLive = false;
  private readonly keyed: KeyedServers;
  private readonly servers: readonly ServerState[];
  private readonly table: Uint16Array;
  private readonly perKey: number;
  /** Turns that a server has in each round are its weight by this, a power of two. */
  private readonly roundWeight: number;
  private readonly probes: number;

  /** See BalanceOptions for the bound. Throws for more than 65,535 servers. */
  constructor(servers: readonly ServerState[], load: PoolLoad, boundedLoadPercent: number) {
    if (servers.length > SERVERS_MAX) throw new Error(`more than ${SERVERS_MAX} servers`);
    this.servers = servers;
    this.keyed = new KeyedServers(servers, load, boundedLoadPercent);
    const slots = servers.length > LARGE_POOL_MIN ? SLOTS_LARGE : SLOTS;
    this.table = new Uint16Array(slots);
    this.perKey = slots / 4_294_967_296;
    // From the configured weights: other weights must not change the order of turns.
    const mean = Math.max(1, this.keyed.configuredWeight / Math.max(1, servers.length));
    this.roundWeight = 2 ** Math.ceil(Math.log2(mean));
    this.probes = Math.min(PROBES_MAX, 8 + 2 * servers.length);
    this.build();
  }

  pick(tried: Int32Array, triedCount: number, key: number): number {
    const { table, servers, keyed, perKey, probes } = this;
    let place = key;
    for (let probe = 1; probe <= probes; probe++) {
      const index = table[Math.floor(place * perKey)]!;
      if (index === EMPTY) return keyed.scan(tried, triedCount, key);
      if (isEligible(servers[index]!, tried, triedCount) && keyed.takes(index, key)) return index;
      place = mix32(key + Math.imul(probe, GOLDEN));
    }
    return keyed.scan(tried, triedCount, key);
  }

  /** A table made anew where a weight has changed; else next to nothing. */
  changed(): void {
    if (this.keyed.changed()) this.build();
  }

  liveChanged(): void {}

  private build(): void {
    const { table, roundWeight } = this;
    const { weights, hashA, hashB } = this.keyed;
    const slots = table.length;
    table.fill(EMPTY);
    const order = this.keyed.order.filter((index) => weights[index]! > 0);
    if (order.length === 0) return;
    const next = Float64Array.from(order, (index) => hashA[index]! % slots);
    const skip = Float64Array.from(order, (index) => 1 + (hashB[index]! % (slots - 1)));
    const turns = Float64Array.from(order, (index) => weights[index]! / roundWeight);
    const taken = new Float64Array(order.length);
    let left = slots;
    for (let round = 1; ; round++) {
      for (let i = 0; i < order.length; i++) {
        const due = round * turns[i]!;
        while (taken[i]! + 1 <= due) {
          taken[i]!++;
          let slot = next[i]!;
          const step = skip[i]!;
          while (table[slot] !== EMPTY) {
            slot += step;
            if (slot >= slots) slot -= slots;
          }
          table[slot] = order[i]!;
          next[i] = slot;
          if (--left === 0) return;
        }
      }
    }
  }
}
