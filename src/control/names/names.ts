/**
 * Servers by name, as the supervisor sees them: it is told of plans and gives plans with servers
 * back.
 *
 *   plan of the file ─▶ prepare ─▶ expand ─▶ in force ─▶ settle
 *                                    ▲
 *   an answer changes addresses ─────┘
 */
import type { Plan } from '../../config/plan.ts';
import { recordText } from '../../machine/name-lookup.ts';
import type { NameRecord } from '../../machine/name-lookup.ts';
import { systemHealthClock } from '../health/health-clock.ts';
import type { ProductLog } from '../product-log.ts';
import { expandNames } from './expand.ts';
import { NameBoard, QUESTIONS_MAX } from './name-board.ts';
import type { NameChange } from './name-board.ts';
import { NameMemory } from './name-memory.ts';
import type { RememberedNames } from './names-file.ts';
import { NameUpdates } from './name-updates.ts';
import { questionKey } from './question.ts';
import type { Outcome, Question } from './question.ts';
import { Resolver } from './resolver.ts';

/** A start and a reload wait so long for the first answers to new names, in ms. */
export const FIRST_ANSWERS_MS = 1_000;
/** Records of one change that a line of the log tells. */
const TOLD_MAX = 20;

export type NamesOptions = {
  readonly log: ProductLog;
  /** Puts what is known now in force; resolves with whether that went well. Must not reject. */
  readonly apply: () => Promise<boolean>;
};

export class Names {
  readonly board: NameBoard;
  readonly #log: ProductLog;
  readonly #resolver = new Resolver();
  readonly #updates: NameUpdates;
  readonly #memory: NameMemory;
  /** Whom the resolver asks, and whom it asked when everything was asked last. */
  #configured = '';
  #settled = '';
  #inherited: RememberedNames = new Map();
  /** Questions whose answers have more records than are used. */
  readonly #tooMany = new Set<string>();
  #left = 0;

  constructor({ log, apply }: NamesOptions) {
    const clock = systemHealthClock;
    this.#log = log;
    this.#updates = new NameUpdates({ clock, apply });
    this.board = new NameBoard({
      clock,
      random: Math.random,
      lookup: (question) => this.#lookup(question),
      onChange: (change) => this.#changed(change),
    });
    this.#memory = new NameMemory({ clock, log, records: () => this.board.records() });
  }

  /** Takes over what another process knows, which is newer than what is in the file. */
  inherit(names: RememberedNames): void {
    this.#inherited = names;
  }

  /** Begins with the first plan; resolves when its names are known, or have had their time. */
  async begin(plan: Plan): Promise<void> {
    const remembered = this.#memory.begin(plan.stateFolder);
    this.board.remember(new Map([...remembered, ...this.#inherited]));
    this.settle(plan);
    await this.board.firstAnswers(FIRST_ANSWERS_MS);
  }

  /** Looks up what a plan that is to come needs, at its name servers, beside what `before` does. */
  async prepare(before: Plan, plan: Plan): Promise<void> {
    this.#configure(plan);
    this.board.use([before, plan]);
    await this.board.firstAnswers(FIRST_ANSWERS_MS);
  }

  /** The plan with the servers that its names stand for now. */
  expand(plan: Plan): Plan {
    const { plan: expanded, left } = expandNames(plan, this.board.known);
    if (left > 0 && left !== this.#left) {
      this.#log.warn({ left }, 'names stand for more servers than can be used');
    }
    this.#left = left;
    return expanded;
  }

  /** This plan is in force; names that it has not are forgotten. */
  settle(plan: Plan): void {
    this.#configure(plan);
    const isNew = this.#settled !== '' && this.#settled !== this.#configured;
    this.#settled = this.#configured;
    this.board.use([plan]);
    if (isNew) this.board.askAll();
    if (this.board.size >= QUESTIONS_MAX) {
      this.#log.warn({ limit: QUESTIONS_MAX }, 'more names than can be looked up');
    }
    this.#memory.use(plan.stateFolder);
  }

  /** Puts in force what has changed meanwhile, if anything has. */
  refresh(): void {
    this.#updates.request();
  }

  /** Ends all lookups and timers. */
  stop(): void {
    this.#updates.stop();
    this.#memory.stop();
    this.board.stop();
    this.#resolver.stop();
  }

  #configure({ resolver: { servers, timeoutMs } }: Plan): void {
    const settings = JSON.stringify([servers, timeoutMs]);
    if (settings === this.#configured) return;
    this.#configured = settings;
    this.#resolver.configure({ servers, timeoutMs });
  }

  async #lookup(question: Question): Promise<Outcome> {
    const outcome = await this.#resolver.lookup(question);
    const key = questionKey(question);
    if (outcome.kind !== 'records' || outcome.left === 0) {
      this.#tooMany.delete(key);
    } else if (!this.#tooMany.has(key)) {
      this.#tooMany.add(key);
      const { left, records } = outcome;
      const fields = { name: question.host, type: question.type, used: records.length, left };
      this.#log.warn(fields, 'name has more records than are used');
    }
    return outcome;
  }

  #changed(change: NameChange): void {
    const { question, from, to, reason, detail, came, went } = change;
    const isBad = to === 'holding' || to === 'unresolved';
    const fields = {
      name: question.host,
      type: question.type,
      state: to,
      reason,
      detail,
      came: toldTexts(came),
      went: toldTexts(went),
    };
    // That a name has no addresses of one family is nothing to be warned of.
    const isUsual = reason === 'name-no-records' && from !== 'resolved';
    this.#log[isBad && !isUsual ? 'warn' : 'info'](fields, `name is ${to}`);
    if (came.length + went.length === 0) return;
    this.#updates.request();
    this.#memory.changed();
  }
}

function toldTexts(records: readonly NameRecord[]): string[] {
  const texts = records.slice(0, TOLD_MAX).map(recordText);
  const rest = records.length - texts.length;
  return rest > 0 ? [...texts, `and ${rest} more`] : texts;
}
