/**
 * What there is once in a worker: the loop, the clock, the wheel, and the table of descriptors.
 *
 * A worker is one process with one thread, so these are plain module state: the hot path reaches
 * them without passing them along.
 */
import { TimerWheel } from '../base/timer-wheel.ts';
import { EventLoop } from '../sys/event-loop.ts';
import type { Connection, Watched } from './connection.ts';

export class WorkerState {
  readonly loop = new EventLoop();
  /** Monotonic time at the start of the turn, in ms with fractions. */
  nowMs = performance.now();
  readonly wheel = new TimerWheel(this.nowMs);
  /** By descriptor. */
  readonly watched: (Watched | undefined)[] = [];
  /** Connections that have more to do in the next turn: their share of this one is used up. */
  ready: Connection[] = [];
  /** Those of the turn before, and how many of them have gone on. */
  resuming: Connection[] = [];
  resumeAt = 0;
  /** The connection that is being worked on: an exception is its own. */
  current: Watched | null = null;
  /** Client connections open now. */
  clients = 0;
  isDraining = false;
  /** Whether the access log is written at all. */
  isLogging = true;

  /** Watches a descriptor for its whole life; false when the kernel refuses. */
  watch(w: Watched, mask: number): boolean {
    if (!this.loop.add(w.fd, w.generation, mask)) return false;
    this.watched[w.fd] = w;
    return true;
  }

  /** Must come before the descriptor is closed; closing ends the kernel's watch. */
  forget(w: Watched): void {
    if (this.watched[w.fd] === w) this.watched[w.fd] = undefined;
  }

  /** Lets a connection go on in the next turn. */
  later(c: Connection): void {
    if (c.isReady) return;
    c.isReady = true;
    this.ready.push(c);
  }
}

export const worker = new WorkerState();
