/** `history.json` in the state folder: the last configurations, for the owner's eyes alone. */
import { join } from 'node:path';
import { WholeFile } from '../whole-file.ts';
import { CONFIG_CAUSES, type HistoryEntry } from './history-entry.ts';

/** Name in the state folder. */
export const HISTORY_FILE = 'history.json';
/** A longer file is not one of ours, in bytes. */
const BYTES_MAX = 256 << 20;

const FORMAT = 1;

export type HistoryContent = {
  /** What digests are keyed with, hex. */
  readonly key: string;
  /** The oldest first, numbers rising. */
  readonly entries: readonly HistoryEntry[];
};

export class HistoryFile {
  readonly path: string;
  readonly #file: WholeFile;

  constructor(folder: string) {
    this.path = join(folder, HISTORY_FILE);
    this.#file = new WholeFile(this.path, BYTES_MAX);
  }

  /** What the file holds, or null and why; one that is broken is renamed to `history.json.broken`. */
  read(): { readonly content: HistoryContent | null; readonly warning: string } {
    try {
      const text = this.#file.read();
      return { content: text === null ? null : parse(text), warning: '' };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // What cannot be read may be whole: it is left where it is.
      const isBroken = code === undefined;
      const warning = isBroken ? this.#file.setAside(message) : `cannot be read: ${message}`;
      return { content: null, warning };
    }
  }

  /** Resolves with null when it is on the disk, else with what went wrong. */
  save(content: () => HistoryContent): Promise<string | null> {
    return this.#file.save(() => {
      const { key, entries } = content();
      return `${JSON.stringify({ format: FORMAT, key, entries }, null, 1)}\n`;
    });
  }
}

/** Throws where the whole makes no sense; an entry that makes none is left out. */
function parse(text: string): HistoryContent {
  const whole = JSON.parse(text) as unknown;
  if (!isMap(whole) || whole['format'] !== FORMAT) throw new Error(`it is not of format ${FORMAT}`);
  const { key, entries } = whole;
  if (typeof key !== 'string' || !/^[0-9a-f]{64}$/.test(key)) throw new Error('it has no key');
  if (!Array.isArray(entries)) throw new Error('it has no list of entries');
  const sound = entries.filter(isEntry);
  const rising = sound.filter((entry, i) => i === 0 || entry.number > sound[i - 1]!.number);
  return { key, entries: rising };
}

function isEntry(value: unknown): value is HistoryEntry {
  if (!isMap(value)) return false;
  const { number, digest, at, cause, note, text } = value;
  return (
    Number.isSafeInteger(number) &&
    (number as number) > 0 &&
    typeof digest === 'string' &&
    typeof at === 'string' &&
    !Number.isNaN(Date.parse(at)) &&
    CONFIG_CAUSES.has(cause) &&
    typeof note === 'string' &&
    (text === null || typeof text === 'string')
  );
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
