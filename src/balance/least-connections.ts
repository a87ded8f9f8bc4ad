import { isEligible } from './balancer.ts';
import type { Balancer, ServerState } from './balancer.ts';

/** In pools of up to so many servers looking at each is cheaper than keeping them in order. */
const SMALL_POOL_MAX = 16;

/** Servers that a pick passes over one by one before it looks at all of them at once. */
const PASSED_MAX = 32;

/** Turns are counted from 0 again past this time, long before sums lose precision. */
const TIME_MAX = 2 ** 30;

/**
 * The server with the fewest live requests per weight. Servers with the same take turns by their
 * weights, as in LargeRoundRobin: a server of weight w has a turn every 1/w of virtual time. A heap
 * ordered by both, which `liveChanged` keeps, has the next server on top: O(log servers) per pick;
 * O(servers) in small pools, and where more than PASSED_MAX have to be passed over.
 */
export class LeastConnections implements Balancer {
  readonly tracksLive: boolean;
  private readonly servers: readonly ServerState[];
  private readonly start: number;
  /** Live requests per weight of each server in the heap. */
  private readonly loads: Float64Array;
  /** Next turn of each server in virtual time. */
  private readonly turns: Float64Array;
  /** Binary heap of server indices, and the place of each server in it: -1 where it is not. */
  private readonly heap: Int32Array;
  private readonly places: Int32Array;
  private size = 0;
  /** Virtual time: the latest turn that has been taken. */
  private time = 0;
  /** Places of the heap that a search has reached and not looked at. */
  private readonly frontier = new Int32Array(PASSED_MAX + 2);

  /** `start`: the server that begins, modulo their number, so that workers differ. */
  constructor(servers: readonly ServerState[], start = 0) {
    const count = servers.length;
    this.servers = servers;
    this.tracksLive = count > SMALL_POOL_MAX;
    this.start = count === 0 ? 0 : start % count;
    this.loads = new Float64Array(count);
    this.turns = new Float64Array(count);
    this.heap = new Int32Array(count);
    this.places = new Int32Array(count).fill(-1);
    this.changed();
  }

  pick(tried: Int32Array, triedCount: number): number {
    if (this.size === 0) return -1;
    if (this.time > TIME_MAX) this.rebase();
    if (!this.tracksLive) return this.pickByScan(tried, triedCount);
    const index = this.heap[0]!;
    if (!isEligible(this.servers[index]!, tried, triedCount)) {
      return this.pickBelow(tried, triedCount);
    }
    this.take(index);
    return index;
  }

  changed(): void {
    const { servers, heap, turns, places, loads } = this;
    const count = servers.length;
    this.size = 0;
    for (let i = 0; i < count; i++) {
      const server = servers[i]!;
      if (!server.isUsable || server.weight <= 0) {
        places[i] = -1;
        continue;
      }
      const step = 1 / server.weight;
      if (places[i]! < 0) {
        // Spread over one step, so that those who enter together do not take their turns at once.
        turns[i] = this.time + (step * (((i - this.start + count) % count) + 1)) / count;
      } else if (turns[i]! > this.time + step) {
        turns[i] = this.time + step;
      }
      loads[i] = server.live / server.weight;
      places[i] = this.size;
      heap[this.size++] = i;
    }
    for (let at = (this.size >>> 1) - 1; at >= 0; at--) this.siftDown(at);
  }

  liveChanged(index: number): void {
    const at = this.places[index]!;
    if (!this.tracksLive || at < 0) return;
    const server = this.servers[index]!;
    this.loads[index] = server.live / server.weight;
    this.siftUp(at);
    this.siftDown(this.places[index]!);
  }

  /**
   * The server on top cannot be used: goes on through the heap in its order, from the places that
   * have been reached to those below them.
   */
  private pickBelow(tried: Int32Array, triedCount: number): number {
    const { servers, heap, frontier, size } = this;
    let reached = 0;
    frontier[reached++] = 0;
    for (let passed = 0; passed < PASSED_MAX && reached > 0; passed++) {
      let least = 0;
      for (let i = 1; i < reached; i++) {
        if (this.isBefore(heap[frontier[i]!]!, heap[frontier[least]!]!)) least = i;
      }
      const at = frontier[least]!;
      const index = heap[at]!;
      if (isEligible(servers[index]!, tried, triedCount)) {
        this.take(index);
        return index;
      }
      frontier[least] = frontier[--reached]!;
      if (2 * at + 1 < size) frontier[reached++] = 2 * at + 1;
      if (2 * at + 2 < size) frontier[reached++] = 2 * at + 2;
    }
    return reached === 0 ? -1 : this.pickByScan(tried, triedCount);
  }

  private pickByScan(tried: Int32Array, triedCount: number): number {
    const { servers, turns, heap, size } = this;
    let best: ServerState | null = null;
    for (let at = 0; at < size; at++) {
      const server = servers[heap[at]!]!;
      if (!isEligible(server, tried, triedCount)) continue;
      if (best !== null) {
        const difference = server.live * best.weight - best.live * server.weight;
        if (difference > 0) continue;
        if (difference === 0 && turns[server.index]! >= turns[best.index]!) continue;
      }
      best = server;
    }
    if (best === null) return -1;
    this.take(best.index);
    return best.index;
  }

  /** Gives a server of the heap its turn. */
  private take(index: number): void {
    const turn = this.turns[index]!;
    if (turn > this.time) this.time = turn;
    // A server that was passed over for long lags behind the time: it must not catch up in a burst.
    this.turns[index] = this.time + 1 / this.servers[index]!.weight;
    if (this.tracksLive) this.siftDown(this.places[index]!);
  }

  private isBefore(a: number, b: number): boolean {
    const difference = this.loads[a]! - this.loads[b]!;
    return difference < 0 || (difference === 0 && this.turns[a]! < this.turns[b]!);
  }

  private siftDown(from: number): void {
    const { heap, places, size } = this;
    const index = heap[from]!;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!this.isBefore(heap[child]!, index)) break;
      heap[at] = heap[child]!;
      places[heap[at]!] = at;
      at = child;
    }
    heap[at] = index;
    places[index] = at;
  }

  private siftUp(from: number): void {
    const { heap, places } = this;
    const index = heap[from]!;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!this.isBefore(index, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      places[heap[at]!] = at;
      at = parent;
    }
    heap[at] = index;
    places[index] = at;
  }

  private rebase(): void {
    const { turns, time } = this;
    for (let i = 0; i < turns.length; i++) turns[i]! -= time;
    this.time = 0;
  }
}
