import { unreachable } from '../../base/errors.ts';
import type { Plan, PoolPlan, ServerPlan } from '../../config/plan.ts';
import { step } from '../../machine/health.ts';
import type { HealthEffect, HealthEvent, Observed } from '../../machine/health.ts';
import type { CheckedServer } from './check-troubles.ts';
import { DueQueue } from './due-queue.ts';
import type { HealthClock } from './health-clock.ts';
import { checkToHandOver, stateFrom } from './inherited-checks.ts';
import type { InheritedCheck, InheritedChecks } from './inherited-checks.ts';
import { HealthCounters } from './health-counters.ts';
import { ProbeGate } from './probe-gate.ts';
import { isInconclusive } from './probe.ts';
import type { Probe, ProbeResult } from './probe.ts';
import { ServerCheck, compare, reaskedState, targetOf } from './server-check.ts';
import type { ServerHealth } from './server-check.ts';

/** One change of one server's observed state. */
export type HealthChange = {
  readonly serverKey: string;
  readonly from: Observed;
  readonly to: Observed;
  /**
   * A `ProbeReason`; `check-changed` where a new plan made the change, `pause-over` where the end of
   * a pause did.
   */
  readonly reason: string;
  readonly detail: string;
  /** When, in ms of the checker's clock. */
  readonly atMs: number;
};

export type HealthCheckerOptions = {
  readonly clock: HealthClock;
  /** Fresh numbers in [0, 1). */
  readonly random: () => number;
  readonly probe: Probe;
  /** Called at each change, falling and rising included. It must not throw or call `apply`. */
  readonly onChange: (change: HealthChange) => void;
  /** Called at the end of each probe, before what it changes. The same holds for it. */
  readonly onProbe?: (server: CheckedServer, result: ProbeResult) => void;
};

/** Probes that fall due within this time are begun in one turn, so that few timers are needed. */
const TURN_MS = 10;

/**
 * Runs the checks of all servers of a plan: one state machine per server, one timer for all, and
 * at most PROBES_MAX probes at once. Lives in the supervisor, through all reloads.
 */
export class HealthChecker {
  readonly counters = new HealthCounters();
  readonly #options: HealthCheckerOptions;
  readonly #due = new DueQueue<ServerCheck>();
  readonly #gate = new ProbeGate<ServerCheck>((entry) => this.#probe(entry));
  #servers = new Map<string, ServerCheck>();
  #inherited: InheritedChecks = new Map();
  #stopTimer: (() => void) | null = null;
  #timerMs = Infinity;

  constructor(options: HealthCheckerOptions) {
    this.#options = options;
  }

  /** Probes that run now. */
  get probesRunning(): number {
    return this.#gate.running;
  }

  /** Probes that wait for a turn now. */
  get probesWaiting(): number {
    return this.#gate.waiting;
  }

  /** Probes that had to wait for a turn, since the start. */
  get probeWaits(): number {
    return this.#gate.waits;
  }

