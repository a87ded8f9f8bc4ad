/**
 * Layout of a worker's meter segment: shared memory that the worker writes and the supervisor reads.
 *
 * The segment is an array of float64 in slots of `SLOT_FIELDS`. The first are the worker's own; the
 * supervisor gives the others to listeners, routes, pools and servers by their keys, so that a
 * counter lives on through reloads and through the death of its worker. Counters only grow; gauges
 * (names ending in Live) are set to 0 by the supervisor when the worker has died.
 */
/**
 * As few as hold the fields of a server, so that thousands of routes take few pages, and an odd number
 * of cache lines (7 of 64 bytes): with a power of two the same counter of all routes would fall into
 * the same few sets of the caches.
 */
export const SLOT_FIELDS = 56;
export const SLOT_BYTES = SLOT_FIELDS * 8;

/** Most slots of one segment (28 MiB of address space; a page exists once it is written). */
export const SLOTS_MAX = 65_536;

/** Upper bounds of the latency buckets in microseconds; the last bucket is +Inf. */
export const LATENCY_BOUNDS_US = [
  100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
  2_500_000, 5_000_000, 10_000_000, 30_000_000,
] as const;

export const LATENCY_BUCKETS = LATENCY_BOUNDS_US.length + 1;

/** Slots of the worker itself, from 0 on: its reasons reach into the second. */
export const WORKER_SLOTS = 2;

/** The worker's own, counted from the start of slot 0. */
export const WORKER_METER = {
  /** Goes up by one each loop turn, at least every HEARTBEAT_MS. */
  heartbeat: 0,
  connectionsLive: 1,
  acceptPauses: 2,
  logLinesLost: 3,
  exceptions: 4,
  bufferBytesLive: 5,
  /** Version of the plan that is in force. */
  planVersionLive: 6,
  upstreamLive: 7,
  staleEvents: 8,
  /** Greatest time between two turns' starts while work was waiting, in µs. */
  turnMaxUs: 9,
  /** Array of one counter per reason id. */
  reasons: 32, // 32 … 111
} as const;

export const LISTENER_METER = {
  connections: 0,
  connectionsLive: 1,
  requests: 2,
  bytesIn: 3,
  bytesOut: 4,
  /** Five counters: 1xx … 5xx. */
  statuses: 5,
  requestsLive: 10,
  /** Datagrams to clients. */
  datagramsOut: 11,
  /** One counter for each cause in datagram-drops.ts. */
  drops: 12, // 12 … 31
  /** Sum of whole-request times of HTTP in µs. */
  latencySumUs: 32,
  latencyBuckets: 33, // 33 … 50
  /** TLS: handshakes that were finished, those of them that resumed a session, and failed ones. */
  handshakes: 51,
  handshakesResumed: 52,
  handshakesFailed: 53,
  /** Handshakes under way. */
  handshakesLive: 54,
} as const;

export const ROUTE_METER = {
  requests: 0,
  statuses: 5,
  /** Sum of whole-request times in µs. */
  latencySumUs: 10,
  latencyBuckets: 11,
} as const;

export const POOL_METER = {
  requests: 0,
  requestsLive: 1,
  retries: 2,
  retriesDenied: 3,
  queueLive: 4,
  queued: 5,
  queueTimeouts: 6,
  queueRefused: 7,
  noServerUp: 8,
  /** Sum of times to the first byte of HTTP answers in µs. */
  latencySumUs: 10,
  latencyBuckets: 11, // 11 … 28
} as const;

export const SERVER_METER = {
  requests: 0,
  requestsLive: 1,
  connections: 2,
  connectionsIdleLive: 3,
  reused: 4,
  statuses: 5,
  /** Sum of times to the first byte in µs. */
  latencySumUs: 10,
  latencyBuckets: 11,
  connectFailures: 40,
  staleReuses: 41,
  /** From the server, and to it. */
  bytesIn: 42,
  bytesOut: 43,
  failures: 44,
  /** Requests counted in the counters that all workers share: what a dead worker gives back. */
  placesLive: 45,
  /** By passive health, counted by the worker that made them. */
  ejections: 46,
  /** TLS: handshakes with it that were finished, those of them that resumed a session. */
  handshakes: 47,
  handshakesResumed: 48,
  handshakesFailed: 49,
} as const;

/** A healthy worker's heartbeat moves at least this often, in ms. */
export const HEARTBEAT_MS = 100;
/** A worker whose heartbeat has not moved for this long is killed and replaced, in ms. */
export const HUNG_AFTER_MS = 600;
