/** A binary heap of timers, exact to the clock of its caller: for hundreds, not for connections. */

export type Timer = {
  readonly dueMs: number;
  readonly run: () => void;
  /** Place in the heap; -1 when it is not there any more. */
  place: number;
};

export class TimerHeap {
  readonly #heap: Timer[] = [];

  /** When the first one is due; Infinity where there is none. */
  get nextDueMs(): number {
    return this.#heap[0]?.dueMs ?? Infinity;
  }

  get count(): number {
    return this.#heap.length;
  }

  add(dueMs: number, run: () => void): Timer {
    const timer: Timer = { dueMs, run, place: this.#heap.length };
    this.#heap.push(timer);
    this.#up(timer.place);
    return timer;
  }

  /** Takes it out; does nothing where it is not in any more. */
  remove(timer: Timer): void {
    const { place } = timer;
    if (place < 0) return;
    timer.place = -1;
    const last = this.#heap.pop()!;
    if (last === timer) return;
    this.#put(last, place);
    this.#down(place);
    this.#up(last.place);
  }

  /** Takes out the first one that is due at `nowMs`; null where none is. */
  take(nowMs: number): Timer | null {
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > nowMs) return null;
    this.remove(first);
    return first;
  }

  #put(timer: Timer, place: number): void {
    this.#heap[place] = timer;
    timer.place = place;
  }

  #up(from: number): void {
    const timer = this.#heap[from]!;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (this.#heap[above]!.dueMs <= timer.dueMs) break;
      this.#put(this.#heap[above]!, place);
      place = above;
    }
    this.#put(timer, place);
  }

  #down(from: number): void {
    const timer = this.#heap[from]!;
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= this.#heap.length) break;
      const right = this.#heap[below + 1];
      if (right !== undefined && right.dueMs < this.#heap[below]!.dueMs) below++;
      if (this.#heap[below]!.dueMs >= timer.dueMs) break;
      this.#put(this.#heap[below]!, place);
      place = below;
    }
    this.#put(timer, place);
  }
}
