/**
 * The guardian's event loop: descriptors that are watched, and timers. One thread, no promises, so
 * that nothing but the work of one turn stands between a timer and its call.
 */
import { EPOLLIN, EventLoop } from '../sys/event-loop.ts';
import { monotonicMs } from '../sys/monotonic.ts';
import { TimerHeap, type Timer } from '../base/timer-heap.ts';

/** Longest wait in ms: the heart must beat. */
const WAIT_MS_MAX = 10;

type Watch = { readonly generation: number; readonly onReady: (mask: number) => void };

export class Reactor {
  readonly #loop = new EventLoop();
  readonly #watches = new Map<number, Watch>();
  readonly #timers = new TimerHeap();
  #generation = 0;
  #isStopped = false;
  /** CLOCK_MONOTONIC at the start of the turn, in ms: the same in all processes. */
  nowMs = monotonicMs();

  /**
   * Calls `onReady` with the epoll mask whenever `fd` is ready (level-triggered); `mask` defaults to
   * EPOLLIN. Returns false where the kernel refuses.
   */
  watch(fd: number, onReady: (mask: number) => void, mask: number = EPOLLIN): boolean {
    const generation = ++this.#generation;
    if (!this.#loop.add(fd, generation, mask)) return false;
    this.#watches.set(fd, { generation, onReady });
    return true;
  }

  /** Watches no more. To be called before the descriptor is closed. */
  unwatch(fd: number): void {
    if (this.#watches.delete(fd)) this.#loop.remove(fd);
  }

  /** Calls `run` once, `delayMs` after the start of this turn. */
  after(delayMs: number, run: () => void): Timer {
    return this.#timers.add(this.nowMs + delayMs, run);
  }

  /** Calls `run` once at `dueMs` of `nowMs`' clock; at once, in the next turn, where that is past. */
  at(dueMs: number, run: () => void): Timer {
    return this.#timers.add(dueMs, run);
  }

  /** Forgets a timer; null and one that has run are allowed. */
  cancel(timer: Timer | null): void {
    if (timer !== null) this.#timers.remove(timer);
  }

  /** Turns until `stop`. `eachTurn` runs once per turn, at least each 10 ms. */
  run(eachTurn: () => void, onError: (error: unknown) => void): void {
    while (!this.#isStopped) {
      this.turn(onError);
      eachTurn();
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** One turn: waits, calls those whose descriptors are ready, then the timers that are due. */
  turn(onError: (error: unknown) => void): void {
    const waitMs = Math.ceil(this.#timers.nextDueMs - monotonicMs());
    const count = this.#loop.wait(Math.max(0, Math.min(waitMs, WAIT_MS_MAX)));
    this.nowMs = monotonicMs();
    for (let i = 0; i < count; i++) {
      const watch = this.#watches.get(this.#loop.fdOf(i));
      if (watch === undefined || watch.generation !== this.#loop.generationOf(i)) continue;
      guarded(() => watch.onReady(this.#loop.maskOf(i)), onError);
    }
    // What a timer arms for now waits for the next turn.
    for (let left = this.#timers.count; left > 0; left--) {
      const timer = this.#timers.take(this.nowMs);
      if (timer === null) return;
      guarded(timer.run, onError);
    }
  }
}

/** An exception ends the call that raised it, and nothing else. */
function guarded(run: () => void, onError: (error: unknown) => void): void {
  try {
    run();
  } catch (error) {
    onError(error);
  }
}
