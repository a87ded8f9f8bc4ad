import { LargeRoundRobin } from './large-round-robin.ts';
import { RandomOfTwo } from './random-of-two.ts';
import { RoundRobin } from './round-robin.ts';
import type { Balancer, ServerState } from './balancer.ts';

/** The names of the algorithms, as a configuration gives them. */
export type BalanceKind = 'round-robin' | 'random-of-two';

/** Pools of more servers than this use the round-robin whose pick is O(log servers). */
const SMALL_POOL_MAX = 16;

/**
 * The balancer of one pool in one worker. `servers[i].index` must be i. `seed`: an integer of 0 or
 * more that differs between workers, so that they do not all begin at the same server. Called when a
 * plan is applied.
 */
export function createBalancer(
  kind: BalanceKind,
  servers: readonly ServerState[],
  seed: number,
): Balancer {
  switch (kind) {
    case 'round-robin':
      return servers.length <= SMALL_POOL_MAX
        ? new RoundRobin(servers, seed)
        : new LargeRoundRobin(servers, seed);
    case 'random-of-two':
      return new RandomOfTwo(servers, seed);
  }
}
