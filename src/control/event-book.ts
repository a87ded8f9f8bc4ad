/**
 * The latest things that happened to the balancer, for people who look and programs that follow:
 * servers, workers, the configuration, certificates, and the balancer as a whole, numbered in one row.
 */

/** Happenings that are kept; the oldest go first. */
export const EVENTS_MAX = 1_000;

/** What something happened to. */
export type EventKind =
  | 'server'
  | 'worker'
  | 'configuration'
  | 'certificate'
  | 'address'
  | 'balancer';

/** Whether somebody should look: things got worse, better, or merely different. */
export type EventTone = 'bad' | 'good' | 'note';

export type ControlEvent = {
  /** One more for each; begins with the time in ms, so that ids go on over a restart, too. */
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
  /** By id, the oldest first. */
  readonly #events: ControlEvent[] = [];
  readonly #followers = new Set<(event: ControlEvent) => void>();
  #lastId: number;

  /** Ids are greater than `before`. */
  constructor(before: number = Date.now()) {
    this.#lastId = before;
  }

  /** The number of the latest event; before the first, what its number will be above. */
  get lastId(): number {
    return this.#lastId;
  }

  add(event: NewEvent): void {
    this.#lastId += 1;
    const whole = { id: this.#lastId, time: new Date().toISOString(), ...event };
    this.#events.push(whole);
    // Now and then, so that it does not cost a move for each.
    if (this.#events.length >= 2 * EVENTS_MAX) this.#events.splice(0, EVENTS_MAX);
    for (const tell of this.#followers) tell(whole);
  }

  /**
   * Those with a greater id than `after`, the oldest first, at most the latest `count`. An `after`
   * that is greater than any was given by another process, whose clock was ahead: then all.
   */
  list(after = 0, count = EVENTS_MAX): ControlEvent[] {
    const most = Math.min(count, EVENTS_MAX);
    const latest = most === 0 ? [] : this.#events.slice(-most);
    return after > this.#lastId ? latest : latest.filter(({ id }) => id > after);
  }

  /** Calls `tell` with each later event until the returned function is called. It must not throw. */
  follow(tell: (event: ControlEvent) => void): () => void {
    this.#followers.add(tell);
    return () => void this.#followers.delete(tell);
  }
}
