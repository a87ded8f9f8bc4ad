import { performance } from 'node:perf_hooks';

/** Time as the health checker sees it; a test puts a clock of its own in its place. */
export type HealthClock = {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Calls `callback` once, after at least `delayMs`; returns what stops it. */
  startTimer(callback: () => void, delayMs: number): () => void;
};

/** The clock of a running balancer: `performance.now()` and node's timers. */
export const systemHealthClock: HealthClock = {
  now: () => performance.now(),
  startTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
