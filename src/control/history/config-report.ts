/** The configuration in force and those before it, as status and history show them. */
import type { ConfigHistory } from './config-history.ts';
import type { DiskFile, OnDisk } from './disk-file.ts';
import type { ConfigCause, HistoryEntry } from './history-entry.ts';

/** A configuration without its text, which may hold passwords. */
export type AppliedConfig = {
  readonly number: number;
  readonly digest: string;
  /** When it was put in force for the first time, ISO 8601. */
  readonly at: string;
  readonly cause: ConfigCause;
  readonly note: string;
  /** Whether its text is kept, so that it can be put in force again. */
  readonly hasText: boolean;
};

/** The configuration in force, in the answer of GET /status. */
export type ConfigStatus = {
  /** 0 before the first is in force. */
  readonly number: number;
  readonly digest: string;
  /** Since when this process has it in force, ISO 8601. */
  readonly since: string;
  readonly cause: string;
  readonly note: string;
  readonly file: string;
  readonly onDisk: OnDisk;
  /** What to do where the file is not what is in force; "" where it is. */
  readonly hint: string;
  /** Whether the history outlives a restart, and in which file or why not. */
  readonly isKept: boolean;
  readonly kept: string;
};

/** The answer of GET /history, the newest first. */
export type HistoryReport = ConfigStatus & { readonly configurations: readonly AppliedConfig[] };

/** The configuration in force. Called for each status; looks at the file on the disk. */
export function configStatus(history: ConfigHistory, disk: DiskFile): ConfigStatus {
  const { current, kept } = history;
  const onDisk = current === null ? 'same' : disk.compare(history.text);
  const { number = 0, digest = '', cause = '', note = '' } = current ?? {};
  return {
    number,
    digest,
    since: history.since,
    cause,
    note,
    file: disk.path,
    onDisk,
    hint: onDisk === 'same' ? '' : hintFor(onDisk, number),
    isKept: kept.inFile,
    kept: kept.inFile ? kept.path : kept.why,
  };
}

/** All that are kept, with what is in force. */
export function historyReport(history: ConfigHistory, disk: DiskFile): HistoryReport {
  const configurations = history.entries.map(withoutText).reverse();
  return { ...configStatus(history, disk), configurations };
}

function withoutText({ text, ...entry }: HistoryEntry): AppliedConfig {
  return { ...entry, hasText: text !== null };
}

function hintFor(onDisk: OnDisk, number: number): string {
  const back = `"ballast rollback ${number} --write" writes what is in force to it`;
  return onDisk === 'changed' ? `"ballast reload" puts the file in force, ${back}` : back;
}
