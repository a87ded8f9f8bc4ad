import type { Balancer, ServerState } from './balancer.ts';
import { WeightedDraw } from './weighted-draw.ts';

/**
 * Time constant of the average: what is known of a server's time counts for 37 % after so long, for
 * 5 % after three times so long.
 */
const DECAY_MS = 10_000;

/**
 * Draws two different servers by weight and takes the one from which the answer is expected sooner:
 * by the average of its times to the first byte (`noteLatency`), times the requests per weight that
 * would then be under way on it. The average falls while nothing is heard of a server, so that
 * one with a bad past is tried again. A server of which nothing is known counts as fast as the other
 * one of its pair: else all requests would rush to it before its first answer. Constant time; see
 * WeightedDraw.
 */
export class LeastTime implements Balancer {
  readonly tracksLive = false;
  private readonly servers: readonly ServerState[];
  private readonly drawn: WeightedDraw;

  /** `seed`: as for Xorshift; workers should differ in it. */
  constructor(servers: readonly ServerState[], seed: number) {
    this.servers = servers;
    this.drawn = new WeightedDraw(servers, seed);
  }

  pick(tried: Int32Array, triedCount: number, _key: number, nowMs: number): number {
    const { servers, drawn } = this;
    if (drawn.size === 0) return -1;
    const first = drawn.draw(tried, triedCount, -1);
    if (first < 0 || drawn.size === 1) return first;
    const second = drawn.draw(tried, triedCount, first);
    if (second < 0) return first;
    return isSooner(servers[second]!, servers[first]!, nowMs) ? second : first;
  }

  changed(): void {
    this.drawn.changed();
  }

  liveChanged(): void {}
}

/** Whether `a` is expected to answer sooner than `b`. */
function isSooner(a: ServerState, b: ServerState, nowMs: number): boolean {
  const loadA = a.live / a.weight;
  const loadB = b.live / b.weight;
  if (a.latencyUs === 0 || b.latencyUs === 0) return loadA < loadB;
  // The request itself weighs the same on both: idle servers are compared by their times alone, and
  // of those that are as fast the one drawn first stays, which spreads by the weights.
  const own = 2 / (a.weight + b.weight);
  return latencyNow(a, nowMs) * (loadA + own) < latencyNow(b, nowMs) * (loadB + own);
}

function latencyNow(server: ServerState, nowMs: number): number {
  return server.latencyUs * decay(nowMs - server.latencyAtMs);
}

function decay(elapsedMs: number): number {
  return elapsedMs > 0 ? Math.exp(-elapsedMs / DECAY_MS) : 1;
}

/**
 * Counts a time to the first byte into the average of a server: a longer one counts at once and in
 * full, a shorter one by the time that has passed since the last. Called at each first byte.
 */
export function noteLatency(server: ServerState, microseconds: number, nowMs: number): void {
  const before = server.latencyUs;
  // 0 stands for "nothing is known".
  const now = microseconds > 1 ? microseconds : 1;
  server.latencyUs = now >= before ? now : now + (before - now) * decay(nowMs - server.latencyAtMs);
  server.latencyAtMs = nowMs;
}
