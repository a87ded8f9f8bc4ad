/** The latest changes of servers' states: the part of the book of events that is about servers. */
import { EventBook, EVENTS_MAX, type EventTone } from '../event-book.ts';

export type StateEvent = {
  /** Greater for a later one; what is asked for with `after`. */
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
  readonly book: EventBook;

  /** Ids are greater than `before`. */
  constructor(before?: number) {
    this.book = new EventBook(before);
  }

  add({ server, ...change }: Omit<StateEvent, 'id' | 'time'>): void {
    this.book.add({ kind: 'server', tone: toneOf(change), subject: server, ...change });
  }

  /** Those with a greater id than `after`, the oldest first, at most the latest `count`. */
  list(after = 0, count = EVENTS_MAX): StateEvent[] {
    const found: StateEvent[] = [];
    const all = this.book.list(after);
    for (let i = all.length - 1; i >= 0 && found.length < count; i--) {
      const { kind, tone: _tone, subject: server, column, ...rest } = all[i]!;
      if (kind !== 'server') continue;
      found.push({ server, column: column as StateEvent['column'], ...rest });
    }
    return found.reverse();
  }
}

function toneOf({ column, to }: Pick<StateEvent, 'column' | 'to'>): EventTone {
  if (column !== 'observed') return 'note';
  if (to === 'down' || to === 'ejected') return 'bad';
  return to === 'up' ? 'good' : 'note';
}
