/**
 * Everything that is known of names: one machine for each question that a plan's names need, one
 * timer for all. Questions that several names have in common are asked once. Lives in the
 * supervisor, through all reloads.
 */
import type { Plan } from '../../config/plan.ts';
import { initialName, step } from '../../machine/name-lookup.ts';
import type { NameEffect, NameEvent, NamePhase, NamePolicy } from '../../machine/name-lookup.ts';
import type { NameRecord, NameState } from '../../machine/name-lookup.ts';
import { DueQueue } from '../health/due-queue.ts';
import type { DueItem } from '../health/due-queue.ts';
import type { HealthClock } from '../health/health-clock.ts';
import { namesOf } from './expand.ts';
import type { RememberedNames } from './names-file.ts';
import { questionKey } from './question.ts';
import type { Outcome, Question } from './question.ts';
import { questionsOf } from './questions-of.ts';

/** Questions that are kept; those of further names are not asked. */
export const QUESTIONS_MAX = 32_768;
/** Targets of services are looked up this long after the services have changed, in ms. */
const REFRESH_MS = 10;
/** Questions that fall due within this time are asked in one turn. */
const TURN_MS = 10;

/** A change of what is known of one question. */
export type NameChange = {
  readonly question: Question;
  readonly from: NamePhase;
  readonly to: NamePhase;
  readonly reason: string;
  readonly detail: string;
  readonly came: readonly NameRecord[];
  readonly went: readonly NameRecord[];
};

export type NameBoardOptions = {
  readonly clock: HealthClock;
  /** Fresh numbers in [0, 1). */
  readonly random: () => number;
  /** Must not reject. */
  readonly lookup: (question: Question) => Promise<Outcome>;
  /** Called at each change. It must not call back. */
  readonly onChange: (change: NameChange) => void;
};

class Entry implements DueItem {
  readonly question: Question;
  state: NameState;
  /** Not needed any more: answers to it are passed over. */
  isGone = false;
  dueMs = 0;
  heapIndex = -1;

  constructor(question: Question, state: NameState) {
    this.question = question;
    this.state = state;
  }
}

export class NameBoard {
  /** Lookups that ended, by how: `records` or a `NameReason`. */
  readonly outcomes = new Map<string, number>();
  readonly #options: NameBoardOptions;
  readonly #due = new DueQueue<Entry>();
  readonly #entries = new Map<string, Entry>();
  #plans: readonly Plan[] = [];
  #policy: NamePolicy | null = null;
  #remembered: RememberedNames = new Map();
  #stopTimer: (() => void) | null = null;
  #timerMs = Infinity;
  #stopRefresh: (() => void) | null = null;
  readonly #waiters = new Set<() => void>();

  constructor(options: NameBoardOptions) {
    this.#options = options;
  }

  /** What a process before this one knew; for names that are not asked for yet. */
  remember(names: RememberedNames): void {
    this.#remembered = names;
  }

  /**
   * Asks for the names of these plans from now on, and for no others. The first one's settings hold;
   * where they are others than before, everything is asked anew.
   */
  use(plans: readonly [Plan, ...Plan[]]): void {
    this.#plans = plans;
    const { ttlMinMs, ttlMaxMs, keepMs } = plans[0].resolver;
    const policy: NamePolicy = { ttlMinMs, ttlMaxMs, keepMs };
    const isNew = this.#policy !== null && JSON.stringify(policy) !== JSON.stringify(this.#policy);
    this.#policy = policy;
    this.#refresh();
    if (isNew) this.askAll();
  }

