/**
 * What is given to a server: an exchange of HTTP or a session of layer 4, with the place that it
 * has there and the servers that it has met before.
 */
import type { BoundedList, ListLinks } from '../base/bounded-list.ts';
import type { Connection } from './connection.ts';
import type { PoolRuntime, ServerRuntime } from './runtime.ts';

/** Servers that one request or session can try. */
export const TRIES_MAX = 20;

/** Lists of servers that were tried, for the next placement: a typed array is dear to make. */
const freeTried: Int32Array[] = [];
const FREE_TRIED_MAX = 1_024;

export abstract class Placement implements ListLinks<Placement> {
  pool: PoolRuntime | null = null;
  server: ServerRuntime | null = null;
  /** Links of the pool's queue. */
  listNext: Placement | null = null;
  listPrev: Placement | null = null;
  list: BoundedList<Placement> | null = null;
  /** Hash of what the pool tells its requests apart by; see hash-key.ts. */
  hashKey = 0;
  reason = 0;
  retries = 0;
  /** Tries after the first that the pool's plan counts. */
  attempts = 0;
  isRetryCounted = false;
  /** Whether it is counted among the requests on its server, and among those of all workers. */
  hasPlace = false;
  hasSharedPlace = false;
  tried = freeTried.pop() ?? new Int32Array(TRIES_MAX);
  triedCount = 0;
  /** -1 until it happened. */
  queuedMs = -1;
  dispatchMs = -1;
  connectedMs = -1;

  /** The client's connection, whose timer runs while it waits in the queue. */
  abstract get client(): Connection;
  /** Nobody waits for its answer any more: it is not queued. */
  abstract get isAbandoned(): boolean;
  /** It waits in the pool's queue from now on. */
  abstract queued(): void;
  /** It has its place on the pool's server `index`, after it has waited. */
  abstract admitted(index: number): void;
  /** It cannot be given to any server. */
  abstract refused(reason: number): void;
}

/** To be called when a placement is thrown away. */
export function giveTried(p: Placement): void {
  if (freeTried.length < FREE_TRIED_MAX) freeTried.push(p.tried);
}

/** Sets the fields of a placement to their first values. */
export function clearPlacement(p: Placement): void {
  p.pool = null;
  p.server = null;
  p.hashKey = 0;
  p.reason = 0;
  p.retries = 0;
  p.attempts = 0;
  p.isRetryCounted = false;
  p.hasPlace = false;
  p.hasSharedPlace = false;
  p.triedCount = 0;
  p.queuedMs = -1;
  p.dispatchMs = -1;
  p.connectedMs = -1;
}
