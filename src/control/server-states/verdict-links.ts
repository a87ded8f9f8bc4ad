/**
 * Whose check speaks for whom: servers of a pool with `verdictsOf` take the verdict of the same
 * server in another pool.
 */
import type { Plan, PoolPlan, ServerPlan } from '../../config/plan.ts';

export class VerdictLinks {
  /** By the key of a server that is not checked for itself: the key of the one whose check counts. */
  readonly #sources = new Map<string, string | null>();
  readonly #followers = new Map<string, string[]>();

  constructor(plan: Plan) {
    for (const pool of plan.pools) {
      const other = pool.verdictsOf === null ? undefined : plan.pools[pool.verdictsOf];
      if (other === undefined) continue;
      const find = finder(other);
      for (const server of pool.servers) this.#add(server.key, find(server));
    }
  }

  /** Whether the server takes another's verdict. */
  isFollower(key: string): boolean {
    return this.#sources.has(key);
  }

  /** The server whose verdict counts; null where the other pool has no such server. */
  sourceOf(key: string): string | null {
    return this.#sources.get(key) ?? null;
  }

  /** Servers that take this one's verdict. */
  followersOf(key: string): readonly string[] {
    return this.#followers.get(key) ?? NOBODY;
  }

  #add(key: string, source: string | null): void {
    this.#sources.set(key, source);
    if (source === null) return;
    const known = this.#followers.get(source);
    if (known === undefined) this.#followers.set(source, [key]);
    else known.push(key);
  }
}

const NOBODY: readonly string[] = [];

/** Of the same name, else of the same host and port, else of the same host: the first such. */
function finder(pool: PoolPlan): (server: ServerPlan) => string | null {
  const found = new Map<string, string>();
  for (const server of pool.servers) {
    for (const trait of traits(server)) {
      if (!found.has(trait)) found.set(trait, server.key);
    }
  }
  return (server) => {
    for (const trait of traits(server)) {
      const key = found.get(trait);
      if (key !== undefined) return key;
    }
    return null;
  };
}

function traits({ name, address }: ServerPlan): string[] {
  const { host, port } = address;
  return [`name ${name}`, `address ${port} ${host}`, `host ${host}`];
}