  /** Asks everything anew, at once: whom to ask has changed. */
  askAll(): void {
    const policy = this.#policy!;
    for (const entry of this.#entries.values()) this.#step(entry, { kind: 'retune', policy });
    this.#setTimer();
  }

  /** The records that serve now. */
  readonly known = (question: Question): readonly NameRecord[] =>
    this.#entries.get(questionKey(question))?.state.records ?? NONE;

  /** What is known of a question; null where it is not asked. */
  state(question: Question): NameState | null {
    return this.#entries.get(questionKey(question))?.state ?? null;
  }

  /** Questions that are asked. */
  get size(): number {
    return this.#entries.size;
  }

  /** Everything that serves now, to be remembered. */
  records(): RememberedNames {
    const all = new Map<string, readonly NameRecord[]>();
    for (const [key, { state }] of this.#entries) {
      if (state.records.length > 0) all.set(key, state.records);
    }
    return all;
  }

  /** Resolves when every question has had an answer or has something to go on with, or in time. */
  async firstAnswers(limitMs: number): Promise<void> {
    if (this.#hasAnswers()) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stopTimer();
        this.#waiters.delete(done);
        resolve();
      };
      const stopTimer = this.#options.clock.startTimer(done, limitMs);
      this.#waiters.add(done);
    });
  }

  /** Ends all timers and forgets everything. */
  stop(): void {
    this.#plans = [];
    this.#stopRefresh?.();
    this.#stopRefresh = null;
    for (const entry of this.#entries.values()) this.#forget(entry);
    this.#setTimer();
    this.#release();
  }

  /** Brings the questions in line with the names: some lead to others. */
  #refresh(): void {
    this.#stopRefresh?.();
    this.#stopRefresh = null;
    const wanted = new Map<string, Question>();
    for (const plan of this.#plans) {
      for (const { name } of namesOf(plan)) {
        for (const question of questionsOf(name, this.known)) {
          wanted.set(questionKey(question), question);
        }
      }
    }
    for (const [key, entry] of this.#entries) if (!wanted.has(key)) this.#forget(entry);
    for (const [key, question] of wanted) {
      if (!this.#entries.has(key) && this.#entries.size < QUESTIONS_MAX) this.#begin(key, question);
    }
    this.#setTimer();
    this.#release();
  }

  #begin(key: string, question: Question): void {
    const entry = new Entry(question, initialName(this.#policy!, this.#now()));
    this.#entries.set(key, entry);
    this.#step(entry, { kind: 'start', remembered: this.#remembered.get(key) ?? NONE });
  }

  #forget(entry: Entry): void {
    entry.isGone = true;
    this.#due.remove(entry);
    this.#entries.delete(questionKey(entry.question));
  }

  #step(entry: Entry, event: NameEvent): void {
    const { state, effects } = step(entry.state, event, this.#now());
    entry.state = state;
    for (const effect of effects) this.#carryOut(entry, effect);
  }

  #carryOut(entry: Entry, effect: NameEffect): void {
    switch (effect.kind) {
      case 'ask':
        void this.#ask(entry);
        return;
      case 'arm':
        this.#due.set(entry, effect.atMs);
        return;
      case 'changed': {
        const { question } = entry;
        const { reason, detail } = entry.state;
        const { from, to, came, went } = effect;
        if (question.type === 'SRV') this.#refreshSoon();
        this.#options.onChange({ question, from, to, reason, detail, came, went });
        return;
      }
      default:
        effect satisfies never;
    }
  }

  async #ask(entry: Entry): Promise<void> {
    const outcome = await this.#options.lookup(entry.question);
    if (entry.isGone) return;
    const counted = outcome.kind === 'records' ? 'records' : outcome.reason;
    this.outcomes.set(counted, (this.outcomes.get(counted) ?? 0) + 1);
    this.#step(entry, { ...outcome, random: this.#options.random() });
    this.#setTimer();
    this.#release();
  }

  #refreshSoon(): void {
    this.#stopRefresh ??= this.#options.clock.startTimer(() => this.#refresh(), REFRESH_MS);
  }

  #hasAnswers(): boolean {
    if (this.#stopRefresh !== null) return false;
    for (const { state } of this.#entries.values()) if (state.phase === 'unknown') return false;
    return true;
  }

  #release(): void {
    if (this.#waiters.size === 0 || !this.#hasAnswers()) return;
    for (const done of [...this.#waiters]) done();
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

  /** One timer for the earliest question: an earlier need replaces it, a later one does not. */
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

const NONE: readonly NameRecord[] = [];
