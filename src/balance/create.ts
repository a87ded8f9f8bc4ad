import { First } from './first.ts';
import { LargeRoundRobin } from './large-round-robin.ts';
import { LeastConnections } from './least-connections.ts';
import { LeastTime } from './least-time.ts';
import { Maglev } from './maglev.ts';
import { RandomOfTwo } from './random-of-two.ts';
import { Ring } from './ring.ts';
import { RoundRobin } from './round-robin.ts';
import type { Balancer, PoolLoad, ServerState } from './balancer.ts';

/** What a configuration says of the choice of servers. */
export type BalanceOptions = {
  readonly kind:
    | 'round-robin'
    | 'least-connections'
    | 'random-of-two'
    | 'least-time'
    | 'first'
    | 'maglev'
    | 'ring';
  /** See BalancePlan in src/config/plan.ts. */
  readonly boundedLoadPercent: number;
};

/** Pools of more servers than this use the round-robin whose pick is O(log servers). */
const SMALL_POOL_MAX = 16;

/**
 * The balancer of one pool in one worker. `servers[i].index` must be i. `seed`: an integer of 0 or
 * more that differs between workers, so that they do not all begin at the same server; what hashes
 * pays no heed to it. `load`: of the same servers. Called when a plan is applied.
 */
export function createBalancer(
  options: BalanceOptions,
  servers: readonly ServerState[],
  load: PoolLoad,
  seed: number,
): Balancer {
  const { kind, boundedLoadPercent } = options;
  switch (kind) {
    case 'round-robin':
      return servers.length <= SMALL_POOL_MAX
        ? new RoundRobin(servers, seed)
        : new LargeRoundRobin(servers, seed);
    case 'random-of-two':
      return new RandomOfTwo(servers, seed);
    case 'least-connections':
      return new LeastConnections(servers, seed);
    case 'least-time':
      return new LeastTime(servers, seed);
    case 'first':
      return new First(servers);
    case 'maglev':
      return new Maglev(servers, load, boundedLoadPercent);
    case 'ring':
      return new Ring(servers, load, boundedLoadPercent);
    default:
      return kind satisfies never;
  }
}
