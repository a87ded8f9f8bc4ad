/**
 * `servers.json` in the state folder: what operators asked of servers, so that it outlives a crash.
 *
 * A file that makes no sense is set aside and never a reason not to start.
 */
import { join } from 'node:path';
import { WholeFile } from '../whole-file.ts';
import { WEIGHT_MAX } from './columns.ts';
import type { OperatorEntry } from './operator-states.ts';

/** Name in the state folder. */
export const STATE_FILE = 'servers.json';
/** A longer file is not one of ours, in bytes. */
export const STATE_BYTES_MAX = 32 << 20;

const FORMAT = 1;
const ADMINISTRATIVE: ReadonlySet<unknown> = new Set(['ready', 'drain', 'maintenance']);

export type StateEntries = ReadonlyMap<string, OperatorEntry>;

/** What reading gave: never an error, only entries and what is to be logged. */
export type StateRead = { readonly entries: StateEntries; readonly warnings: readonly string[] };

export class StateFile {
  readonly path: string;
  readonly #file: WholeFile;

  constructor(folder: string) {
    this.path = join(folder, STATE_FILE);
    this.#file = new WholeFile(this.path, STATE_BYTES_MAX);
  }

  /** Reads the file; one that is broken is renamed to `servers.json.broken`. */
  read(): StateRead {
    try {
      const text = this.#file.read();
      return text === null ? { entries: new Map(), warnings: [] } : parse(text);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // What cannot be read may be whole: it is left where it is.
      const isBroken = code === undefined;
      const warning = isBroken ? this.#file.setAside(message) : `cannot be read: ${message}`;
      return { entries: new Map(), warnings: [warning] };
    }
  }

  /**
   * Writes these entries. Resolves with null when they are on the disk, else with what went wrong.
   * Of several calls during one write only the last is carried out; all are told how it went.
   */
  save(entries: StateEntries): Promise<string | null> {
    return this.#file.save(() => serialize(entries));
  }
}

function serialize(entries: StateEntries): string {
  return `${JSON.stringify({ format: FORMAT, servers: Object.fromEntries(entries) }, null, 1)}\n`;
}

/** Throws where the whole makes no sense; an entry that makes none is left out. */
function parse(text: string): StateRead {
  const whole = JSON.parse(text) as unknown;
  if (!isMap(whole) || whole['format'] !== FORMAT) throw new Error(`it is not of format ${FORMAT}`);
  const servers = whole['servers'];
  if (!isMap(servers)) throw new Error('it has no map of servers');
  return readEntries(servers);
}

/** The entries of a map by keys of servers; those that make no sense are left out, and told. */
export function readEntries(servers: Readonly<Record<string, unknown>>): StateRead {
  const entries = new Map<string, OperatorEntry>();
  const warnings: string[] = [];
  for (const [key, value] of Object.entries(servers)) {
    const entry = entryOf(value);
    if (entry !== null) entries.set(key, entry);
    else warnings.push(`the state of "${key.slice(0, 100)}" makes no sense and was left out`);
  }
  return { entries, warnings: warnings.slice(0, WARNINGS_MAX) };
}

/** Entries of one file whose faults are told one by one. */
const WARNINGS_MAX = 10;

function entryOf(value: unknown): OperatorEntry | null {
  if (!isMap(value)) return null;
  const { administrative, weight, at, goneAt } = value;
  if (!ADMINISTRATIVE.has(administrative)) return null;
  if (weight !== null && !isWeight(weight)) return null;
  if (!isTime(at) || (goneAt !== null && !isTime(goneAt))) return null;
  return { administrative, weight, at, goneAt } as OperatorEntry;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWeight(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= WEIGHT_MAX;
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}
