/**
 * Tells a hung worker from a slow one by the counter that its loop moves on each turn.
 *
 * A stall of the supervisor itself (the machine was suspended, or the supervisor was) must not look
 * like a stall of the worker: each look adds at most `LOOK_CREDIT_MS` to the worker's silence,
 * however long ago the last look was.
 */

/** The supervisor looks at every worker's heartbeat this often, in ms. */
export const LOOK_EVERY_MS = 100;

/** Most silence that one look can add, in ms: twice the interval of looking. */
export const LOOK_CREDIT_MS = 2 * LOOK_EVERY_MS;

/** One worker's heartbeat as seen from outside. Pure: the caller brings the clock. */
export class HeartbeatWatch {
  #value = Number.NaN;
  #seenAt = 0;
  #silentMs = 0;

  /** Takes the counter's present value; returns for how long it has not moved, in ms. */
  look(value: number, now: number): number {
    if (value !== this.#value) {
      this.#value = value;
      this.#silentMs = 0;
    } else {
      this.#silentMs += Math.min(now - this.#seenAt, LOOK_CREDIT_MS);
    }
    this.#seenAt = now;
    return this.#silentMs;
  }

  /** Forgets the silence so far, while the worker does something that has a limit of its own. */
  forgive(now: number): void {
    this.#silentMs = 0;
    this.#seenAt = now;
  }

  /** How long the counter has not moved as of the last look, in ms. */
  get silentMs(): number {
    return this.#silentMs;
  }
}
