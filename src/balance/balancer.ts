/** `keyShare` of a server that takes all of its keys. */
export const KEY_SHARE_FULL = 65_536;

/**
 * What a balancing algorithm sees of a server. One object per server of a pool and worker, made when
 * the plan is applied; the data plane writes it, the algorithms read it.
 */
export class ServerState {
  /** Place in the pool, which `pick` returns. */
  readonly index: number;
  /**
   * Integer 0 … 65536; 0 takes no new requests. A change is announced with `changed`. While a server
   * starts slowly all weights of its pool are multiples of those in the configuration.
   */
  weight: number;
  /** Up, and neither draining nor in maintenance. A change is announced with `changed`. */
  isUsable = true;
  /** At its limit of connections; may change at any time, unannounced. */
  isFull = false;
  /** Requests in flight to the server; a change is announced with `liveChanged` where asked for. */
  live = 0;
  /** What hashes know the server by: the same text in every worker, after a restart, on any node. */
  readonly identity: string;
  /**
   * The part of its keys that a hash gives to the server, of KEY_SHARE_FULL: less while it starts
   * slowly, instead of a weight that grows, since each change of a weight moves keys between others.
   * May change at any time, unannounced.
   */
  keyShare = KEY_SHARE_FULL;
  /** Peak-sensitive average of the time to the first byte in microseconds, and as of when. */
  latencyUs = 0;
  latencyAtMs = 0;

  constructor(index: number, weight: number, identity = String(index)) {
    this.index = index;
    this.weight = weight;
    this.identity = identity;
  }
}

/** Requests in flight to all servers of a pool; the data plane writes it. */
export class PoolLoad {
  live = 0;
}

/**
 * Chooses the server for a request. Every algorithm keeps to the suite in `conformance.ts`: it never
 * returns a server that is not usable, is full, has weight 0 or was tried already, and returns -1
 * only where no other is left.
 */
export interface Balancer {
  /**
   * The index of a server, or -1 where none can take the request. `tried[0 … triedCount - 1]` are
   * the indices of servers that the request has met before: none of them is returned. `key` is the
   * hash of what the pool's requests are told apart by, an unsigned 32-bit integer (0 where the
   * algorithm hashes nothing); `nowMs` a monotonic time. Called once per try of a request; allocates
   * nothing.
   */
  pick(tried: Int32Array, triedCount: number, key: number, nowMs: number): number;
  /** To be called after a weight or an `isUsable` has changed. O(servers), or a table made anew. */
  changed(): void;
  /** Whether `liveChanged` is to be called at all. */
  readonly tracksLive: boolean;
  /** To be called after the `live` of the server at `index` has changed. O(log servers). */
  liveChanged(index: number): void;
}

/** For `pick` of a request that has met no server yet. */
export const NONE_TRIED = new Int32Array(0);

/** Whether `server` may be returned by `pick`. For the algorithms. */
export function isEligible(server: ServerState, tried: Int32Array, triedCount: number): boolean {
  if (!server.isUsable || server.isFull || server.weight <= 0) return false;
  for (let i = 0; i < triedCount; i++) {
    if (tried[i] === server.index) return false;
  }
  return true;
}
