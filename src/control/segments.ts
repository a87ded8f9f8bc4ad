/**
 * The meter segments: shared memory that belongs to the supervisor, one segment per worker process.
 *
 * A dead worker's segment is given to the next process, so that what it counted is never lost. Its
 * gauges are zeroed first, and what it still held of the counters common to all workers is given
 * back.
 */
import {
  LISTENER_METER,
  POOL_METER,
  SERVER_METER,
  SLOT_BYTES,
  SLOT_FIELDS,
  SLOTS_MAX,
  WORKER_METER,
} from '../base/meters.ts';
import { SHARED, SHARED_COUNTER_BYTES } from '../plane/worker-protocol.ts';
import { createSharedMemory, mapShared } from '../sys/shared-memory.ts';
import type { SlotKind } from './slots.ts';

/** One segment: its place among the segments, its descriptor and its view. */
export type Segment = {
  readonly index: number;
  readonly fd: number;
  readonly values: Float64Array;
};

const SEGMENT_BYTES = SLOTS_MAX * SLOT_BYTES;

/** Fields to zero when the worker of a segment has died, by what the slot belongs to. */
const GAUGES: Readonly<Record<SlotKind, readonly number[]>> = {
  listener: [
    LISTENER_METER.connectionsLive,
    LISTENER_METER.requestsLive,
    LISTENER_METER.handshakesLive,
  ],
  route: [],
  pool: [POOL_METER.requestsLive, POOL_METER.queueLive],
  server: [SERVER_METER.requestsLive, SERVER_METER.connectionsIdleLive, SERVER_METER.placesLive],
};

const WORKER_GAUGES = [
  WORKER_METER.heartbeat,
  WORKER_METER.connectionsLive,
  WORKER_METER.bufferBytesLive,
  WORKER_METER.planVersionLive,
  WORKER_METER.upstreamLive,
  WORKER_METER.turnMaxUs,
] as const;

/** What the workers share of each slot. */
const SECTIONS = [SHARED.live, SHARED.failures, SHARED.ejectedUntil, SHARED.ejections] as const;

/** A slot in use and what it belongs to. */
export type SlotUse = { readonly kind: SlotKind; readonly slot: number };

/** Passive health of one server: see machine/passive.ts. */
export type PassiveCounts = {
  readonly failures: number;
  /** In tenths of a second of CLOCK_MONOTONIC. */
  readonly until: number;
  readonly ejections: number;
};

export class Segments {
  /** Common to all workers: requests at once on each server, and what passive health knows. */
  readonly sharedFd: number;
  readonly #shared: Int32Array;
  readonly #all: Segment[] = [];
  readonly #free: Segment[] = [];

  constructor() {
    this.sharedFd = createSharedMemory('shared-counters', SHARED_COUNTER_BYTES);
    const bytes = mapShared(this.sharedFd, SHARED_COUNTER_BYTES);
    this.#shared = new Int32Array(bytes.buffer, bytes.byteOffset, SHARED_COUNTER_BYTES / 4);
  }

  /** Every segment that was ever in use; sums over these are what all workers counted. */
  get all(): readonly Segment[] {
    return this.#all;
  }

  /** A segment for a new process: one whose process has died if there is one, else a new one. */
  acquire(): Segment {
    const free = this.#free.shift();
    if (free !== undefined) return free;
    const index = this.#all.length;
    const fd = createSharedMemory(`meters-${index}`, SEGMENT_BYTES);
    const bytes = mapShared(fd, SEGMENT_BYTES);
    const values = new Float64Array(bytes.buffer, bytes.byteOffset, SEGMENT_BYTES / 8);
    const segment = { index, fd, values };
    this.#all.push(segment);
    return segment;
  }

  /** Takes back the segment of a dead process; `used` are all slots that it may have written. */
  release(segment: Segment, used: Iterable<SlotUse>): void {
    const { values } = segment;
    for (const field of WORKER_GAUGES) values[field] = 0;
    for (const { kind, slot } of used) {
      const base = slot * SLOT_FIELDS;
      if (kind === 'server') {
        // Not the requests under way: what was added to the common counter, by this one alone.
        const held = values[base + SERVER_METER.placesLive]!;
        if (held !== 0) Atomics.sub(this.#shared, slot, held);
      }
      for (const field of GAUGES[kind]) values[base + field] = 0;
    }
    this.#free.push(segment);
  }

  /** What passive health knows of the server of a slot. */
  passive(slot: number): PassiveCounts {
    const of = (section: number) => Atomics.load(this.#shared, section + slot);
    return {
      failures: of(SHARED.failures),
      until: of(SHARED.ejectedUntil),
      ejections: of(SHARED.ejections),
    };
  }

  /** Sets that, before a worker looks. */
  setPassive(slot: number, { failures, until, ejections }: PassiveCounts): void {
    Atomics.store(this.#shared, SHARED.ejections + slot, ejections);
    Atomics.store(this.#shared, SHARED.failures + slot, failures);
    Atomics.store(this.#shared, SHARED.ejectedUntil + slot, until);
  }

  /** Zeroes a slot everywhere, before it changes its owner. */
  clearSlot(slot: number): void {
    const base = slot * SLOT_FIELDS;
    for (const { values } of this.#all) values.fill(0, base, base + SLOT_FIELDS);
    for (const section of SECTIONS) Atomics.store(this.#shared, section + slot, 0);
  }
}
