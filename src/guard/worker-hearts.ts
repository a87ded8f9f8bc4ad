/** The heartbeats of the workers, read from their meters. */
import { SLOT_BYTES, WORKER_METER } from '../base/meters.ts';
import { mapShared } from '../sys/shared-memory.ts';

/** A worker whose heart has not moved for so long does not serve, in ms. */
const SILENT_MS = 200;

type Heart = { readonly meters: Float64Array; beat: number; movedMs: number };

export class WorkerHearts {
  readonly #hearts = new Map<number, Heart>();

  get count(): number {
    return this.#hearts.size;
  }

  /** Looks at the meters behind `fd` from now on. */
  add(index: number, fd: number, nowMs: number): void {
    const meters = new Float64Array(mapShared(fd, SLOT_BYTES).buffer);
    this.#hearts.set(index, { meters, beat: meters[WORKER_METER.heartbeat]!, movedMs: nowMs });
  }

  /** Forgets all workers but these. */
  keepOnly(indices: readonly number[]): void {
    for (const index of this.#hearts.keys())
      if (!indices.includes(index)) this.#hearts.delete(index);
  }

  /** For how long no worker's heart has moved, in ms; 0 where none is known. To be asked after `living`. */
  silentMs(nowMs: number): number {
    let least = Infinity;
    for (const { movedMs } of this.#hearts.values()) least = Math.min(least, nowMs - movedMs);
    return least === Infinity ? 0 : least;
  }

  /** How many of the known workers are alive. */
  living(nowMs: number): number {
    let living = 0;
    for (const heart of this.#hearts.values()) {
      const beat = heart.meters[WORKER_METER.heartbeat]!;
      if (beat !== heart.beat) {
        heart.beat = beat;
        heart.movedMs = nowMs;
      }
      if (nowMs - heart.movedMs < SILENT_MS) living++;
    }
    return living;
  }
}
