/**
 * The latest things that happened to the balancer, for people who look and programs that follow:
 * servers, workers, the configuration, and the balancer as a whole, numbered in one row.
 */

/** Happenings that are kept; the oldest go first. */
export const EVENTS_MAX = 1_000;

/** What something happened to. */
export type EventKind = 'server' | 'worker' | 'configuration' | 'balancer';

/** Whether somebody should look: things got worse, better, or merely different. */
export type EventTone = 'bad' | 'good' | 'note';

export type ControlEvent = {
  /** 1 for the first since the start, one more for each. */
  readonly id: number;
  /** ISO 8601. */
  readonly time: string;
  readonly kind: EventKind;
  readonly tone: EventTone;
  /** `<pool>/<server>`, `worker 0`, or the kind again. */
  readonly subject: string;
  /** What changed of it: for servers the column, else the kind. */
  readonly column: string;
  readonly from: string;
  readonly to: string;
  /** One word, and a sentence's worth for people. */
  readonly reason: string;
  readonly detail: string;
};

/** An event before it has its number and its time. */
export type NewEvent = Omit<ControlEvent, 'id' | 'time'>;

export class EventBook {
  readonly #events: ControlEvent[] = [];
  readonly #followers = new Set<(event: ControlEvent) => void>();
  #lastId = 0;

  /** The number of the latest event; 0 before the first. */
  get lastId(): number {
    return this.#lastId;
  }

  add(event: NewEvent): void {
    this.#lastId += 1;
    const whole = { id: this.#lastId, time: new Date().toISOString(), ...event };
    this.#events[this.#lastId % EVENTS_MAX] = whole;
    for (const tell of this.#followers) tell(whole);
  }

  /** Those with a greater id than `after`, the oldest first, at most the latest `count`. */
  list(after = 0, count = EVENTS_MAX): ControlEvent[] {
    const first = Math.max(after, this.#lastId - Math.min(count, EVENTS_MAX), 0) + 1;
    const found: ControlEvent[] = [];
    for (let id = first; id <= this.#lastId; id++) found.push(this.#events[id % EVENTS_MAX]!);
    return found;
  }

  /** Calls `tell` with each later event until the returned function is called. It must not throw. */
  follow(tell: (event: ControlEvent) => void): () => void {
    this.#followers.add(tell);
    return () => void this.#followers.delete(tell);
  }
}
