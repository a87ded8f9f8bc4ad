import type { HealthClock } from '../health/health-clock.ts';
import type { ProductLog } from '../product-log.ts';
import { NamesFile } from './names-file.ts';
import type { RememberedNames } from './names-file.ts';

/** A change is on the disk after this time, together with others, in ms. */
export const SAVE_AFTER_MS = 1_000;
/** What has not changed is written again after this time, so that it does not grow old, in ms. */
export const SAVE_EVERY_MS = 60 * 60 * 1_000;

export type NameMemoryOptions = {
  readonly clock: HealthClock;
  readonly log: ProductLog;
  /** Everything that is known now. */
  readonly records: () => RememberedNames;
};

/** Keeps what is known of names in the state folder, where there is one. */
export class NameMemory {
  readonly #options: NameMemoryOptions;
  #folder: string | null = null;
  #file: NamesFile | null = null;
  #stopTimer: (() => void) | null = null;
  #timerIsSoon = false;
  /** Whether the folder holds a file of ours: it is kept up to date then, empty or not. */
  #isThere = false;

  constructor(options: NameMemoryOptions) {
    this.#options = options;
  }

  /** What a process before this one knew. Called once, before anything else. */
  begin(folder: string | null): RememberedNames {
    this.use(folder);
    if (this.#file === null) return new Map();
    const { names, warnings } = this.#file.read(Date.now());
    this.#isThere = names.size > 0;
    for (const text of warnings) this.#options.log.warn(`names: ${text}`);
    return names;
  }

  /** The folder of a plan; what is known is written to a new one soon. */
  use(folder: string | null): void {
    if (folder === this.#folder) return;
    this.#folder = folder;
    this.#file = folder === null ? null : new NamesFile(folder);
    this.#arm(folder === null ? null : SAVE_AFTER_MS);
  }

  /** What is known is not what it was. */
  changed(): void {
    if (this.#file !== null && !this.#timerIsSoon) this.#arm(SAVE_AFTER_MS);
  }

  stop(): void {
    this.#arm(null);
    this.#file = null;
  }

  #arm(delayMs: number | null): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    this.#timerIsSoon = delayMs === SAVE_AFTER_MS;
    if (delayMs === null) return;
    this.#stopTimer = this.#options.clock.startTimer(() => void this.#save(), delayMs);
  }

  async #save(): Promise<void> {
    const { records, log } = this.#options;
    const file = this.#file!;
    this.#arm(SAVE_EVERY_MS);
    // A balancer without names leaves no file behind.
    if (records().size === 0 && !this.#isThere) return;
    this.#isThere = true;
    const fault = await file.save(records, Date.now());
    if (fault !== null) log.warn(`names are not kept: cannot write "${file.path}": ${fault}`);
  }
}
