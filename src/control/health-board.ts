/**
 * What is known of every server, in three columns that never overwrite one another: what the
 * configuration says, what the operator (and the server's agent) asks, and what is observed. It
 * stands between those who know and those who want to know: the workers, the log, the status and
 * the metrics.
 */
import type { Plan } from '../config/plan.ts';
import type { PassiveFrame, ServerHealthFrame } from '../plane/worker-protocol.ts';
import { CheckTroubles } from './health/check-troubles.ts';
import { HealthChecker, type HealthChange } from './health/health-checker.ts';
import type { InheritedCheck, InheritedChecks } from './health/inherited-checks.ts';
import { systemHealthClock, type HealthClock } from './health/health-clock.ts';
import type { Probe } from './health/probe.ts';
import { runProbe } from './health/run-probe.ts';
import type { ServerHealth } from './health/server-check.ts';
import type { ProductLog } from './product-log.ts';
import { AgentChecker, type AgentCounters } from './server-states/agent/agent-checker.ts';
import { askAgent, type AgentProbe } from './server-states/agent/agent-probe.ts';
import type { InheritedAgent, InheritedAgents } from './server-states/agent/inherited-agents.ts';
import type { AgentView } from './server-states/agent/agent-state.ts';
import type { OperatorColumn } from './server-states/columns.ts';
import { Ejections, type Ejection, type EjectionChange } from './server-states/ejections.ts';
import { OperatorBook, type Kept } from './server-states/operator-book.ts';
import { framesOf, unseenHealth } from './server-states/unseen-health.ts';
import { viewOf, type ServerView } from './server-states/server-view.ts';
import type { StateEntries } from './server-states/state-file.ts';
import { StateEvents } from './server-states/state-events.ts';
import { StateReporter, type Causes } from './server-states/state-reporter.ts';
import { VerdictLinks } from './server-states/verdict-links.ts';

export type HealthBoardOptions = {
  readonly log: ProductLog;
  /** Called when the workers have to know of a change. */
  readonly onChange: (changed: readonly ServerHealthFrame[]) => void;
  /** Others than the system's, for tests. */
  readonly clock?: HealthClock;
  readonly probe?: Probe;
  readonly ask?: AgentProbe;
};

type Place = { readonly pool: Plan['pools'][number]; readonly server: ServerView['server'] };

export class HealthBoard {
  readonly events = new StateEvents();
  readonly #log: ProductLog;
  readonly #onChange: HealthBoardOptions['onChange'];
  readonly #checker: HealthChecker;
  readonly #agents: AgentChecker;
  readonly #ejections: Ejections;
  readonly #operator: OperatorBook;
  readonly #reporter: StateReporter;
  readonly #troubles: CheckTroubles;
  #links: VerdictLinks | null = null;
  #places = new Map<string, Place>();
  /** What was last told of each server. */
  #told = new Map<string, ServerView>();
  /** Servers to be looked at when all that belongs together has been changed. */
  readonly #touched = new Map<string, Causes>();
  #holds = 0;

