/**
 * A hashed timing wheel for hundreds of thousands of connections.
 *
 *   ticks    cursor                                    cursor + SLOTS - 1
 *              |                                               |
 *   slots    [ a-b ][   ][ c ][   ][   ] ...  [ d-e-f ][   ][ g ]
 *
 * A node stands in the slot in which it would fire, or in the last slot that the wheel can show
 * where it is due later than that. A slot that fires looks at each of its nodes: one that is due is
 * handed to the caller, any other is put into a later slot. That same rule makes re-arming nearly
 * free: a connection that shows life only writes a later `dueMs` into its node, and the node moves
 * at most once per turn of the wheel. A node never fires before it is due, and at most one tick plus
 * the time between two calls of `advance` after.
 */

/** Slots of the wheel; with ticks of 16 ms it shows 65 s. A power of two. */
const SLOTS = 4096;
const SLOT_MASK = SLOTS - 1;
const WORDS = SLOTS / 32;
const WORD_MASK = WORDS - 1;

/** Most nodes that one call of `advance` touches; the rest waits for the next call. */
export const ADVANCE_MAX = 1024;

/** Value of `armedMs` of a node that is in no slot. It is below every time. */
const NOT_ARMED = -Infinity;

/**
 * One timer, to be embedded in a connection or extended by its class. All but `kind` belongs to the
 * wheel. Keep the number of classes that extend it at four or below: the wheel's accesses then stay
 * fast.
 */
export class TimerNode {
  next: TimerNode | null = null;
  prev: TimerNode | null = null;
  /** When it is due, in the milliseconds of the wheel's clock; meaningful while it is armed. */
  dueMs = NOT_ARMED;
  /** The time at which its slot fires; at most one tick after `dueMs`, or long before it. */
  armedMs = NOT_ARMED;
  slot = 0;
  /** For the caller: what the timer stands for. */
  kind = 0;
}

/** Called by `advance` for a node that is due; the node is not armed any more. */
export type OnDue = (node: TimerNode) => void;

/** The timers of one event loop. Nothing here allocates after construction. */
export class TimerWheel {
  /** Armed nodes. */
  count = 0;
  private readonly heads: (TimerNode | null)[] = [];
  /** One bit per slot: whether it holds a node. */
  private readonly occupied = new Int32Array(WORDS);
  private readonly startMs: number;
  private readonly tickMs: number;
  /** First tick that has not been worked off; tick t fires at startMs + t * tickMs. */
  private cursor = 0;
  /**
   * First tick that may take a node: past the present one, so that no node is put into a slot that
   * is being emptied, and a callback that re-arms for the past does not keep `advance` busy.
   */
  private firstTick = 0;

  /** `nowMs`: any monotonic clock, the one that all other calls use. `tickMs`: resolution, > 0. */
  constructor(nowMs: number, tickMs = 16) {
    this.startMs = nowMs;
    this.tickMs = tickMs;
    for (let i = 0; i < SLOTS; i++) this.heads.push(null);
  }

  /**
   * Arms `node` for `dueMs`, or moves it there where it is armed already. A later time than before
   * costs two stores. A time in the past fires with the next tick.
   */
  schedule(node: TimerNode, dueMs: number): void {
    node.dueMs = dueMs;
    if (node.armedMs !== NOT_ARMED) {
      if (dueMs >= node.armedMs) return;
      this.unlink(node);
    } else {
      this.count++;
    }
    this.insert(node);
  }

  /** Disarms `node`; does nothing where it is not armed. */
  cancel(node: TimerNode): void {
    if (node.armedMs === NOT_ARMED) return;
    this.unlink(node);
    node.armedMs = NOT_ARMED;
    this.count--;
  }

  /** Whether `node` is armed. */
  isArmed(node: TimerNode): boolean {
    return node.armedMs !== NOT_ARMED;
  }

  /**
   * Fires what is due at `nowMs`, once per loop turn, in the order of the ticks. `onDue` may schedule
   * and cancel any node, its own included. Touches at most `ADVANCE_MAX` nodes; where more are due,
   * `nextDueMs` stays in the past and the next call goes on. An exception of `onDue` leaves the
   * wheel intact.
   */
  advance(nowMs: number, onDue: OnDue): void {
    const nowTick = Math.floor((nowMs - this.startMs) / this.tickMs);
    if (nowTick >= this.firstTick) this.firstTick = nowTick + 1;
    let budget = ADVANCE_MAX;
    while (this.cursor <= nowTick) {
      const skip = this.distance();
      if (skip < 0 || this.cursor + skip > nowTick) {
        this.cursor = nowTick + 1;
        return;
      }
      this.cursor += skip;
      const slot = this.cursor & SLOT_MASK;
      for (let node = this.heads[slot]!; node !== null; node = this.heads[slot]!) {
        if (budget-- === 0) return;
        this.unlink(node);
        if (node.dueMs > nowMs) {
          this.insert(node);
          continue;
        }
        node.armedMs = NOT_ARMED;
        this.count--;
        onDue(node);
      }
      this.cursor++;
    }
  }

  /**
   * When the next occupied slot fires: until then `advance` has nothing to do. Infinity where no
   * node is armed. May be earlier than the first due time. Scans at most 129 words.
   */
  nextDueMs(): number {
    const skip = this.distance();
    return skip < 0 ? Infinity : this.startMs + (this.cursor + skip) * this.tickMs;
  }

  private insert(node: TimerNode): void {
    let tick = Math.ceil((node.dueMs - this.startMs) / this.tickMs);
    if (tick < this.firstTick) tick = this.firstTick;
    const lastTick = this.cursor + SLOT_MASK;
    if (tick > lastTick) tick = lastTick;
    const slot = tick & SLOT_MASK;
    const head = this.heads[slot]!;
    node.armedMs = this.startMs + tick * this.tickMs;
    node.slot = slot;
    node.prev = null;
    node.next = head;
    if (head !== null) head.prev = node;
    else this.occupied[slot >>> 5]! |= 1 << (slot & 31);
    this.heads[slot] = node;
  }

  private unlink(node: TimerNode): void {
    const { next, prev } = node;
    if (next !== null) next.prev = prev;
    if (prev !== null) {
      prev.next = next;
    } else {
      this.heads[node.slot] = next;
      if (next === null) this.occupied[node.slot >>> 5]! &= ~(1 << (node.slot & 31));
    }
    node.next = null;
    node.prev = null;
  }

  /** Ticks from the cursor to the first occupied slot; -1 where all are empty. */
  private distance(): number {
    if (this.count === 0) return -1;
    const from = this.cursor & SLOT_MASK;
    const first = from >>> 5;
    let bits = this.occupied[first]! & (-1 << (from & 31));
    for (let i = 0; i <= WORDS; i++) {
      if (bits !== 0) {
        const slot = (((first + i) & WORD_MASK) << 5) + 31 - Math.clz32(bits & -bits);
        return (slot - from) & SLOT_MASK;
      }
      bits = this.occupied[(first + i + 1) & WORD_MASK]!;
    }
    return -1;
  }
}
