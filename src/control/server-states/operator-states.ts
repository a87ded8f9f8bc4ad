/** The operator's column of all servers: what was asked for, and for which servers it is kept. */
import type { OperatorColumn } from './columns.ts';
import { NO_OPERATOR } from './columns.ts';

/** What is kept of servers that have left the configuration: for so long, and of so many. */
export const GONE_KEPT_MS = 30 * 86_400_000;
export const GONE_MAX = 1_000;

/** Times are ISO 8601; `goneAt` is null while the server is in the configuration. */
export type OperatorEntry = OperatorColumn & {
  readonly at: string;
  readonly goneAt: string | null;
};

export class OperatorStates {
  #entries: Map<string, OperatorEntry>;

  constructor(entries: ReadonlyMap<string, OperatorEntry> = new Map()) {
    this.#entries = new Map(entries);
  }

  get entries(): ReadonlyMap<string, OperatorEntry> {
    return this.#entries;
  }

  /** What is asked of this server; ready and no weight where nothing was. */
  column(key: string): OperatorColumn {
    return this.#entries.get(key) ?? NO_OPERATOR;
  }

  /** When it was asked for; null where nothing was. */
  since(key: string): string | null {
    return this.#entries.get(key)?.at ?? null;
  }

  /** Sets the column of a server that is in the configuration. */
  set(key: string, { administrative, weight }: OperatorColumn, nowMs: number): void {
    if (administrative === 'ready' && weight === null) {
      this.#entries.delete(key);
      return;
    }
    const at = new Date(nowMs).toISOString();
    this.#entries.set(key, { administrative, weight, at, goneAt: null });
  }

  /**
   * Takes note of the servers that there are. One that comes back finds its state again; one that
   * is gone too long, or one of too many, is forgotten. Returns whether anything changed.
   */
  settle(isPresent: (key: string) => boolean, nowMs: number): boolean {
    const kept = new Map<string, OperatorEntry>();
    const gone: [string, OperatorEntry][] = [];
    let hasChanged = false;
    for (const [key, entry] of this.#entries) {
      const isGone = !isPresent(key);
      const goneAt = isGone ? goneSince(entry, nowMs) : null;
      if (goneAt !== entry.goneAt) hasChanged = true;
      const next = goneAt === entry.goneAt ? entry : { ...entry, goneAt };
      if (isGone) gone.push([key, next]);
      else kept.set(key, next);
    }
    gone.sort(([, a], [, b]) => Date.parse(b.goneAt!) - Date.parse(a.goneAt!));
    for (const [key, entry] of gone.slice(0, GONE_MAX)) {
      if (nowMs - Date.parse(entry.goneAt!) <= GONE_KEPT_MS) kept.set(key, entry);
    }
    if (kept.size < this.#entries.size) hasChanged = true;
    this.#entries = kept;
    return hasChanged;
  }
}

/** A clock that was ahead once must not keep an entry for ever. */
function goneSince({ goneAt }: OperatorEntry, nowMs: number): string {
  const isPast = goneAt !== null && Date.parse(goneAt) <= nowMs;
  return isPast ? goneAt : new Date(nowMs).toISOString();
}
