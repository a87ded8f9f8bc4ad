/** A clock that a test moves by hand. */
import type { HealthClock } from '../health/health-clock.ts';

export class HandClock implements HealthClock {
  #nowMs = 1_000;
  readonly #timers = new Map<symbol, { readonly atMs: number; readonly callback: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  get timers(): number {
    return this.#timers.size;
  }

  startTimer(callback: () => void, delayMs: number): () => void {
    const id = Symbol('timer');
    this.#timers.set(id, { atMs: this.#nowMs + delayMs, callback });
    return () => this.#timers.delete(id);
  }

  /** Moves time on, running each timer at its time. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [first] = [...this.#timers].sort((a, b) => a[1].atMs - b[1].atMs);
      if (first === undefined || first[1].atMs > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, first[1].atMs);
      this.#timers.delete(first[0]);
      first[1].callback();
    }
    this.#nowMs = endMs;
  }
}
