/**
 * Servers that passive health has ejected, as the workers tell of it. The ejections themselves are
 * in the memory that all workers share; this is what people see of them. Each is told once, by the
 * worker that made it, which may be dead when it ends: so it ends here by its time.
 */
import type { PassiveFrame } from '../../plane/worker-protocol.ts';
import type { HealthClock } from '../health/health-clock.ts';

/**
 * After its time a server is on trial, and the worker with the first request tells how that went. In
 * this time that word is awaited before the ejection counts as over, in ms.
 */
export const TRIAL_WORD_MS = 1_000;

/** Longest ejection that is believed, in ms: what a timer can wait. */
const EJECT_MS_MAX = 24 * 86_400_000;

/** Times are on the clock of the health checks, in ms. */
export type Ejection = {
  readonly reason: string;
  readonly detail: string;
  readonly sinceMs: number;
  readonly untilMs: number;
};

export type EjectionChange = {
  readonly serverKey: string;
  readonly change: 'ejected' | 'restored';
  readonly reason: string;
  readonly detail: string;
  readonly forMs: number;
};

type Entry = Ejection & { readonly stopTimer: () => void };

export class Ejections {
  readonly #clock: HealthClock;
  readonly #onChange: (change: EjectionChange) => void;
  readonly #entries = new Map<string, Entry>();

  /** `onChange` is called after each change; one that changes nothing is not told. */
  constructor(clock: HealthClock, onChange: (change: EjectionChange) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get(key: string): Ejection | null {
    return this.#entries.get(key) ?? null;
  }

  /** What a worker told. */
  take({ server: serverKey, change, reason, detail, forMs }: PassiveFrame): void {
    if (change === 'restored') {
      if (this.#drop(serverKey)) this.#onChange({ serverKey, change, reason, detail, forMs: 0 });
      return;
    }
    // The trial after the one before has failed: nothing is ejected that is.
    if (this.#entries.has(serverKey)) this.#isOver(serverKey);
    const sinceMs = this.#clock.now();
    const lengthMs = Math.min(Math.max(0, forMs), EJECT_MS_MAX);
    const stopTimer = this.#clock.startTimer(
      () => this.#isOver(serverKey),
      lengthMs + TRIAL_WORD_MS,
    );
    const untilMs = sinceMs + lengthMs;
    this.#entries.set(serverKey, { reason, detail, sinceMs, untilMs, stopTimer });
    this.#onChange({ serverKey, change, reason, detail, forMs: lengthMs });
  }

  /** Forgets servers that there are no more. */
  keep(isPresent: (key: string) => boolean): void {
    for (const key of this.#entries.keys()) if (!isPresent(key)) this.#drop(key);
  }

  stop(): void {
    this.keep(() => false);
  }

  #isOver(serverKey: string): void {
    this.#drop(serverKey);
    const reason = 'ejection-over';
    const detail = 'its time is up: what comes next is a trial';
    this.#onChange({ serverKey, change: 'restored', reason, detail, forMs: 0 });
  }

  #drop(key: string): boolean {
    this.#entries.get(key)?.stopTimer();
    return this.#entries.delete(key);
  }
}
