/**
 * What the supervisor and a worker say to each other on the control stream: frames of a 4-byte
 * little-endian length and a JSON text. Descriptors of listening sockets travel beside it, on a
 * channel of their own, always before the frame that needs them.
 */
import { SLOTS_MAX } from '../base/meters.ts';
import type { BindPlan, Plan } from '../config/plan.ts';
import { RATE_CELLS } from '../machine/handshake-rate.ts';
import type { Administrative } from '../machine/health.ts';

/** Descriptors that a worker inherits. */
export const WORKER_FD = {
  control: 3,
  descriptors: 4,
  accessLog: 5,
  meters: 6,
  sharedCounters: 7,
} as const;

/** What the names begin with under which workers without supervisor wait for a successor. */
export const ORPHAN_NAME = 'ballast-orphan-';

/** Bytes of the segment that all workers share: sections of one int32 per slot, and one of rates. */
export const SHARED_COUNTER_BYTES = 4 * SLOTS_MAX * 4 + RATE_CELLS * 4;

/** Where the sections begin, counted in int32; the second to the fourth are of machine/passive.ts. */
export const SHARED = {
  live: 0,
  failures: SLOTS_MAX,
  /** In tenths of a second of CLOCK_MONOTONIC. */
  ejectedUntil: 2 * SLOTS_MAX,
  ejections: 3 * SLOTS_MAX,
  /** Those of machine/handshake-rate.ts. */
  handshakeRates: 4 * SLOTS_MAX,
  /** Goes up with each ejection: in slot 0, which is the worker's own and fails nobody. */
  ejectionEpoch: SLOTS_MAX,
} as const;

/** Longest frame in bytes: a plan of some 100,000 routes. */
export const FRAME_BYTES_MAX = 256 << 20;

export type ObservedState = 'up' | 'down' | 'unknown';

export type ToWorker =
  /**
   * A plan with what is known of its servers, so that none serves before that, and the store that
   * its certificates are in: it was passed as a descriptor named `storeKey(store)`; 0 is none.
   */
  | {
      readonly type: 'plan';
      readonly plan: Plan;
      readonly servers: readonly ServerHealthFrame[];
      readonly store: number;
      readonly hold: Hold;
    }
  /** Certificates have changed under the plan in force. */
  | { readonly type: 'store'; readonly store: number }
  | TicketKeysFrame
  | ChallengesFrame
  | { readonly type: 'health'; readonly servers: readonly ServerHealthFrame[] }
  /** Takes from its sockets what it has not taken so far. */
  | { readonly type: 'open'; readonly hold: Hold }
  /** Ends when its clients are gone; those that rest are closed. */
  | { readonly type: 'drain'; readonly deadlineMs: number }
  /** The same for a worker whose successor serves on the same sockets: who rests may rest. */
  | { readonly type: 'leave'; readonly deadlineMs: number }
  | { readonly type: 'stop' };

/**
 * What a worker leaves to a process before it, which still serves on the same sockets: everything,
 * what comes as datagrams, or nothing.
 */
export type Hold = 'all' | 'datagrams' | 'none';

/**
 * Keys of session tickets, each 80 bytes in Base64: name (16), HMAC (32), AES (32). The first one
 * seals new tickets, all of them open old ones. Sent before the first plan and when they rotate.
 */
export type TicketKeysFrame = { readonly type: 'ticket-keys'; readonly keys: readonly string[] };

/** All challenges of ACME (RFC 8555 §8) that are to be answered now. */
export type ChallengesFrame = {
  readonly type: 'challenges';
  /** http-01: what GET /.well-known/acme-challenge/<token> is answered with. */
  readonly http: readonly { readonly token: string; readonly answer: string }[];
  /** tls-alpn-01 (RFC 8737): PEM of the certificate for a name, and of its key. */
  readonly tls: readonly {
    readonly name: string;
    readonly chain: string;
    readonly privateKey: string;
  }[];
};

/** What a worker is told of one server: the columns, already combined (docs/operations.md). */
export type ServerHealthFrame = {
  readonly key: string;
  /** The verdict of the active check, or of the server's agent. */
  readonly state: ObservedState;
  /** The operator's, else the agent's. */
  readonly administrative: Administrative;
  /** 0 … 256, the operator's or the agent's; null: as configured. */
  readonly weight: number | null;
  /** The agent's; 0 is no limit, null: as configured. */
  readonly maxConnections: number | null;
};

export type FromWorker =
  | { readonly type: 'hello'; readonly pid: number }
  | { readonly type: 'applied'; readonly version: number }
  | { readonly type: 'refused'; readonly version: number; readonly message: string }
  | { readonly type: 'drained' }
  | PassiveFrame
  | {
      readonly type: 'event';
      readonly level: 'info' | 'warn' | 'error';
      readonly code: string;
      readonly message: string;
    };

/** Sent by the one worker that ejected a server or took it back (passive health). */
export type PassiveFrame = {
  readonly type: 'passive';
  /** Key of the server. */
  readonly server: string;
  readonly change: 'ejected' | 'restored';
  /** One word, and a sentence's worth for people. */
  readonly reason: string;
  readonly detail: string;
  /** Length of the ejection; 0 for `restored`. */
  readonly forMs: number;
};

/** Name of a listening socket: the same text, the same socket. */
export function bindKey(bind: BindPlan): string {
  return bind.family === 'unix' ? `unix:${bind.host}` : `${bind.family}:${bind.host}:${bind.port}`;
}

/** Name under which the memory file of a certificate store is passed; `store` counts up from 1. */
export function storeKey(store: number): string {
  return `${STORE_PREFIX}${store}`;
}

/** The number of the store that is passed under a name; 0 where it is none. */
export function storeOfKey(key: string): number {
  return key.startsWith(STORE_PREFIX) ? Number(key.slice(STORE_PREFIX.length)) : 0;
}

/**
 * Name of a socket for datagrams. Each place of a worker has one of its own for each address: the
 * kernel spreads the flows over them, and a flow must stay with the worker that has its session.
 */
export function datagramKey(bind: BindPlan, place: number): string {
  return `${datagramGroup(bind)}${place}`;
}

/** What the names of all sockets for datagrams to one address begin with. */
export function datagramGroup(bind: BindPlan): string {
  return `${DATAGRAM_PREFIX}${bindKey(bind)}#`;
}

/** The group of a socket, or the name itself where it is of none. */
export function groupOfKey(key: string): string {
  return key.startsWith(DATAGRAM_PREFIX) ? key.slice(0, key.lastIndexOf('#') + 1) : key;
}

/** Whether the worker in a place is given the socket with this name. */
export function isForPlace(key: string, place: number): boolean {
  return !key.startsWith(DATAGRAM_PREFIX) || key.endsWith(`#${place}`);
}

const DATAGRAM_PREFIX = 'udp:';
const STORE_PREFIX = 'store:';