  /**
   * Takes over a plan. Servers with the same key, address and check go on undisturbed; where only
   * the check's times and thresholds changed the verdict stays, and where it asks something else, it
   * stays until the first answer; the others start anew. `onChange`
   * is called for a server that was there before and whose state the plan changed; the states of
   * new servers are read from `states()`.
   */
  apply(plan: Plan): void {
    const before = this.#servers;
    const changes: HealthChange[] = [];
    this.#servers = new Map();
    for (const pool of plan.pools) {
      for (const server of pool.servers) {
        const old = before.get(server.key);
        before.delete(server.key);
        const entry = this.#successor(old, pool, server);
        this.#servers.set(server.key, entry);
        if (old !== undefined && old.state.observed !== entry.state.observed) {
          changes.push(this.#planChange(old, entry));
        }
      }
    }
    this.#inherited = new Map();
    for (const gone of before.values()) this.#retire(gone);
    this.#setTimer();
    // Last, so that who is told finds the whole new plan in states().
    for (const change of changes) this.#report(change);
  }

  /** What another process knew: servers of the first plan begin with it. */
  inherit(checks: InheritedChecks): void {
    this.#inherited = checks;
  }

  /** What is known, for another process. */
  *toHandOver(): Generator<[string, InheritedCheck]> {
    for (const [key, entry] of this.#servers) {
      const known = checkToHandOver(entry, this.#now());
      if (known !== null) yield [key, known];
    }
  }

  /** All servers in the plan's order. */
  *states(): Generator<ServerHealth> {
    for (const entry of this.#servers.values()) yield entry.view();
  }

  /** One server, or null where the plan has none of this key. */
  state(serverKey: string): ServerHealth | null {
    return this.#servers.get(serverKey)?.view() ?? null;
  }

  /** Ends all probes and timers and forgets all servers. `apply` begins anew. */
  stop(): void {
    for (const entry of this.#servers.values()) this.#retire(entry);
    this.#servers = new Map();
    this.#setTimer();
  }

  /**
   * Stops the check of a server and leaves its verdict as it is, or begins anew: what was true
   * before the pause says nothing of the server after it.
   */
  setPaused(serverKey: string, isPaused: boolean): void {
    const old = this.#servers.get(serverKey);
    if (old === undefined || old.isPaused === isPaused) return;
    old.isPaused = isPaused;
    if (old.target === null) return;
    this.#retire(old);
    if (!isPaused) this.#resume(old);
    this.#setTimer();
  }

  #resume(old: ServerCheck): void {
    const entry = new ServerCheck(old.pool, old.server, this.#now());
    entry.lastProbe = old.lastProbe;
    entry.probes = old.probes;
    entry.failures = old.failures;
    this.#servers.set(entry.server.key, this.#begin(entry));
    if (old.state.observed === entry.state.observed) return;
    const change = this.#planChange(old, entry);
    this.#report({ ...change, reason: 'pause-over', detail: 'its check begins anew' });
  }

  #successor(old: ServerCheck | undefined, pool: PoolPlan, server: ServerPlan): ServerCheck {
    if (old === undefined) return this.#begin(this.#newCheck(pool, server));
    const continuation = compare(old, pool, server);
    if (continuation === 'new' || continuation === 'reasked') {
      const entry = new ServerCheck(pool, server, this.#now());
      if (continuation === 'reasked') entry.state = reaskedState(old, pool.check!, this.#now());
      entry.isPaused = old.isPaused;
      this.#retire(old);
      return this.#begin(entry);
    }
    old.pool = pool;
    old.server = server;
    old.target = targetOf(pool, server);
    if (continuation === 'retuned' && !old.isPaused) {
      this.#step(old, { kind: 'retune', policy: pool.check!, random: this.#options.random() });
    }
    return old;
  }

  #newCheck(pool: PoolPlan, server: ServerPlan): ServerCheck {
    const now = this.#now();
    const entry = new ServerCheck(pool, server, now);
    entry.state = stateFrom(this.#inherited.get(server.key), entry, now) ?? entry.state;
    return entry;
  }

  #begin(entry: ServerCheck): ServerCheck {
    const random = this.#options.random();
    if (entry.target !== null && !entry.isPaused) this.#step(entry, { kind: 'start', random });
    return entry;
  }

  #planChange(old: ServerCheck, entry: ServerCheck): HealthChange {
    const isChecked = entry.target !== null;
    return {
      serverKey: entry.server.key,
      from: old.state.observed,
      to: entry.state.observed,
      reason: isChecked ? 'check-changed' : entry.state.reason,
      detail: isChecked ? 'the configuration changed its address or check' : entry.state.detail,
      atMs: this.#now(),
    };
  }

  #retire(entry: ServerCheck): void {
    this.#due.remove(entry);
    entry.cancel?.();
    entry.cancel = null;
    this.#gate.leave(entry);
  }

  #step(entry: ServerCheck, event: HealthEvent): void {
    const { state, effects } = step(entry.state, event, this.#now());
    entry.state = state;
    for (const effect of effects) this.#carryOut(entry, effect);
  }

  #carryOut(entry: ServerCheck, effect: HealthEffect): void {
    switch (effect.kind) {
      case 'probe':
        this.#gate.enter(entry, entry.state.observed === 'down');
        return;
      case 'arm':
        this.#due.set(entry, effect.atMs);
        return;
      case 'changed':
        this.#report({
          serverKey: entry.server.key,
          from: effect.from,
          to: effect.to,
          reason: effect.reason,
          detail: effect.detail,
          atMs: this.#now(),
        });
        return;
      default:
        unreachable(effect);
    }
  }

  #report(change: HealthChange): void {
    this.counters.changes++;
    this.#options.onChange(change);
  }

  #probe(entry: ServerCheck): void {
    entry.cancel = this.#options.probe(entry.target!, (result) => this.#probed(entry, result));
  }

  #probed(entry: ServerCheck, result: ProbeResult): void {
    entry.cancel = null;
    entry.lastProbe = result;
    entry.probes++;
    this.counters.count(result);
    const { pool, server } = entry;
    const checked = { poolKey: pool.key, serverKey: server.key, check: pool.check!.digest };
    this.#options.onProbe?.(checked, result);
    this.#gate.leave(entry);
    this.#step(entry, this.#eventOf(entry, result));
    this.#setTimer();
  }

  #eventOf(entry: ServerCheck, result: ProbeResult): HealthEvent {
    const random = this.#options.random();
    const { reason, detail } = result;
    if (result.passed) return { kind: 'passed', detail, random };
    if (isInconclusive(reason)) return { kind: 'inconclusive', reason, detail, random };
    entry.failures++;
    return { kind: 'failed', reason, detail, random };
  }

  #turn(): void {
    this.#stopTimer = null;
    this.#timerMs = Infinity;
    const now = this.#now();
    for (;;) {
      const entry = this.#due.takeDue(now);
      if (entry === null) break;
      this.#step(entry, { kind: 'tick' });
    }
    this.#setTimer();
  }

  /** One timer for the earliest server: an earlier need replaces it, a later one does not. */
  #setTimer(): void {
    const dueMs = this.#due.nextDueMs();
    if (dueMs === Infinity && this.#stopTimer !== null) this.#clearTimer();
    if (dueMs >= this.#timerMs) return;
    this.#clearTimer();
    const now = this.#now();
    const delayMs = Math.max(TURN_MS, Math.ceil(dueMs - now));
    this.#timerMs = now + delayMs;
    this.#stopTimer = this.#options.clock.startTimer(() => this.#turn(), delayMs);
  }

  #clearTimer(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    this.#timerMs = Infinity;
  }

  #now(): number {
    return this.#options.clock.now();
  }
}
