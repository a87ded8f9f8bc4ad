/** Programs of checks that run at once, until they have really ended; others wait. */
export const EXEC_MAX = 16;

const waiting = new Set<() => void>();
let running = 0;

/**
 * Calls `start` when there is a turn, perhaps at once; each start must be followed by one
 * `endTurn`. Those that wait are as many as probes may run at once. Called once per probe.
 */
export function awaitTurn(start: () => void): void {
  waiting.add(start);
  next();
}

/** Gives up waiting; harmless after the start. */
export function leaveQueue(start: () => void): void {
  waiting.delete(start);
}

/** A program has ended. */
export function endTurn(): void {
  running--;
  next();
}

function next(): void {
  for (const start of waiting) {
    if (running >= EXEC_MAX) return;
    waiting.delete(start);
    running++;
    start();
  }
}
