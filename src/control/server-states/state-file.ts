/**
 * `servers.json` in the state folder: what operators asked of servers, so that it outlives a crash.
 *
 * It is written whole to a file beside it, brought to the disk, and renamed: whoever reads it finds
 * the old one or the new one. A file that makes no sense is set aside and never a reason not to
 * start.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { renameSync, statSync, unlinkSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
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
  readonly #folder: string;
  #next: StateEntries | null = null;
  #writing: Promise<string | null> | null = null;
  #queued: Promise<string | null> | null = null;

  constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, STATE_FILE);
  }

  /** Reads the file; one that is broken is renamed to `servers.json.broken`. */
  read(): StateRead {
    this.#removeLeftovers();
    if (!existsSync(this.path)) return { entries: new Map(), warnings: [] };
    try {
      const { size } = statSync(this.path);
      if (size > STATE_BYTES_MAX) throw new Error(`it has ${size} bytes`);
      return parse(readFileSync(this.path, 'utf8'));
    } catch (error) {
      return { entries: new Map(), warnings: [this.#setAside((error as Error).message)] };
    }
  }

  /**
   * Writes these entries. Resolves with null when they are on the disk, else with what went wrong.
   * Of several calls during one write only the last is carried out; all are told how it went.
   */
  save(entries: StateEntries): Promise<string | null> {
    this.#next = entries;
    if (this.#writing === null) return this.#begin();
    this.#queued ??= this.#writing.then(() => {
      this.#queued = null;
      return this.#begin();
    });
    return this.#queued;
  }

  #begin(): Promise<string | null> {
    const text = serialize(this.#next!);
    const writing = this.#write(text).then(
      () => null,
      (error: Error) => error.message,
    );
    this.#writing = writing.finally(() => {
      if (this.#queued === null) this.#writing = null;
    });
    return this.#writing;
  }

  async #write(text: string): Promise<void> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const draft = `${this.path}.${process.pid}.tmp`;
    await rm(draft, { force: true });
    try {
      // Never through a link that somebody has put there.
      const file = await open(draft, 'wx', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, this.path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  #setAside(why: string): string {
    const aside = `${this.path}.broken`;
    try {
      renameSync(this.path, aside);
      return `"${this.path}" makes no sense and was set aside as "${aside}": ${why}`;
    } catch (error) {
      const { message } = error as Error;
      return `"${this.path}" makes no sense (${why}) and cannot be set aside: ${message}`;
    }
  }

  /** Drafts of processes that were killed while they wrote. */
  #removeLeftovers(): void {
    try {
      for (const name of readdirSync(this.#folder)) {
        const match = /^servers\.json\.(\d+)\.tmp$/.exec(name);
        if (match !== null && !isAlive(Number(match[1]))) unlinkSync(join(this.#folder, name));
      }
    } catch {
      // No folder yet, or not ours to tidy up: reading and writing say so if it matters.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
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
