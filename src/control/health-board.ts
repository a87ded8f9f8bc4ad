/**
 * What is known of the servers' health, between the checks and those who want to know: the workers
 * (three states), the log, the status and the metrics.
 */
import { performance } from 'node:perf_hooks';
import type { Plan } from '../config/plan.ts';
import type { Observed } from '../machine/health.ts';
import type { ObservedState, ServerHealthFrame } from '../plane/worker-protocol.ts';
import { HealthChecker, type HealthChange } from './health/health-checker.ts';
import { systemHealthClock } from './health/health-clock.ts';
import { runProbe } from './health/run-probe.ts';
import type { ServerHealth } from './health/server-check.ts';
import type { ProductLog } from './product-log.ts';

/** A falling server still counts as up, a rising one still as down. */
const FOR_WORKERS: Readonly<Record<Observed, ObservedState>> = {
  unknown: 'unknown',
  up: 'up',
  falling: 'up',
  rising: 'down',
  down: 'down',
};

export type HealthBoardOptions = {
  readonly log: ProductLog;
  /** Called when a worker has to know of a change. */
  readonly onChange: (changed: readonly ServerHealthFrame[]) => void;
};

export class HealthBoard {
  readonly #log: ProductLog;
  readonly #onChange: HealthBoardOptions['onChange'];
  readonly #checker: HealthChecker;

  constructor(options: HealthBoardOptions) {
    this.#log = options.log;
    this.#onChange = options.onChange;
    this.#checker = new HealthChecker({
      clock: systemHealthClock,
      random: Math.random,
      probe: runProbe,
      onChange: (change) => this.#changed(change),
    });
  }

  /** Checks the servers of this plan from now on. */
  apply(plan: Plan): void {
    this.#checker.apply(plan);
  }

  /** What the workers are told of every server. */
  frames(): ServerHealthFrame[] {
    const frames: ServerHealthFrame[] = [];
    for (const { serverKey, observed } of this.#checker.states()) {
      frames.push(frame(serverKey, FOR_WORKERS[observed]));
    }
    return frames;
  }

  /** The health of every server by its key. */
  byKey(): Map<string, ServerHealth> {
    const all = new Map<string, ServerHealth>();
    for (const health of this.#checker.states()) all.set(health.serverKey, health);
    return all;
  }

  /** Counts of the checks themselves. */
  get counters(): HealthChecker['counters'] {
    return this.#checker.counters;
  }

  stop(): void {
    this.#checker.stop();
  }

  #changed(change: HealthChange): void {
    const { serverKey, reason, detail } = change;
    const before = FOR_WORKERS[change.from];
    const after = FOR_WORKERS[change.to];
    const fields = { server: serverKey, state: change.to, reason, detail };
    if (before === after) {
      this.#log.debug(fields, `server is ${change.to}`);
      return;
    }
    this.#log[after === 'down' ? 'warn' : 'info'](fields, `server is ${after}`);
    this.#onChange([frame(serverKey, after)]);
  }
}

function frame(key: string, state: ObservedState): ServerHealthFrame {
  return { key, state, administrative: 'ready', weight: null, maxConnections: null };
}

/** The time of day of a moment on the checker's clock, as an ISO text. */
export function wallTime(checkerMs: number): string {
  return new Date(Date.now() - (performance.now() - checkerMs)).toISOString();
}
