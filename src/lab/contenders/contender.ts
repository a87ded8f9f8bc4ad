/** What the lab compares: a pair of balancers, set up on two hosts. */
import type { TwoSided } from '../two-sided.ts';

/** Processes that a fault means. */
export type Part =
  /** What passes connections on. */
  | 'balancer'
  /** What holds the address: a guardian, keepalived. */
  | 'agent'
  /** What starts and watches both; of those that have no such process, the balancer's main one. */
  | 'supervisor'
  /** One of those that serve; of a program with one process, that. */
  | 'worker';

export type Setting = { readonly network: TwoSided; readonly folder: string };

export type Contender = {
  readonly name: string;
  readonly title: string;
  /** Programs that it needs and that are not installed. */
  readonly missing: () => readonly string[];
  /** Starts both on a node; resolves when they run. `extra` is a further address (one-sided reload). */
  readonly start: (setting: Setting, node: string) => Promise<void>;
  /** Process ids of a part on a node. */
  readonly pids: (setting: Setting, node: string, part: Part) => readonly number[];
  /** Ends everything on a node as an operator does. */
  readonly stop: (setting: Setting, node: string) => void;
  /** Moves the address to the other node on purpose. */
  readonly move: (setting: Setting, node: string) => void;
  /** Reloads with another list of addresses, on this node alone. */
  readonly reload: (setting: Setting, node: string, addresses: readonly string[]) => void;
};

/** The address that clients use, and what a one-sided reload adds. */
export const SERVICE = '10.77.0.100';
export const SECOND_SERVICE = '10.77.0.101';
export const ROUTER_ID = 51;

/** lb1 has the higher priority. */
export const priorityOf = (node: string): number => (node === 'lb1' ? 150 : 100);
