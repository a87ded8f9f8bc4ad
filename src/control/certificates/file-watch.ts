import type { ProductLog } from '../product-log.ts';

/** Files are looked at so often, in ms; less often where one look costs much. */
export const LOOK_MS = 2_000;
/** While files do not fit together they are being replaced: one looks again so soon, in ms. */
export const LOOK_SOON_MS = 250;
/** For how many looks in a row. */
const SOON_MAX = 20;
/** A look takes at most one part in this many of the time. */
const COST_SHARE = 100;
const LOOK_MAX_MS = 60_000;

export type FileWatchOptions = {
  readonly log: ProductLog;
  /** Looks at all files; resolves with whether all of them can be used. */
  readonly look: () => Promise<boolean>;
};

/**
 * Looks at files again and again. Certificates come by rename, by links that are pointed elsewhere
 * and through network file systems: a look at all of them is right for all, and cheap.
 */
export class FileWatch {
  readonly #options: FileWatchOptions;
  #timer: NodeJS.Timeout | null = null;
  #soon = 0;
  #fault = '';
  isStopped = false;

  constructor(options: FileWatchOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.isStopped || this.#timer !== null) return;
    this.#schedule(LOOK_MS);
  }

  stop(): void {
    this.isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #schedule(ms: number): void {
    if (this.isStopped) return;
    this.#timer = setTimeout(() => void this.#look(), ms).unref();
  }

  async #look(): Promise<void> {
    const begun = performance.now();
    let isWell = true;
    try {
      isWell = await this.#options.look();
      this.#fault = '';
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#fault) {
        this.#options.log.error(`certificates cannot be read anew: ${message}: tried again`);
      }
      this.#fault = message;
    }
    this.#soon = isWell ? 0 : this.#soon + 1;
    const tookMs = performance.now() - begun;
    const isSoon = this.#soon > 0 && this.#soon <= SOON_MAX;
    const usualMs = Math.min(LOOK_MAX_MS, Math.max(LOOK_MS, tookMs * COST_SHARE));
    this.#schedule(isSoon ? Math.max(LOOK_SOON_MS, tookMs * 10) : usualMs);
  }
}
