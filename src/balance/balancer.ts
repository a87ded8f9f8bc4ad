/**
 * What a balancing algorithm sees of a server. One object per server of a pool and worker, made when
 * the plan is applied; the data plane writes it, the algorithms read it.
 */
export class ServerState {
  /** Place in the pool, which `pick` returns. */
  readonly index: number;
  /** Integer 0 … 256; 0 takes no new requests. A change is announced with `changed`. */
  weight: number;
  /** Up, and neither draining nor in maintenance. A change is announced with `changed`. */
  isUsable = true;
  /** At its limit of connections; may change at any time, unannounced. */
  isFull = false;
  /** Requests in flight to the server from this worker; may change at any time, unannounced. */
  live = 0;

  constructor(index: number, weight: number) {
    this.index = index;
    this.weight = weight;
  }
}

/**
 * Chooses the server for a request. Every algorithm keeps to the suite in `conformance.ts`: it never
 * returns a server that is not usable, is full, has weight 0 or was tried already, and returns -1
 * only where no other is left.
 */
export interface Balancer {
  /**
   * The index of a server, or -1 where none can take the request. `tried[0 … triedCount - 1]` are
   * the indices of servers that the request has met before: none of them is returned. Called once
   * per try of a request; allocates nothing.
   */
  pick(tried: Int32Array, triedCount: number): number;
  /** To be called after a weight or an `isUsable` has changed. O(servers). */
  changed(): void;
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
