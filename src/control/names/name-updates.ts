import type { HealthClock } from '../health/health-clock.ts';

/** From the first change to the plan that has it: what belongs together comes together, in ms. */
export const GATHER_MS = 20;
/** Least time from one plan to the next, in ms. */
export const EVERY_MS = 200;
/** A plan that could not be put in force is tried again after this time, in ms. */
export const RETRY_MS = 5_000;

export type NameUpdatesOptions = {
  readonly clock: HealthClock;
  /** Puts what is known now in force; resolves with whether that went well. Must not reject. */
  readonly apply: () => Promise<boolean>;
};

/**
 * When changes of addresses are put in force: soon after the first of them, many at once, one plan
 * after the other and not too many in a row.
 */
export class NameUpdates {
  readonly #options: NameUpdatesOptions;
  #stopTimer: (() => void) | null = null;
  #isApplying = false;
  #isWanted = false;
  /** Whether the timer is for what could not be put in force: a change does not wait for it. */
  #isRetry = false;
  #notBeforeMs = -Infinity;
  #isStopped = false;

  constructor(options: NameUpdatesOptions) {
    this.#options = options;
  }

  /** Something has changed. Called at each change. */
  request(): void {
    this.#isWanted = true;
    if (this.#isRetry) this.#disarm();
    this.#arm(GATHER_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#disarm();
  }

  #disarm(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    this.#isRetry = false;
  }

  #arm(delayMs: number): void {
    if (this.#stopTimer !== null || this.#isApplying || this.#isStopped) return;
    const { clock } = this.#options;
    const waitMs = Math.max(delayMs, this.#notBeforeMs - clock.now());
    this.#stopTimer = clock.startTimer(() => void this.#apply(), waitMs);
  }

  async #apply(): Promise<void> {
    this.#stopTimer = null;
    this.#isRetry = false;
    this.#isApplying = true;
    this.#isWanted = false;
    const isDone = await this.#options.apply();
    this.#isApplying = false;
    this.#notBeforeMs = this.#options.clock.now() + EVERY_MS;
    if (this.#isWanted) this.#arm(GATHER_MS);
    else if (!isDone) {
      this.#isRetry = true;
      this.#arm(RETRY_MS);
    }
  }
}
