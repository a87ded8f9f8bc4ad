/** What goes wrong with TLS and is the operator's to mend: told to the supervisor, not too often. */
import { worker } from '../worker-state.ts';

/** The same trouble is told again after this time, in ms. */
const AGAIN_MS = 10_000;
/** Troubles that are remembered; past it, further ones are not told until some are over. */
const TROUBLES_MAX = 256;

const toldMs = new Map<string, number>();

/** What is to be told at the end of the turn. */
export const troubles: string[] = [];

/** Tells of a trouble; `key` says which ones are the same. */
export function noteTrouble(key: string, message: string): void {
  const last = toldMs.get(key);
  if (last !== undefined && worker.nowMs - last < AGAIN_MS) return;
  if (last === undefined && toldMs.size >= TROUBLES_MAX && !forgetOld()) return;
  toldMs.set(key, worker.nowMs);
  troubles.push(message);
}

function forgetOld(): boolean {
  for (const [key, ms] of toldMs) if (worker.nowMs - ms >= AGAIN_MS) toldMs.delete(key);
  return toldMs.size < TROUBLES_MAX;
}
