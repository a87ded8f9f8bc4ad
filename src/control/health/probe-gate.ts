/** Most probes at once; the others wait their turn. */
export const PROBES_MAX = 200;
/**
 * Most probes at once of servers that are down: those often last until their time limit, and a
 * rack without power must not delay the checks of the servers that carry the load.
 */
export const DOWN_PROBES_MAX = PROBES_MAX / 2;

/** Limits how many probes run at once. First come, first served, in each of two lanes. */
export class ProbeGate<T extends object> {
  /** How often a probe had to wait, since the start. */
  waits = 0;
  readonly #start: (item: T) => void;
  /** Running items, with whether each takes a place of the lane for down servers. */
  readonly #running = new Map<T, boolean>();
  readonly #waiting = new Set<T>();
  readonly #waitingDown = new Set<T>();
  #runningDown = 0;

  /** `start` is called when an item's turn comes, perhaps within `enter`. */
  constructor(start: (item: T) => void) {
    this.#start = start;
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.#waiting.size + this.#waitingDown.size;
  }

  /** Asks for a turn for an item that has none. */
  enter(item: T, isDown: boolean): void {
    (isDown ? this.#waitingDown : this.#waiting).add(item);
    this.#admit();
    if (!this.#running.has(item)) this.waits++;
  }

  /** The item's probe is over, or no longer wanted. */
  leave(item: T): void {
    this.#waiting.delete(item);
    this.#waitingDown.delete(item);
    const wasDown = this.#running.get(item);
    if (wasDown === undefined) return;
    this.#running.delete(item);
    if (wasDown) this.#runningDown--;
    this.#admit();
  }

  #admit(): void {
    while (this.#running.size < PROBES_MAX) {
      const item = first(this.#waiting);
      if (item !== undefined) {
        this.#waiting.delete(item);
        this.#run(item, false);
        continue;
      }
      const down = first(this.#waitingDown);
      if (down === undefined || this.#runningDown >= DOWN_PROBES_MAX) return;
      this.#waitingDown.delete(down);
      this.#runningDown++;
      this.#run(down, true);
    }
  }

  #run(item: T, isDown: boolean): void {
    this.#running.set(item, isDown);
    this.#start(item);
  }
}

function first<T>(items: Set<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}
