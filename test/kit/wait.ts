/** Waiting for what the tests expect, with a limit that only a broken product reaches. */

/** A limit far above what any awaited event needs, in ms. */
export const WAIT_MS = 20_000;

/** Resolves after `ms`. For spacing out actions, never in place of an event. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

export type WaitOptions = {
  /** What is awaited, for the message of the error. */
  readonly what: string;
  readonly timeoutMs?: number;
  readonly everyMs?: number;
};

/** Polls `probe` until it gives something truthy, and returns that. Throws after the limit. */
export async function until<T>(
  probe: () => T | Promise<T>,
  { what, timeoutMs = WAIT_MS, everyMs = 10 }: WaitOptions,
): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await delay(everyMs);
  }
}

/** `promise`, or an error that names `what` after `timeoutMs`. */
export async function within<T>(
  promise: Promise<T>,
  what: string,
  timeoutMs = WAIT_MS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not within ${timeoutMs} ms: ${what}`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
