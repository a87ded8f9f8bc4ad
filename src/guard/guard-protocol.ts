/**
 * What the supervisor and a guardian say to each other on the control stream: frames of a 4-byte
 * little-endian length and a JSON text, as with workers. Descriptors of the workers' meters travel
 * beside it, each named `worker:<index>`, or `board:` for the guardians' common segment.
 */
import type { AddressPlan } from '../config/plan-addresses.ts';
import type { Steering } from '../kernel/steering.ts';
import type { ElectionName, ElectionReason } from '../machine/vrrp/words.ts';

/** Descriptors that a guardian inherits. */
export const GUARD_FD = { control: 3, descriptors: 4, board: 5 } as const;

/** The abstract name under which a guardian without supervisor waits for a successor's "leave". */
export const orphanGuardianName = (host: string): string => `ballast-guardian-${host}`;

/** Longest frame in bytes. */
export const GUARD_FRAME_BYTES_MAX = 16 << 20;

/** Groups of addresses that a node can have: places of the board. */
export const GROUPS_MAX = 1_024;

/**
 * The board: shared memory of float64 that outlives a guardian. Place 0 is the heartbeat of the
 * guardian in charge; from BOARD_GROUP_AT on each group has BOARD_GROUP_FIELDS values.
 */
export const BOARD = { heartbeat: 0, pid: 1 } as const;
export const BOARD_GROUP_AT = 8;
export const BOARD_GROUP_FIELDS = 4;
/** Of a group: 1 while active; when it last advertised, in ms of CLOCK_MONOTONIC. */
export const BOARD_GROUP = { isActive: 0, advertisedMs: 1, since: 2 } as const;
export const BOARD_BYTES = (BOARD_GROUP_AT + GROUPS_MAX * BOARD_GROUP_FIELDS) * 8;

export type ToGuard =
  /**
   * What is to be held from now on. `places`: the board's place of each group. Without `act` the
   * guardian is a spare: it loads everything and does nothing yet.
   */
  | {
      readonly type: 'plan';
      readonly version: number;
      readonly addresses: readonly AddressPlan[];
      readonly places: Readonly<Record<string, number>>;
      readonly act: boolean;
      /** How long connections may last that stay behind when addresses move on purpose, in ms. */
      readonly drainMs: number;
    }
  /** Verdicts that the supervisor has: by the key of a tracker, whether it is well. */
  | { readonly type: 'tracks'; readonly tracks: Readonly<Record<string, TrackVerdict>> }
  /** The workers that serve now: meters of an index not listed are forgotten. */
  | { readonly type: 'workers'; readonly indices: readonly number[] }
  /** What came of `steer`. */
  | { readonly type: 'steered'; readonly request: number; readonly ok: boolean }
  | { readonly type: 'move'; readonly group: string; readonly request: number }
  /**
   * Gives every address to another node, waiting for one up to `limitMs`. What is kept for old
   * connections stays until `leave`.
   */
  | { readonly type: 'stop'; readonly limitMs: number }
  /** Exits at once; the addresses it holds stay, for a process that follows. */
  | { readonly type: 'leave' };

export type TrackVerdict = {
  readonly isWell: boolean;
  /** What is seen, for people: `2 of 3 servers up`. */
  readonly seen: string;
};

export type FromGuard =
  | { readonly type: 'hello'; readonly pid: number }
  | { readonly type: 'applied'; readonly version: number }
  /** The plan cannot be put in force: no permission, say. */
  | {
      readonly type: 'refused';
      readonly version: number;
      readonly code: string;
      readonly message: string;
      readonly hint: string;
    }
  /** Sent when something in it changes, and once a second. */
  | { readonly type: 'standing'; readonly groups: readonly GroupStanding[] }
  | {
      readonly type: 'event';
      readonly level: 'info' | 'warn' | 'error';
      readonly code: string;
      readonly group: string;
      readonly message: string;
    }
  | {
      readonly type: 'moved';
      readonly request: number;
      readonly outcome: string;
      readonly ok: boolean;
    }
  /** All rules that planned moves want from now on. */
  | {
      readonly type: 'steer';
      readonly request: number;
      readonly steerings: readonly Steering[];
    }
  | { readonly type: 'stopped' };

/** One group as its guardian sees it. */
export type GroupStanding = {
  readonly group: string;
  readonly state: ElectionName;
  /** Why it is in that state. */
  readonly reason: ElectionReason | 'begun';
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly basePriority: number;
  /** What it advertises, or would. */
  readonly priority: number;
  readonly intervalMs: number;
  readonly misses: number;
  readonly preempt: boolean;
  /** The node that advertises now, "" for none, and its priority. */
  readonly activePeer: string;
  readonly activePriority: number;
  /** Times it has become active. */
  readonly takeovers: number;
  readonly advertsSent: number;
  readonly advertsHeard: number;
  /** By reason word of the decoder. */
  readonly advertsRefused: Readonly<Record<string, number>>;
  /** Everything that decides about fitness. */
  readonly conditions: readonly Condition[];
  /** Every node heard of within the last minute. */
  readonly peers: readonly PeerStanding[];
};

export type Condition = {
  /** `data-path:<listener>`, `worker`, `link`, or the key of a tracker. */
  readonly key: string;
  readonly isWell: boolean;
  /** What failing costs: a weight, or `resign`. */
  readonly cost: number | 'resign';
  readonly seen: string;
};

export type PeerStanding = {
  readonly peer: string;
  readonly priority: number;
  readonly heardAgoMs: number;
  readonly addresses: 'same' | 'overlapping' | 'disjoint';
};
