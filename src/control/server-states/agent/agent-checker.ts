/**
 * Asks the agents of all servers whose pool has one: one timer for all, and no more questions at
 * once than checks. An agent that does not answer changes nothing: whether the server is well is for
 * its check to say.
 */
import type { AgentPlan } from '../../../config/plan-check.ts';
import type { Plan, ServerPlan } from '../../../config/plan.ts';
import { START_SPREAD_MS_MAX } from '../../../machine/health.ts';
import { DueQueue } from '../../health/due-queue.ts';
import type { HealthClock } from '../../health/health-clock.ts';
import { ProbeGate } from '../../health/probe-gate.ts';
import type { AgentProbe, AgentResult } from './agent-probe.ts';
import { AgentState, afterReply } from './agent-state.ts';
import type { AgentView } from './agent-state.ts';
import { agentToHandOver, viewFrom } from './inherited-agents.ts';
import type { InheritedAgent, InheritedAgents } from './inherited-agents.ts';

/** Questions that fall due within this time are begun in one turn, in ms. */
const TURN_MS = 10;

/** Least time from an answer to the next question, in ms. */
const GAP_MS_MIN = 10;

export type AgentCheckerOptions = {
  readonly clock: HealthClock;
  /** Fresh numbers in [0, 1). */
  readonly random: () => number;
  readonly ask: AgentProbe;
  /** Called after each answer and after a plan that changed what is known of an agent. */
  readonly onChange: (serverKey: string, before: AgentView | null, after: AgentView | null) => void;
};

/** Counts since the start. */
export type AgentCounters = { answered: number; failed: number; unknownWords: number };

export class AgentChecker {
  readonly counters: AgentCounters = { answered: 0, failed: 0, unknownWords: 0 };
  readonly #options: AgentCheckerOptions;
  readonly #due = new DueQueue<AgentState>();
  readonly #gate = new ProbeGate<AgentState>((state) => this.#ask(state));
  #states = new Map<string, AgentState>();
  #inherited: InheritedAgents = new Map();
  #stopTimer: (() => void) | null = null;
  #timerMs = Infinity;

  constructor(options: AgentCheckerOptions) {
    this.#options = options;
  }

  /** What is known of the server's agent; null where it has none. */
  view(key: string): AgentView | null {
    return this.#states.get(key)?.view ?? null;
  }

  /**
   * Takes over a plan. What is known of an agent stays where it is asked the same at the same
   * address, whatever the times.
   */
  apply(plan: Plan): void {
    const before = this.#states;
    this.#states = new Map();
    const changed: [string, AgentView | null][] = [];
    for (const { agent, servers } of plan.pools) {
      if (agent === null) continue;
      for (const server of servers) {
        // A unix socket has no other port.
        if (server.address.family === 'unix') continue;
        const old = before.get(server.key);
        before.delete(server.key);
        const state = this.#successor(old, server, agent);
        this.#states.set(server.key, state);
        if (old !== undefined && old.view !== state.view) changed.push([server.key, old.view]);
      }
    }
    this.#inherited = new Map();
    for (const [key, gone] of before) {
      this.#retire(gone);
      changed.push([key, gone.view]);
    }
    this.#setTimer();
    for (const [key, old] of changed) this.#options.onChange(key, old, this.view(key));
  }

  /** What agents said to another process: those of the first plan begin with it. */
  inherit(agents: InheritedAgents): void {
    this.#inherited = agents;
  }

  /** What agents said, for another process. */
  *toHandOver(): Generator<[string, InheritedAgent]> {
    for (const [key, state] of this.#states) yield [key, agentToHandOver(state, this.#now())];
  }

  /** Asks nothing of a server while it is paused; what is known of it stays. */
  setPaused(key: string, isPaused: boolean): void {
    const state = this.#states.get(key);
    if (state === undefined || state.isPaused === isPaused) return;
    state.isPaused = isPaused;
    if (isPaused) this.#retire(state);
    else this.#begin(state);
    this.#setTimer();
  }

  stop(): void {
    for (const state of this.#states.values()) this.#retire(state);
    this.#states = new Map();
    this.#setTimer();
  }

  #successor(old: AgentState | undefined, server: ServerPlan, agent: AgentPlan): AgentState {
    if (old === undefined) {
      const state = new AgentState(server, agent, this.#now());
      state.view = viewFrom(this.#inherited.get(server.key), state, this.#now()) ?? state.view;
      return this.#begin(state);
    }
    if (!isSameQuestion(old, server, agent)) {
      const state = new AgentState(server, agent, this.#now());
      state.isPaused = old.isPaused;
      this.#retire(old);
      return this.#begin(state);
    }
    const isRetuned = old.plan.digest !== agent.digest;
    old.server = server;
    old.plan = agent;
    if (!isRetuned || old.cancel !== null) return old;
    this.#retire(old);
    return this.#begin(old);
  }

  /** The first question comes soon, spread so that not all come at once. */
  #begin(state: AgentState): AgentState {
    if (state.isPaused) return state;
    const spreadMs = Math.min(state.plan.everyMs, START_SPREAD_MS_MAX);
    this.#due.set(state, this.#now() + this.#options.random() * spreadMs);
    return state;
  }

  #retire(state: AgentState): void {
    this.#due.remove(state);
    state.cancel?.();
    state.cancel = null;
    this.#gate.leave(state);
  }

  #ask(state: AgentState): void {
    const { host } = state.server.address;
    const { port, send, timeoutMs } = state.plan;
    state.askedAtMs = this.#now();
    const target = { host, port, send, timeoutMs };
    state.cancel = this.#options.ask(target, (result) => this.#answered(state, result));
  }

  #answered(state: AgentState, result: AgentResult): void {
    state.cancel = null;
    this.#gate.leave(state);
    const now = this.#now();
    this.#due.set(state, Math.max(state.askedAtMs + state.plan.everyMs, now + GAP_MS_MIN));
    this.#setTimer();
    const before = state.view;
    if (result.kind === 'failed') {
      this.counters.failed += 1;
      state.view = { ...before, failure: result.detail };
    } else {
      this.counters.answered += 1;
      this.counters.unknownWords += result.reply.unknownWords;
      state.view = afterReply(before, result.reply, now);
    }
    this.#options.onChange(state.server.key, before, state.view);
  }

  #turn(): void {
    this.#stopTimer = null;
    this.#timerMs = Infinity;
    const now = this.#now();
    for (;;) {
      const state = this.#due.takeDue(now);
      if (state === null) break;
      this.#gate.enter(state, state.view.failure !== '');
    }
    this.#setTimer();
  }

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

function isSameQuestion(old: AgentState, server: ServerPlan, agent: AgentPlan): boolean {
  const { host } = old.server.address;
  const { port, send } = old.plan;
  return host === server.address.host && port === agent.port && send === agent.send;
}
