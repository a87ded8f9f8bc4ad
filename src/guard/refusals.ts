/**
 * What the kernel refuses to set, or another program takes away again and again: told, and held
 * against this node for a while, so that another one has the addresses.
 */

/** So long it is held against this node, in ms: twice as long each time, up to the second. */
const HELD_MS = 60_000;
const HELD_MS_MAX = 3_600_000;
/** The same is told again after so long, in ms. */
const TELL_AGAIN_MS = 60_000;

export class Refusals {
  readonly #tell: (why: string) => void;
  #told = '';
  #toldMs = -Infinity;
  #why: string | null = null;
  #untilMs = -Infinity;
  #heldMs = HELD_MS;

  constructor(tell: (why: string) => void) {
    this.#tell = tell;
  }

  note(why: string, nowMs: number): void {
    if (this.standing(nowMs) === null) {
      const isAgain = nowMs - this.#untilMs < this.#heldMs;
      this.#heldMs = isAgain ? Math.min(2 * this.#heldMs, HELD_MS_MAX) : HELD_MS;
    }
    this.#why = why;
    this.#untilMs = nowMs + this.#heldMs;
    if (why === this.#told && nowMs - this.#toldMs < TELL_AGAIN_MS) return;
    this.#told = why;
    this.#toldMs = nowMs;
    this.#tell(why);
  }

  /** What is held against this node; null where nothing is. */
  standing(nowMs: number): string | null {
    return nowMs < this.#untilMs ? this.#why : null;
  }
}
