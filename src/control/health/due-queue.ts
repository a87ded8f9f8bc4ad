/** What a DueQueue holds; both fields are the queue's own while the item is in it. */
export type DueItem = {
  dueMs: number;
  /** Place in the heap; -1 outside. */
  heapIndex: number;
};

/**
 * Items by the time they are due: a binary heap in which each item knows its place, so that moving
 * and removing one costs O(log n). One timer for the earliest item serves them all.
 */
export class DueQueue<T extends DueItem> {
  readonly #heap: T[] = [];

  /** When the earliest item is due; Infinity when there is none. */
  nextDueMs(): number {
    return this.#heap.length === 0 ? Infinity : this.#heap[0]!.dueMs;
  }

  /** Puts the item in, or moves it when it is in already. */
  set(item: T, dueMs: number): void {
    item.dueMs = dueMs;
    if (item.heapIndex === -1) {
      item.heapIndex = this.#heap.length;
      this.#heap.push(item);
    }
    this.#settle(item);
  }

  /** Takes the item out; harmless when it is not in. */
  remove(item: T): void {
    const index = item.heapIndex;
    if (index === -1) return;
    item.heapIndex = -1;
    const last = this.#heap.pop()!;
    if (last === item) return;
    this.#put(last, index);
    this.#settle(last);
  }

  /** Takes out the earliest item that is due at `now`, or null. */
  takeDue(now: number): T | null {
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > now) return null;
    this.remove(first);
    return first;
  }

  #settle(item: T): void {
    let index = item.heapIndex;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#heap[parent]!.dueMs <= item.dueMs) break;
      this.#put(this.#heap[parent]!, index);
      index = parent;
    }
    for (;;) {
      const child = this.#earlierChild(index);
      if (child === -1 || this.#heap[child]!.dueMs >= item.dueMs) break;
      this.#put(this.#heap[child]!, index);
      index = child;
    }
    this.#put(item, index);
  }

  #earlierChild(index: number): number {
    const left = 2 * index + 1;
    if (left >= this.#heap.length) return -1;
    const right = left + 1;
    if (right === this.#heap.length) return left;
    return this.#heap[right]!.dueMs < this.#heap[left]!.dueMs ? right : left;
  }

  #put(item: T, index: number): void {
    this.#heap[index] = item;
    item.heapIndex = index;
  }
}
