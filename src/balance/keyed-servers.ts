import { hashText, mix32 } from './hash.ts';
import { KEY_SHARE_FULL, isEligible } from './balancer.ts';
import type { PoolLoad, ServerState } from './balancer.ts';

/** Any two numbers: what the two hashes of a server begin with. */
const SEED_A = 0x5bd1e995;
const SEED_B = 0x2f0b4f6d;

/**
 * What the algorithms that hash have in common: the places of servers, which come from their
 * identities alone; the weights that those places are made by; and whether a server may have a key.
 */
export class KeyedServers {
  readonly states: readonly ServerState[];
  /** Two independent hashes of each server's identity, by its index. */
  readonly hashA: Uint32Array;
  readonly hashB: Uint32Array;
  /** Indices in an order that does not depend on that of the servers. */
  readonly order: Int32Array;
  /** The weight by which each server has its places, whether it is usable or not. */
  readonly weights: Int32Array;
  /** Weights when the pool was made: those of the configuration. */
  private readonly weightsAtFirst: Int32Array;
  private readonly load: PoolLoad;
  /** See BalanceOptions; 0 is no bound. */
  private readonly boundedLoadPercent: number;
  private usableWeight = 0;

  constructor(states: readonly ServerState[], load: PoolLoad, boundedLoadPercent: number) {
    this.states = states;
    this.load = load;
    this.boundedLoadPercent = boundedLoadPercent;
    const hashA = Uint32Array.from(states, (state) => hashText(state.identity, SEED_A));
    const hashB = Uint32Array.from(states, (state) => hashText(state.identity, SEED_B));
    this.hashA = hashA;
    this.hashB = hashB;
    this.order = Int32Array.from(states.keys()).sort(
      (i, j) => hashA[i]! - hashA[j]! || hashB[i]! - hashB[j]! || i - j,
    );
    this.weightsAtFirst = Int32Array.from(states, (state) => state.weight);
    this.weights = Int32Array.from(this.weightsAtFirst);
    this.changed();
  }

  /** The sum of the configured weights. */
  get configuredWeight(): number {
    return this.weightsAtFirst.reduce((sum, weight) => sum + weight, 0);
  }

  /**
   * Looks at the servers anew. Returns whether places have to be made anew: because of a weight, never
   * because of a server that is not usable. A weight of 0 is like that: the server keeps its places
   * by its configured weight, and its keys alone go to others.
   */
  changed(): boolean {
    let isOther = false;
    this.usableWeight = 0;
    for (const { index, weight, isUsable } of this.states) {
      if (isUsable) this.usableWeight += weight;
      const placed = weight > 0 ? weight : this.weightsAtFirst[index]!;
      if (this.weights[index] === placed) continue;
      this.weights[index] = placed;
      isOther = true;
    }
    return isOther;
  }

  /**
   * Whether an eligible server takes this key now: it does not while it has its full share of the
   * load (Mirrokni, Thorup and Zadimoghaddam: Consistent Hashing with Bounded Loads, 2016), nor, while
   * it starts slowly, the keys that are to come later.
   */
  takes(index: number, key: number): boolean {
    const state = this.states[index]!;
    const { boundedLoadPercent, load } = this;
    if (boundedLoadPercent > 0) {
      // Rounded up to whole requests: a bound lets each server have one.
      const bound = boundedLoadPercent * (load.live + 1) * state.weight;
      if (state.live * 100 * this.usableWeight >= bound) return false;
    }
    const { keyShare } = state;
    return keyShare >= KEY_SHARE_FULL || mix32(key ^ this.hashB[index]!) >>> 16 < keyShare;
  }

  /**
   * Slow path: the server of a key by weighted rendezvous, among those that are eligible and take
   * it, else among those that are eligible; -1 where none is. O(servers). As stable as the places:
   * when a server leaves only its keys move.
   */
  scan(tried: Int32Array, triedCount: number, key: number): number {
    let best = -1;
    let bestScore = Infinity;
    let isTaken = false;
    for (const state of this.states) {
      const { index } = state;
      if (!isEligible(state, tried, triedCount)) continue;
      const takesIt = this.takes(index, key);
      if (isTaken && !takesIt) continue;
      const random = (mix32(key ^ this.hashA[index]!) + 1) / 4_294_967_296;
      const score = -Math.log(random) / state.weight;
      if (takesIt === isTaken && score >= bestScore) continue;
      best = index;
      bestScore = score;
      isTaken = takesIt;
    }
    return best;
  }
}