  constructor(options: HealthBoardOptions) {
    const { log, onChange, clock = systemHealthClock } = options;
    this.#log = log;
    this.#onChange = onChange;
    this.#reporter = new StateReporter(log, this.events);
    this.#troubles = new CheckTroubles(log);
    this.#operator = new OperatorBook(log);
    this.#ejections = new Ejections(clock, (change) => this.#ejected(change));
    this.#checker = new HealthChecker({
      clock,
      random: Math.random,
      probe: options.probe ?? runProbe,
      onChange: (change) => this.#checked(change),
      onProbe: (server, result) => this.#troubles.ended(server, result),
    });
    this.#agents = new AgentChecker({
      clock,
      random: Math.random,
      ask: options.ask ?? askAgent,
      onChange: (key, before, after) => this.#asked(key, before, after),
    });
  }

  /**
   * Takes over a plan: checks its servers and asks their agents from now on. Who is to tell the
   * workers of it takes `frames()`.
   */
  apply(plan: Plan): void {
    const isFirst = this.#links === null;
    this.#holds += 1;
    this.#links = new VerdictLinks(plan);
    this.#places = placesOf(plan);
    this.#operator.apply(plan.stateFolder, (key) => this.#places.has(key));
    this.#ejections.keep((key) => this.#places.has(key));
    this.#checker.apply(plan);
    this.#troubles.keep((key) => this.#checker.state(key)?.isChecked === true);
    this.#agents.apply(plan);
    this.#setPauses(this.#places.keys());
    this.#holds -= 1;
    this.#settle(isFirst);
  }

  /** What the workers are told of every server of the plan in force. */
  frames(): ServerHealthFrame[] {
    return [...this.views()].map(frame);
  }

  /** The same for a plan that is about to be in force. */
  framesFor(plan: Plan): ServerHealthFrame[] {
    return framesOf(plan, {
      known: (key) => (this.#places.has(key) ? this.#health(key) : null),
      operator: (key) => this.#operator.states.column(key),
      agent: (key) => this.#agents.view(key),
    });
  }

  /** Every server of the plan, in its order. */
  *views(): Generator<ServerView> {
    for (const key of this.#places.keys()) yield this.#view(key);
  }

  /** One server; null where the plan has none of this key. */
  view(key: string): ServerView | null {
    return this.#places.has(key) ? this.#view(key) : null;
  }

  /**
   * Sets what the operator asks of servers that are in the plan; what `change` does not have stays.
   * The workers are told before it resolves with whether that outlives a restart.
   */
  async setOperator(keys: readonly string[], change: Partial<OperatorColumn>): Promise<Kept> {
    this.#holds += 1;
    for (const key of keys) {
      this.#operator.states.set(key, { ...this.#operator.column(key), ...change }, Date.now());
      this.#touch(key, { administrative: { reason: 'operator', detail: '' } });
    }
    this.#setPauses(keys);
    this.#release();
    return this.#operator.save();
  }

  /** What a worker saw in passing. */
  takePassive(told: PassiveFrame): void {
    if (this.#places.has(told.server)) this.#ejections.take(told);
  }

  /** Verdicts of the checks, for another process, and those of another one for the first plan. */
  checksToHandOver(): Iterable<[string, InheritedCheck]> {
    return this.#checker.toHandOver();
  }

  inheritChecks(checks: InheritedChecks): void {
    this.#checker.inherit(checks);
  }

  /** The same of what agents said. */
  agentsToHandOver(): Iterable<[string, InheritedAgent]> {
    return this.#agents.toHandOver();
  }

  inheritAgents(agents: InheritedAgents): void {
    this.#agents.inherit(agents);
  }

  /** What operators asked for; another process's counts in place of what the file has. */
  get operatorEntries(): StateEntries {
    return this.#operator.states.entries;
  }

  inheritOperator(entries: StateEntries): void {
    this.#operator.inherit(entries);
  }

  /** The ejection of a server by passive health; null where there is none. */
  ejection(key: string): Ejection | null {
    return this.#ejections.get(key);
  }

  /** Counts of the checks themselves. */
  get counters(): HealthChecker['counters'] {
    return this.#checker.counters;
  }

  get agentCounters(): Readonly<AgentCounters> {
    return this.#agents.counters;
  }

  /** Ends all checks and forgets all servers. */
  stop(): void {
    this.#places = new Map();
    this.#told = new Map();
    this.#checker.stop();
    this.#agents.stop();
    this.#ejections.stop();
  }

  #view(key: string): ServerView {
    const operator = this.#operator.column(key);
    return viewOf({
      ...this.#places.get(key)!,
      check: this.#health(key),
      operator,
      operatorSince: this.#operator.states.since(key),
      agent: this.#agents.view(key),
      ejection: this.#ejections.get(key),
    });
  }

  #health(key: string): ServerHealth {
    const links = this.#links!;
    if (!links.isFollower(key)) return this.#checker.state(key)!;
    const { pool, server } = this.#places.get(key)!;
    const source = links.sourceOf(key);
    const health = source === null ? null : this.#checker.state(source);
    if (health === null) return unseenHealth(pool, server, NO_COUNTERPART);
    return { ...health, serverKey: key, poolKey: pool.key, weight: server.weight };
  }

  #checked(change: HealthChange): void {
    const { serverKey, reason, detail } = change;
    const links = this.#links!;
    if (!links.isFollower(serverKey)) this.#touch(serverKey, { observed: { reason, detail } });
    for (const key of links.followersOf(serverKey)) {
      this.#touch(key, { observed: { reason, detail } });
    }
    this.#release(0);
  }

  #asked(key: string, before: AgentView | null, after: AgentView | null): void {
    this.#logAnswers(key, before, after);
    if (before?.column === after?.column) return;
    const reason = after?.column.isDown === true ? after.reason : 'agent-up';
    const wasDown = before?.column.isDown === true;
    const isDown = after?.column.isDown === true;
    const causes = wasDown === isDown ? {} : { observed: { reason, detail: after?.detail ?? '' } };
    this.#holds += 1;
    this.#touch(key, causes);
    if (this.#places.has(key)) this.#setPauses([key]);
    this.#release();
  }

  /** Once when an agent falls silent, and once when it speaks again. */
  #logAnswers(server: string, before: AgentView | null, after: AgentView | null): void {
    if (after === null) return;
    const failed = before?.failure ?? '';
    if (failed === '' && after.failure !== '') {
      this.#log.warn({ server, detail: after.failure }, 'agent does not answer');
    } else if (failed !== '' && after.failure === '') {
      this.#log.info({ server }, 'agent answers again');
    }
  }

  #ejected({ serverKey, change, reason, detail, forMs }: EjectionChange): void {
    const text = change === 'ejected' ? `${detail}, for ${Math.round(forMs)} ms` : detail;
    this.#touch(serverKey, { observed: { reason, detail: text } });
    this.#release(0);
  }

  /**
   * In maintenance nothing is sent to a server. A check that speaks for servers of other pools goes
   * on while one of them is in use.
   */
  #setPauses(keys: Iterable<string>): void {
    const links = this.#links!;
    for (const key of keys) {
      const isOperators = this.#operator.column(key).administrative === 'maintenance';
      this.#agents.setPaused(key, isOperators);
      const source = links.isFollower(key) ? links.sourceOf(key) : key;
      if (source === null) continue;
      const all = [source, ...links.followersOf(source)];
      this.#checker.setPaused(
        source,
        all.every((one) => this.#isInMaintenance(one)),
      );
    }
  }

  #isInMaintenance(key: string): boolean {
    return this.#view(key).combined.administrative === 'maintenance';
  }

  #touch(key: string, causes: Causes): void {
    this.#touched.set(key, { ...this.#touched.get(key), ...causes });
  }

  /** Ends a hold; with the last one, or without any, what was touched is told. */
  #release(held = 1): void {
    this.#holds -= held;
    if (this.#holds > 0) return;
    const frames: ServerHealthFrame[] = [];
    for (const [key, causes] of this.#touched) {
      const before = this.#told.get(key);
      if (before === undefined || !this.#places.has(key)) continue;
      const after = this.#view(key);
      this.#told.set(key, after);
      this.#reporter.compare(before, after, causes);
      if (!isSameFrame(before, after)) frames.push(frame(after));
    }
    this.#touched.clear();
    if (frames.length > 0) this.#onChange(frames);
  }

  /** Tells of what a plan changed, but for the workers: they get all of it with the plan. */
  #settle(isFirst: boolean): void {
    const before = this.#told;
    this.#told = new Map();
    for (const view of this.views()) {
      const { key } = view.server;
      this.#told.set(key, view);
      const old = before.get(key);
      before.delete(key);
      if (old !== undefined) this.#reporter.compare(old, view, this.#touched.get(key) ?? {});
      else if (!isFirst) this.#reporter.added(view);
    }
    for (const gone of before.values()) this.#reporter.removed(gone);
    this.#touched.clear();
  }
}

const NO_COUNTERPART = {
  reason: 'no-counterpart',
  detail: 'the pool whose check counts has no such server',
};

function placesOf(plan: Plan): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const pool of plan.pools) {
    for (const server of pool.servers) places.set(server.key, { pool, server });
  }
  return places;
}

function frame({ server, combined }: ServerView): ServerHealthFrame {
  return { key: server.key, ...combined };
}

function isSameFrame({ combined: a }: ServerView, { combined: b }: ServerView): boolean {
  return (
    a.state === b.state &&
    a.administrative === b.administrative &&
    a.weight === b.weight &&
    a.maxConnections === b.maxConnections
  );
}
