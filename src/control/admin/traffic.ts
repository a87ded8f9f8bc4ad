/**
 * What passed in the last minutes, for a page that is opened when something is wrong: rates, faults
 * and times of every listener and pool and of the balancer as a whole, taken from the meters.
 */
import { LATENCY_BUCKETS, LISTENER_METER, POOL_METER, SERVER_METER } from '../../base/meters.ts';
import type { ListenerPlan, Plan, PoolPlan } from '../../config/plan.ts';
import type { MetersReader } from '../meters-reader.ts';
import { quantileMs } from './quantile.ts';
import { TrafficRing, type TrafficPoint } from './traffic-ring.ts';

/** Time between two samples, in ms. */
export const SAMPLE_EVERY_MS = 2_000;
/** Samples that are kept: ten minutes. */
export const SAMPLES_MAX = 300;
/** Listeners and pools with a past of their own (some 14 KiB each); later ones have none. */
export const SERIES_MAX = 256;

export type TrafficKind = 'balancer' | 'listener' | 'pool';

/** What is counted: of a listener for tcp sessions, for udp datagrams. */
export type TrafficUnit = 'requests' | 'sessions' | 'datagrams' | 'all';

/** A past, the oldest sample first. Null where nothing was measured in the interval. */
export type TrafficSeries = {
  readonly kind: TrafficKind;
  readonly name: string;
  readonly unit: TrafficUnit;
  readonly everyMs: number;
  /** Ends of the intervals, in ms since the epoch. */
  readonly times: readonly number[];
  /** Per second. Errors are answers with 5xx of a listener, and failures of the servers of a pool. */
  readonly rates: readonly number[];
  readonly errorRates: readonly number[];
  /** Of listeners the whole request, of pools the time to the first byte of the answer. */
  readonly p50Ms: readonly (number | null)[];
  readonly p95Ms: readonly (number | null)[];
  readonly p99Ms: readonly (number | null)[];
};

/** Counters at one moment: requests, errors, then the buckets of times. */
type Counters = Float64Array;

const REQUESTS = 0;
const ERRORS = 1;
const BUCKETS = 2;
const WIDTH = BUCKETS + LATENCY_BUCKETS;

type Series = {
  readonly kind: TrafficKind;
  readonly name: string;
  unit: TrafficUnit;
  before: Counters;
  readonly ring: TrafficRing;
  latest: TrafficPoint | null;
};

const idOf = (kind: TrafficKind, name: string): string => `${kind}:${name}`;

