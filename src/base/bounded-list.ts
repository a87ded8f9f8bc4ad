/**
 * Links of an element of a `BoundedList`, embedded in the element itself. They belong to the list;
 * a class that has them sets all three to null in its constructor.
 */
export interface ListLinks<T extends ListLinks<T>> {
  listNext: T | null;
  listPrev: T | null;
  /** The list that holds the element, null while none does. */
  list: BoundedList<T> | null;
}

/**
 * First in, first out, with a limit, and removal from the middle in constant time: the wait queue
 * of a pool, from which a request may also leave because its client went away or its time is up.
 * An element is in at most one list. Nothing here allocates.
 */
export class BoundedList<T extends ListLinks<T>> {
  /** Elements in the list. */
  count = 0;
  /** Most elements; 0 takes none. May be lowered below `count`: then nothing is taken till it fits. */
  limit: number;
  private first: T | null = null;
  private last: T | null = null;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Appends `element`; false where the list is full or another list has the element already. */
  push(element: T): boolean {
    if (this.count >= this.limit || element.list !== null) return false;
    element.list = this;
    element.listNext = null;
    element.listPrev = this.last;
    if (this.last === null) this.first = element;
    else this.last.listNext = element;
    this.last = element;
    this.count++;
    return true;
  }

  /** The oldest element, left in place; null where the list is empty. */
  peek(): T | null {
    return this.first;
  }

  /** Takes out the oldest element; null where the list is empty. */
  shift(): T | null {
    const element = this.first;
    if (element !== null) this.remove(element);
    return element;
  }

  /** Takes out `element`, wherever it stands; false where it is not in this list. */
  remove(element: T): boolean {
    if (element.list !== this) return false;
    const { listNext: next, listPrev: prev } = element;
    if (prev === null) this.first = next;
    else prev.listNext = next;
    if (next === null) this.last = prev;
    else next.listPrev = prev;
    element.list = null;
    element.listNext = null;
    element.listPrev = null;
    this.count--;
    return true;
  }
}
