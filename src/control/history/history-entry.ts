/** One configuration that was put in force. */

/** Who put it in force: the start, a signal, `ballast reload`, `ballast rollback`, the admin API. */
export type ConfigCause = 'start' | 'SIGHUP' | 'reload' | 'rollback' | 'api';

export const CONFIG_CAUSES: ReadonlySet<unknown> = new Set<ConfigCause>([
  'start',
  'SIGHUP',
  'reload',
  'rollback',
  'api',
]);

export type HistoryEntry = {
  /** 1 for the first; goes on over restarts where there is a state folder. */
  readonly number: number;
  /** Stands for what the configuration means; see `ConfigHistory.shown`. */
  readonly digest: string;
  /** When it was put in force for the first time, ISO 8601. */
  readonly at: string;
  readonly cause: ConfigCause;
  /** What the cause is about, for people; "" is nothing. */
  readonly note: string;
  /** The text of the file, which may hold passwords; null where it was too long to be kept. */
  readonly text: string | null;
};
