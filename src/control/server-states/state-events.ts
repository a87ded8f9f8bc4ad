/** The latest changes of servers' states, for GET /events and the status. */

/** Changes that are kept; the oldest go first. */
export const EVENTS_MAX = 1_000;

export type StateEvent = {
  /** 1 for the first since the start, one more for each; what is asked for with `after`. */
  readonly id: number;
  /** ISO 8601. */
  readonly time: string;
  /** `<pool>/<server>`. */
  readonly server: string;
  readonly column: 'configured' | 'administrative' | 'observed';
  readonly from: string;
  readonly to: string;
  /** One word, and a sentence's worth for people. */
  readonly reason: string;
  readonly detail: string;
};

export class StateEvents {
  readonly #events: StateEvent[] = [];
  #lastId = 0;

  add(event: Omit<StateEvent, 'id' | 'time'>): void {
    this.#lastId += 1;
    const whole = { id: this.#lastId, time: new Date().toISOString(), ...event };
    this.#events[this.#lastId % EVENTS_MAX] = whole;
  }

  /** Those with a greater id than `after`, the oldest first, at most the latest `count`. */
  list(after = 0, count = EVENTS_MAX): StateEvent[] {
    const first = Math.max(after, this.#lastId - Math.min(count, EVENTS_MAX), 0) + 1;
    const found: StateEvent[] = [];
    for (let id = first; id <= this.#lastId; id++) found.push(this.#events[id % EVENTS_MAX]!);
    return found;
  }
}