export class TrafficBook {
  readonly #plan: () => Plan | null;
  readonly #meters: MetersReader;
  readonly #series = new Map<string, Series>();
  #sampledAt = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(plan: () => Plan | null, meters: MetersReader) {
    this.#plan = plan;
    this.#meters = meters;
  }

  /** Takes a sample now and then on from now on. */
  start(): void {
    this.#timer ??= setInterval(
      () => this.sample(Date.now(), performance.now()),
      SAMPLE_EVERY_MS,
    ).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /**
   * `nowMs` is in ms since the epoch, `steadyMs` of a clock that nobody sets: rates go by that. The
   * first sample of a thing only remembers its counters.
   */
  sample(nowMs: number, steadyMs = nowMs): void {
    const plan = this.#plan();
    const seconds = (steadyMs - this.#sampledAt) / 1_000;
    if (plan === null || seconds <= 0) return;
    this.#sampledAt = steadyMs;
    const seen = new Set<string>();
    const sum = new Float64Array(WIDTH);
    const note = (kind: TrafficKind, name: string, unit: TrafficUnit, now: Counters): void => {
      seen.add(idOf(kind, name));
      this.#note({ kind, name, unit }, now, { nowMs, seconds });
    };
    for (const listener of plan.listeners) {
      const now = this.#ofListener(listener);
      for (let i = 0; i < WIDTH; i++) sum[i]! += now[i]!;
      note('listener', listener.key, unitOf(listener), now);
    }
    note('balancer', '', 'all', sum);
    for (const pool of plan.pools) note('pool', pool.key, 'requests', this.#ofPool(pool));
    for (const id of this.#series.keys()) if (!seen.has(id)) this.#series.delete(id);
  }

  /** The samples after `afterMs`, none of what is new; null where there is no such thing. */
  series(kind: TrafficKind, name: string, afterMs = 0): TrafficSeries | null {
    const found = this.#series.get(idOf(kind, name));
    const unit = found?.unit ?? this.#unitOfNew(kind, name);
    if (unit === null) return null;
    const ring = found?.ring ?? new TrafficRing(1);
    return { kind, name, unit, everyMs: SAMPLE_EVERY_MS, ...ring.columns(afterMs) };
  }

  /** What is counted of a thing that has no sample yet; null where there is no such thing. */
  #unitOfNew(kind: TrafficKind, name: string): TrafficUnit | null {
    const plan = this.#plan();
    if (plan === null) return null;
    if (kind === 'balancer') return name === '' ? 'all' : null;
    if (kind === 'pool') return plan.pools.some(({ key }) => key === name) ? 'requests' : null;
    const listener = plan.listeners.find(({ key }) => key === name);
    return listener === undefined ? null : unitOf(listener);
  }

  /** The latest sample; null where there is none yet. */
  latest(kind: TrafficKind, name: string): TrafficPoint | null {
    return this.#series.get(idOf(kind, name))?.latest ?? null;
  }

  #note(
    { kind, name, unit }: { kind: TrafficKind; name: string; unit: TrafficUnit },
    now: Counters,
    { nowMs, seconds }: { nowMs: number; seconds: number },
  ): void {
    const id = idOf(kind, name);
    const series = this.#series.get(id);
    if (series === undefined) {
      if (this.#series.size >= SERIES_MAX && kind !== 'balancer') return;
      const ring = new TrafficRing(SAMPLES_MAX);
      this.#series.set(id, { kind, name, unit, before: now, ring, latest: null });
      return;
    }
    series.unit = unit;
    series.latest = pointOf(series.before, now, { nowMs, seconds });
    series.before = now;
    series.ring.push(series.latest);
  }

  #ofListener({ slot, protocol }: ListenerPlan): Counters {
    const made = new Float64Array(WIDTH);
    const counted = protocol === 'tcp' ? LISTENER_METER.connections : LISTENER_METER.requests;
    made[REQUESTS] = this.#meters.sum(slot, counted);
    made[ERRORS] = this.#meters.sum(slot, LISTENER_METER.statuses + 4);
    this.#addBuckets(made, slot, LISTENER_METER.latencyBuckets);
    return made;
  }

  #ofPool({ slot, servers }: PoolPlan): Counters {
    const made = new Float64Array(WIDTH);
    made[REQUESTS] = this.#meters.sum(slot, POOL_METER.requests);
    for (const server of servers) {
      made[ERRORS]! += this.#meters.sum(server.slot, SERVER_METER.failures);
    }
    this.#addBuckets(made, slot, POOL_METER.latencyBuckets);
    return made;
  }

  #addBuckets(made: Counters, slot: number, field: number): void {
    for (let i = 0; i < LATENCY_BUCKETS; i++) {
      made[BUCKETS + i] = this.#meters.sum(slot, field + i);
    }
  }
}

function unitOf({ protocol }: ListenerPlan): TrafficUnit {
  if (protocol === 'tcp') return 'sessions';
  return protocol === 'udp' ? 'datagrams' : 'requests';
}

/** A counter that fell belongs to a place that was given to another: nothing is said of it. */
function pointOf(
  before: Counters,
  now: Counters,
  { nowMs, seconds }: { nowMs: number; seconds: number },
): TrafficPoint {
  const grown = (i: number): number => Math.max(0, now[i]! - before[i]!);
  const buckets = Array.from({ length: LATENCY_BUCKETS }, (_, i) => grown(BUCKETS + i));
  return {
    time: nowMs,
    rate: grown(REQUESTS) / seconds,
    errorRate: grown(ERRORS) / seconds,
    p50Ms: quantileMs(buckets, 0.5),
    p95Ms: quantileMs(buckets, 0.95),
    p99Ms: quantileMs(buckets, 0.99),
  };
}
