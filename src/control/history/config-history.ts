/**
 * Every configuration that was put in force, with a number of its own: the last ten with their
 * texts, so that `ballast rollback` can put one of them in force again.
 *
 * With a state folder they are kept in `history.json` there, and numbers go on over restarts. A
 * history that is missing, damaged or cannot be written is a warning and never a failure.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { BallastError } from '../../base/errors.ts';
import type { ProductLog } from '../product-log.ts';
import type { Kept } from '../server-states/operator-book.ts';
import type { ConfigCause, HistoryEntry } from './history-entry.ts';
import { HistoryFile } from './history-file.ts';

/** Configurations that are kept, the one in force included. */
export const HISTORY_MAX = 10;
/** A longer text has its number and digest, but is not kept, in characters. */
export const TEXT_MAX = 4 << 20;

/** A reload waits so long at most for a slow disk, in ms. */
const SAVE_LIMIT_MS = 2_000;

const NO_FOLDER = 'set "state" in the configuration to a folder';

/** What was put in force. `planDigest` is that of the plan of the file, which is never shown. */
export type Applied = {
  readonly planDigest: string;
  readonly text: string;
  readonly cause: ConfigCause;
  /** What the cause is about, for people: `to 3`; "" is nothing. */
  readonly note: string;
};

export class ConfigHistory {
  readonly #log: ProductLog;
  #entries: readonly HistoryEntry[] = [];
  #last = 0;
  #key = randomBytes(32).toString('hex');
  #folder: string | null = null;
  #file: HistoryFile | null = null;
  #isOpen = false;
  #kept: Kept = { inFile: false, why: NO_FOLDER };
  #text = '';
  #saving: Promise<void> = Promise.resolve();
  /** When the present one was put in force by this process, ISO 8601. */
  #since = '';

  constructor(log: ProductLog) {
    this.#log = log;
  }

  /** The configuration in force; null before the first. */
  get current(): HistoryEntry | null {
    return this.#entries.at(-1) ?? null;
  }

  /** Since when this process has it in force, ISO 8601. */
  get since(): string {
    return this.#since;
  }

  /** Its text, however long; "" before the first. It may hold passwords. */
  get text(): string {
    return this.#text;
  }

  /** All that are kept, the oldest first. */
  get entries(): readonly HistoryEntry[] {
    return this.#entries;
  }

  /** Whether they outlive a restart, and in which file or why not. */
  get kept(): Kept {
    return this.#kept;
  }

  /**
   * The digest that is shown of a plan. It is keyed, so that nobody who sees it can try out which
   * passwords the configuration holds.
   */
  shown(planDigest: string): string {
    return createHmac('sha256', this.#key).update(planDigest).digest('hex');
  }

  /**
   * Takes note of a configuration that is in force now, in the state folder that it has. One that
   * means the same as the one before keeps its number, so that restarts do not fill the history.
   */
  record(applied: Applied, folder: string | null): void {
    this.#use(folder);
    const { planDigest, text, cause, note } = applied;
    this.#text = text;
    const kept = text.length > TEXT_MAX ? null : text;
    const digest = this.shown(planDigest);
    const before = this.current;
    const at = new Date().toISOString();
    const isSame = before?.digest === digest;
    if (!isSame || this.#since === '') this.#since = at;
    if (!isSame) this.#last += 1;
    const entry = isSame
      ? { ...before, text: kept }
      : { number: this.#last, digest, at, cause, note, text: kept };
    const older = isSame ? this.#entries.slice(0, -1) : this.#entries;
    this.#entries = [...older, entry].slice(-HISTORY_MAX);
    this.#saving = this.#save();
  }

  /** Resolves when what was recorded is on the disk, cannot be, or takes too long. */
  async saved(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SAVE_LIMIT_MS);
    });
    await Promise.race([this.#saving, late]);
    clearTimeout(timer);
  }

  /** The one with this number, or null for the one before the present one. Throws BAL_HISTORY_*. */
  find(number: number | null): HistoryEntry & { readonly text: string } {
    const entry =
      number === null ? this.#entries.at(-2) : this.#entries.find((one) => one.number === number);
    if (entry === undefined) throw this.#unknown(number);
    const { text } = entry;
    if (text !== null) return { ...entry, text };
    const message =
      `the text of configuration ${entry.number} is not kept: ` +
      `it is longer than ${TEXT_MAX} characters`;
    throw new BallastError('BAL_HISTORY_UNKNOWN', message, {
      hint: 'put the file back by hand and reload',
    });
  }

  /** Throws BAL_CONFIG_OUTDATED where another digest than `expect` is in force; null is any. */
  checkExpected(expect: string | null): void {
    const { number = 0, digest = '' } = this.current ?? {};
    if (expect === null || expect === digest) return;
    const message = `configuration ${number} has come in force meanwhile`;
    throw new BallastError('BAL_CONFIG_OUTDATED', message, {
      hint: 'read it anew, make the change in that, and send it again',
    });
  }

  #unknown(number: number | null): BallastError {
    const numbers = this.#entries.map((entry) => entry.number).join(', ');
    const message =
      number === null
        ? `there is no configuration before ${this.#last}`
        : `there is no configuration ${number}`;
    return new BallastError('BAL_HISTORY_UNKNOWN', message, { hint: `kept are: ${numbers}` });
  }

  /**
   * Takes over the folder of the state. The first one gives what is in it. With a later one what is
   * known stays and is written there; numbers go on from the greater ones.
   */
  #use(folder: string | null): void {
    if (folder === this.#folder && this.#isOpen) return;
    this.#folder = folder;
    this.#file = folder === null ? null : new HistoryFile(folder);
    const isFirst = !this.#isOpen;
    this.#isOpen = true;
    if (this.#file === null) return;
    const { content, warning } = this.#file.read();
    if (warning !== '') this.#log.warn(`history of configurations: ${warning}`);
    if (content === null) return;
    this.#last = Math.max(this.#last, content.entries.at(-1)?.number ?? 0);
    if (!isFirst) return;
    this.#entries = content.entries.slice(-HISTORY_MAX);
    this.#key = content.key;
  }

  async #save(): Promise<void> {
    const file = this.#file;
    if (file === null) {
      this.#kept = { inFile: false, why: NO_FOLDER };
      return;
    }
    const fault = await file.save(() => ({ key: this.#key, entries: this.#entries }));
    if (fault === null) {
      this.#kept = { inFile: true, path: file.path };
      return;
    }
    const why = `cannot write "${file.path}": ${fault}`;
    this.#kept = { inFile: false, why };
    this.#log.warn(`the history of configurations is not kept: ${why}`);
  }
}
