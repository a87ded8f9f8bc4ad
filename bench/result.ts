/** What a run finds out: bench/out/result.json. */
import type { Machine } from './machine.ts';
import type { Summary } from './statistics.ts';

/** One contender measured once. */
export type Sample = {
  /** What the row is about, in its unit; null where the sample is not valid. */
  readonly value: number | null;
  /** Why it is not. */
  readonly problem: string | null;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Share of the balancer's core that it used, 0 to 1. */
  readonly coreShare: number;
  /** Share of its processor time spent in user mode, 0 to 1. */
  readonly userShare: number;
  /** Share of the balancer's core that other processes used, 0 to 1. */
  readonly othersShare: number;
  /** Share of the core that the hypervisor took, 0 to 1. */
  readonly stealShare: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  /** Log lines that arrived, in share of the requests; null where nothing is logged. */
  readonly loggedShare: number | null;
  /** For the memory row: all of the balancer's memory, with the connections open. */
  readonly memoryMib: number | null;
};

export type VariantResult = {
  readonly id: string;
  readonly title: string;
  readonly summary: Summary | null;
  readonly samples: readonly Sample[];
};

export type RatioResult = Summary & {
  readonly of: string;
  readonly to: string;
  readonly limit: number | null;
  /** Null where there is no limit. */
  readonly isMet: boolean | null;
};

export type RowResult = {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly note: string;
  /** For the latency row: requests per second. */
  readonly rate: number | null;
  readonly variants: readonly VariantResult[];
  /** The target's ratio first. */
  readonly ratios: readonly RatioResult[];
};

export type RunResult = {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly core: number;
  /** The floor in µs per request, before and after everything else. */
  readonly noise: { readonly before: Summary | null; readonly after: Summary | null };
  readonly rows: readonly RowResult[];
};
