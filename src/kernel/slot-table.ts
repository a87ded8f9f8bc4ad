/**
 * Which server a slot of the hash belongs to (Eisenbud et al.: Maglev, 2016, §3.4), by weight. The
 * same servers give the same table on every node.
 */
import { hashText } from '../balance/hash.ts';

export type SlotServer = {
  /** Tells it from others: its address and port. */
  readonly key: string;
  /** 0 takes no slot. */
  readonly weight: number;
};

/**
 * Sizes of tables, all of them primes, and how many servers each is for: at least 100 slots for each
 * server, from 100 servers on 32. Twice as many slots take twice as long to load.
 */
const SIZES = [
  { slots: 1_021, servers: 10 },
  { slots: 10_007, servers: 100 },
  { slots: 32_771, servers: 1_000 },
  { slots: 65_537, servers: Infinity },
] as const;
/** Slots that a slot without an owner looks at before all servers are looked at. */
const PROBES_MAX = 64;

/** Size of the table for so many servers. */
export function tableSize(servers: number): number {
  return SIZES.find((size) => servers <= size.servers)!.slots;
}

/** Index of the owner of each slot; all are -1 where no server has a weight. */
export function fillSlots(servers: readonly SlotServer[], size: number): Int32Array {
  const table = new Int32Array(size).fill(-1);
  const mean = servers.reduce((sum, { weight }) => sum + weight, 0) / Math.max(1, servers.length);
  if (mean === 0) return table;
  const turns = servers.map(({ key, weight }) => ({
    next: hashText(key, 1) % size,
    skip: 1 + (hashText(key, 2) % (size - 1)),
    // Turns in a round go by the weight: what is left over counts in the next.
    credit: 0,
    share: weight / mean,
  }));
  for (let filled = 0; filled < size;) {
    for (const [index, turn] of turns.entries()) {
      turn.credit += turn.share;
      for (; turn.credit >= 1 && filled < size; turn.credit--) {
        while (table[turn.next] !== -1) turn.next = (turn.next + turn.skip) % size;
        table[turn.next] = index;
        filled++;
      }
    }
  }
  return table;
}

/**
 * The same table by what servers take now: `shares` are 1 for all of its slots, less for as many of
 * them, 0 for none. What is left goes to the others by weight and share; no other slot changes. All
 * are -1 where nobody takes any.
 */
export function sharedSlots(table: Int32Array, shares: readonly number[]): Int32Array {
  const out = Int32Array.from(table);
  if (!shares.some((share) => share > 0)) return out.fill(-1);
  const size = table.length;
  let draw: ((seed: number) => number) | null = null;
  for (let slot = 0; slot < size; slot++) {
    if (out[slot]! < 0 || takes(`${slot}`, shares[out[slot]!]!)) continue;
    let seed = hashText(String(slot), 3);
    let owner = -1;
    for (let probe = 0; probe < PROBES_MAX && owner < 0; probe++) {
      const other = table[seed % size]!;
      if (takes(`${slot} ${seed}`, shares[other]!)) owner = other;
      seed = hashText(String(seed), 4);
    }
    out[slot] = owner < 0 ? (draw ??= drawByShare(table, shares))(seed) : owner;
  }
  return out;
}

/** Who is drawn by a number of 32 bits, each server by its slots and share. */
function drawByShare(table: Int32Array, shares: readonly number[]): (seed: number) => number {
  const slots = shares.map(() => 0);
  for (const owner of table) if (owner >= 0) slots[owner]!++;
  // One that has no slot of its own is drawn where nobody else is there.
  const parts = shares.map((share, index) => share * Math.max(slots[index]!, Number.EPSILON));
  const sum = parts.reduce((all, one) => all + one, 0);
  return (seed) => {
    let left = (seed / 2 ** 32) * sum;
    let last = -1;
    for (const [index, part] of parts.entries()) {
      if (part === 0) continue;
      last = index;
      left -= part;
      if (left < 0) break;
    }
    return last;
  };
}

/** The same answer for the same slot and try: a share that grows gets what it had, and more. */
function takes(what: string, share: number): boolean {
  return share >= 1 || (share > 0 && hashText(what, 7) < share * 2 ** 32);
}
