/** The steerings that the groups of this node want, handed to the supervisor as one list. */
import type { Steering } from '../kernel/steering.ts';
import type { FromGuard } from './guard-protocol.ts';
import type { Reactor } from './reactor.ts';

/** What is wanted under `key`; null: nothing any more. `onDone` is called once the rules stand. */
export type Steer = (key: string, want: Steering | null, onDone?: () => void) => void;

type Wish = { readonly want: Steering; readonly untilMs: number };

export class Steers {
  readonly #reactor: Reactor;
  readonly #send: (frame: FromGuard) => void;
  readonly #wishes = new Map<string, Wish>();
  readonly #waiting = new Map<number, () => void>();
  #request = 0;

  constructor(reactor: Reactor, send: (frame: FromGuard) => void) {
    this.#reactor = reactor;
    this.#send = send;
  }

  readonly set: Steer = (key, want, onDone) => {
    const { nowMs } = this.#reactor;
    if (want === null && !this.#wishes.delete(key)) return;
    if (want !== null) this.#wishes.set(key, { want, untilMs: nowMs + want.forMs });
    const request = ++this.#request;
    // An answer to the last request stands for all before it.
    if (onDone !== undefined) this.#waiting.set(request, onDone);
    const steerings: Steering[] = [];
    for (const [other, wish] of this.#wishes) {
      if (wish.untilMs <= nowMs) this.#wishes.delete(other);
      else steerings.push({ ...wish.want, forMs: wish.untilMs - nowMs });
    }
    this.#send({ type: 'steer', request, steerings });
  };

  /** The supervisor has put the rules in force, or could not. */
  answered(request: number, isDone: boolean): void {
    for (const [number, onDone] of this.#waiting) {
      if (number > request) continue;
      this.#waiting.delete(number);
      if (isDone) onDone();
    }
  }
}
