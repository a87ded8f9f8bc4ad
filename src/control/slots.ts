/**
 * Gives every listener, route, pool and server its place in the meter segments.
 *
 * A key keeps its slot for as long as the supervisor lives, so that counters go on through reloads
 * and a thing that was taken out and put back counts on. Slots of keys that are gone are used again
 * only when the segment is full, the longest gone first; those of the plan in force are the last to
 * be given away, since the plan that is to come may be refused.
 */
import { SLOTS_MAX, WORKER_SLOTS } from '../base/meters.ts';
import { BallastError } from '../base/errors.ts';
import type { ListenerPlan, Plan } from '../config/plan.ts';

/** What a slot belongs to. */
export type SlotKind = 'listener' | 'route' | 'pool' | 'server';

type Entry = {
  readonly kind: SlotKind;
  readonly slot: number;
  /** The latest plan that has it: its place among all that were asked for, refused ones included. */
  lastTurn: number;
  isInForce: boolean;
};

export class SlotTable {
  readonly #entries = new Map<string, Entry>();
  readonly #slotsMax: number;
  readonly #clear: (slot: number) => void;
  /** Slot 0 is the worker's own. */
  #next = WORKER_SLOTS;
  #turn = 0;

  /** `clear` zeroes a slot in all segments; it is called before a slot changes its owner. */
  constructor(clear: (slot: number) => void, slotsMax: number = SLOTS_MAX) {
    this.#clear = clear;
    this.#slotsMax = slotsMax;
  }

  /**
   * The plan with its version and all slots filled in. Throws BAL_PLAN_TOO_LARGE when the plan
   * alone has more things than there are slots.
   */
  assign(plan: Plan, version: number): Plan {
    const slotOf = this.#slotsFor(keysOf(plan));
    return {
      ...plan,
      version,
      listeners: plan.listeners.map((listener) => withSlots(listener, slotOf)),
      pools: plan.pools.map((pool) => ({
        ...pool,
        slot: slotOf(`pool:${pool.key}`),
        servers: pool.servers.map((server) => ({
          ...server,
          slot: slotOf(`server:${server.key}`),
        })),
      })),
    };
  }

  /** The plan that was assigned last is in force now. */
  settle(): void {
    for (const entry of this.#entries.values()) entry.isInForce = entry.lastTurn === this.#turn;
  }

  /** Every slot in use, those of keys that are gone from the plan included. */
  uses(): Iterable<{ readonly kind: SlotKind; readonly slot: number }> {
    return this.#entries.values();
  }

  #slotsFor(keys: readonly string[]): (key: string) => number {
    if (keys.length > this.#slotsMax - WORKER_SLOTS) {
      throw new BallastError(
        'BAL_PLAN_TOO_LARGE',
        `the configuration has ${keys.length} listeners, routes, pools and servers: ` +
          `at most ${this.#slotsMax - WORKER_SLOTS} are allowed`,
        { source: 'configuration', hint: 'split the configuration over several balancers' },
      );
    }
    const turn = ++this.#turn;
    const fresh: string[] = [];
    // First mark all that stay, so that no slot still needed is given away.
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry === undefined) fresh.push(key);
      else entry.lastTurn = turn;
    }
    const gone = this.#longestGone(fresh.length - (this.#slotsMax - this.#next));
    for (const key of fresh) {
      const kind = key.slice(0, key.indexOf(':')) as SlotKind;
      const slot = this.#next < this.#slotsMax ? this.#next++ : this.#takeFrom(gone.pop()!);
      this.#entries.set(key, { kind, slot, lastTurn: turn, isInForce: false });
    }
    return (key) => this.#entries.get(key)!.slot;
  }

  /** Keys whose slots may be used again, the first to go last; none unless some are `wanted`. */
  #longestGone(wanted: number): string[] {
    if (wanted <= 0) return [];
    const gone = [...this.#entries].filter(([, { lastTurn }]) => lastTurn !== this.#turn);
    gone.sort(([, a], [, b]) => {
      return Number(b.isInForce) - Number(a.isInForce) || b.lastTurn - a.lastTurn;
    });
    return gone.map(([key]) => key);
  }

  #takeFrom(key: string): number {
    const { slot } = this.#entries.get(key)!;
    this.#entries.delete(key);
    this.#clear(slot);
    return slot;
  }
}

/** The spread keeps each listener the kind that it is, which the type checker cannot see. */
function withSlots(listener: ListenerPlan, slotOf: (key: string) => number): ListenerPlan {
  return {
    ...listener,
    slot: slotOf(`listener:${listener.key}`),
    routes: listener.routes.map((route) => ({ ...route, slot: slotOf(`route:${route.key}`) })),
  } as ListenerPlan;
}

function keysOf(plan: Plan): string[] {
  const keys: string[] = [];
  for (const listener of plan.listeners) {
    keys.push(`listener:${listener.key}`);
    for (const route of listener.routes) keys.push(`route:${route.key}`);
  }
  for (const pool of plan.pools) {
    keys.push(`pool:${pool.key}`);
    for (const server of pool.servers) keys.push(`server:${server.key}`);
  }
  return keys;
}
