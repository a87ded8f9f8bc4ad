/**
 * Gives every listener, route, pool and server its place in the meter segments.
 *
 * A key keeps its slot for as long as the supervisor lives, so that counters go on through reloads
 * and a thing that was taken out and put back counts on. Slots of keys that are gone are used again
 * only when the segment is full, the longest gone first.
 */
import { SLOTS_MAX, WORKER_SLOTS } from '../base/meters.ts';
import { BallastError } from '../base/errors.ts';
import type { ListenerPlan, Plan } from '../config/plan.ts';

/** What a slot belongs to. */
export type SlotKind = 'listener' | 'route' | 'pool' | 'server';

type Entry = { readonly kind: SlotKind; readonly slot: number; lastVersion: number };

export class SlotTable {
  readonly #entries = new Map<string, Entry>();
  readonly #slotsMax: number;
  readonly #clear: (slot: number) => void;
  /** Slot 0 is the worker's own. */
  #next = WORKER_SLOTS;

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
    const slotOf = this.#slotsFor(keysOf(plan), version);
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

  /** Every slot in use, those of keys that are gone from the plan included. */
  uses(): Iterable<{ readonly kind: SlotKind; readonly slot: number }> {
    return this.#entries.values();
  }

  #slotsFor(keys: readonly string[], version: number): (key: string) => number {
    if (keys.length > this.#slotsMax - WORKER_SLOTS) {
      throw new BallastError(
        'BAL_PLAN_TOO_LARGE',
        `the configuration has ${keys.length} listeners, routes, pools and servers: ` +
          `at most ${this.#slotsMax - WORKER_SLOTS} are allowed`,
        { source: 'configuration', hint: 'split the configuration over several balancers' },
      );
    }
    // First mark all that stay, so that no slot still needed is given away.
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) entry.lastVersion = version;
    }
    for (const key of keys) {
      if (!this.#entries.has(key)) {
        const kind = key.slice(0, key.indexOf(':')) as SlotKind;
        this.#entries.set(key, { kind, slot: this.#free(version), lastVersion: version });
      }
    }
    return (key) => this.#entries.get(key)!.slot;
  }

  #free(version: number): number {
    if (this.#next < this.#slotsMax) return this.#next++;
    let oldestKey = '';
    let oldest: Entry | null = null;
    for (const [key, entry] of this.#entries) {
      if (entry.lastVersion === version) continue;
      if (oldest === null || entry.lastVersion < oldest.lastVersion) {
        oldest = entry;
        oldestKey = key;
      }
    }
    this.#entries.delete(oldestKey);
    this.#clear(oldest!.slot);
    return oldest!.slot;
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
