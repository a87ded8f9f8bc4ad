/** The operator's column with the file that keeps it. */
import type { ProductLog } from '../product-log.ts';
import type { OperatorColumn } from './columns.ts';
import { OperatorStates } from './operator-states.ts';
import { StateFile, type StateEntries } from './state-file.ts';

/** Whether what was asked for outlives a restart: the file, or why it does not. */
export type Kept =
  | { readonly inFile: true; readonly path: string }
  | { readonly inFile: false; readonly why: string };

/** Servers that are out of service which a line of the log names. */
const OUT_TOLD_MAX = 20;

const NO_FOLDER = 'set "state" in the configuration to a folder';

export class OperatorBook {
  states = new OperatorStates();
  readonly #log: ProductLog;
  #folder: string | null = null;
  #file: StateFile | null = null;
  #isOpen = false;

  constructor(log: ProductLog) {
    this.#log = log;
  }

  column(key: string): OperatorColumn {
    return this.states.column(key);
  }

  /**
   * Takes over the folder and the servers of a plan. Only the first one reads what is in the folder:
   * with a later one what is in force stays so, and is written there.
   */
  apply(folder: string | null, isPresent: (key: string) => boolean): void {
    const isMoved = folder !== this.#folder;
    if (isMoved) {
      this.#folder = folder;
      this.#file = folder === null ? null : new StateFile(folder);
    }
    if (!this.#isOpen && this.#file !== null) this.#read(this.#file);
    const hasChanged = this.states.settle(isPresent, Date.now());
    const isWanted = hasChanged || (isMoved && this.#isOpen && this.states.entries.size > 0);
    this.#isOpen = true;
    if (isWanted) void this.save();
  }

  /** Takes over what is in force in another process; the file is not read then. */
  inherit(entries: StateEntries): void {
    this.states = new OperatorStates(entries);
    this.#isOpen = true;
  }

  /** Resolves when the states are on the disk, or cannot be. Never rejects. */
  async save(): Promise<Kept> {
    const file = this.#file;
    if (file === null) return { inFile: false, why: NO_FOLDER };
    const fault = await file.save(this.states.entries);
    if (fault === null) return { inFile: true, path: file.path };
    const why = `cannot write "${file.path}": ${fault}`;
    this.#log.warn(`states of servers are not kept: ${why}`);
    return { inFile: false, why };
  }

  #read(file: StateFile): void {
    const { entries, warnings } = file.read();
    for (const text of warnings) this.#log.warn(`states of servers: ${text}`);
    this.states = new OperatorStates(entries);
    if (entries.size === 0) return;
    const out = [...entries].filter(([, { administrative }]) => administrative !== 'ready');
    const told = out
      .slice(0, OUT_TOLD_MAX)
      .map(([key, { administrative, at }]) => `${key}: ${administrative} since ${at}`);
    const fields = { servers: entries.size, out: out.length, told, file: file.path };
    // Servers that get nothing because of a file of long ago must not be a riddle.
    this.#log[out.length > 0 ? 'warn' : 'info'](fields, 'states of servers are as before');
  }
}
