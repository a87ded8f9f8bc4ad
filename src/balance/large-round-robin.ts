import { isEligible } from './balancer.ts';
import type { Balancer, ServerState } from './balancer.ts';

/** Servers that a pick passes over one by one before it looks at all of them at once. */
const PASSED_MAX = 32;

/** Turns are counted from 0 again past this time, long before sums lose precision. */
const TIME_MAX = 2 ** 30;

/**
 * Weighted round-robin for large pools, by earliest turn: a server of weight w has a turn every 1/w
 * of virtual time, and a heap has the next turn on top. Equal weights go round in order. A server that
 * is passed over loses that turn and no other is moved, so its share goes to the others by their
 * weights. O(log servers) per pick; O(servers) where more than PASSED_MAX have to be passed over.
 */
export class LargeRoundRobin implements Balancer {
  readonly tracksLive = false;
  private readonly servers: readonly ServerState[];
  private readonly start: number;
  /** Next turn of each server in virtual time; 0 where it has not been in the heap yet. */
  private readonly turns: Float64Array;
  /** Binary heap of server indices, the next turn first. */
  private readonly heap: Int32Array;
  private size = 0;
  /** Virtual time: the latest turn that has been taken. */
  private time = 0;
  private readonly isIn: Uint8Array;

  /** `start`: the server that begins, modulo their number, so that workers differ. */
  constructor(servers: readonly ServerState[], start = 0) {
    this.servers = servers;
    this.start = servers.length === 0 ? 0 : start % servers.length;
    this.turns = new Float64Array(servers.length);
    this.heap = new Int32Array(servers.length);
    this.isIn = new Uint8Array(servers.length);
    this.changed();
  }

  pick(tried: Int32Array, triedCount: number): number {
    if (this.time > TIME_MAX) this.rebase();
    const { servers, heap } = this;
    if (this.size === 0) return -1;
    for (let passed = 0; passed < PASSED_MAX; passed++) {
      const index = heap[0]!;
      if (isEligible(servers[index]!, tried, triedCount)) {
        this.take(0);
        return index;
      }
      this.pass();
    }
    return this.pickByScan(tried, triedCount);
  }

  changed(): void {
    const { servers, heap, turns, isIn } = this;
    const count = servers.length;
    this.size = 0;
    for (let i = 0; i < count; i++) {
      const server = servers[i]!;
      if (!server.isUsable || server.weight <= 0) {
        isIn[i] = 0;
        continue;
      }
      const step = 1 / server.weight;
      if (isIn[i] === 0) {
        // Spread over one step, so that those who enter together do not take their turns at once.
        const place = (i - this.start + count) % count;
        turns[i] = this.time + (step * (place + 1)) / count;
        isIn[i] = 1;
      } else if (turns[i]! > this.time + step) {
        turns[i] = this.time + step;
      }
      heap[this.size++] = i;
    }
    for (let at = (this.size >>> 1) - 1; at >= 0; at--) this.siftDown(at);
  }

  liveChanged(): void {}

  /** Slow path: most servers are full. Takes the eligible server with the earliest turn. */
  private pickByScan(tried: Int32Array, triedCount: number): number {
    const { servers, heap, turns } = this;
    let best = -1;
    let bestTurn = Infinity;
    for (let at = 0; at < this.size; at++) {
      const index = heap[at]!;
      if (turns[index]! < bestTurn && isEligible(servers[index]!, tried, triedCount)) {
        best = at;
        bestTurn = turns[index]!;
      }
    }
    if (best < 0) return -1;
    const index = heap[best]!;
    this.take(best);
    return index;
  }

  /** Gives the server at a place of the heap its turn. */
  private take(at: number): void {
    const index = this.heap[at]!;
    const turn = this.turns[index]!;
    if (turn > this.time) this.time = turn;
    // A server that was passed over for long lags behind the time: it must not catch up in a burst.
    this.turns[index] = this.time + 1 / this.servers[index]!.weight;
    this.siftDown(at);
  }

  /** The server on top loses its turn. */
  private pass(): void {
    const index = this.heap[0]!;
    const turn = this.turns[index]!;
    const from = turn > this.time ? turn : this.time;
    const weight = this.servers[index]!.weight;
    this.turns[index] = from + (weight > 0 ? 1 / weight : 1);
    this.siftDown(0);
  }

  private siftDown(from: number): void {
    const { heap, turns, size } = this;
    const index = heap[from]!;
    const turn = turns[index]!;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      let childTurn = turns[heap[child]!]!;
      if (child + 1 < size && turns[heap[child + 1]!]! < childTurn) {
        child++;
        childTurn = turns[heap[child]!]!;
      }
      if (childTurn >= turn) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = index;
  }

  private rebase(): void {
    const { turns, time } = this;
    for (let i = 0; i < turns.length; i++) turns[i]! -= time;
    this.time = 0;
  }
}
