/**
 * A small file of the state folder that is always whole: written to a draft beside it, brought to
 * the disk, and renamed, so that whoever reads it finds the old one or the new one.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { readFileSync, renameSync, unlinkSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export class WholeFile {
  readonly path: string;
  readonly #bytesMax: number;
  #next: (() => string) | null = null;
  #writing: Promise<string | null> | null = null;
  #queued: Promise<string | null> | null = null;

  /** A longer file than `bytesMax` is not one of ours. */
  constructor(path: string, bytesMax: number) {
    this.path = path;
    this.#bytesMax = bytesMax;
  }

  /** The text, or null where there is no file. Throws where it is too long or cannot be read. */
  read(): string | null {
    this.#removeLeftovers();
    let fd: number;
    try {
      // Without waiting for whoever may write into a FIFO that stands in its place.
      fd = openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    try {
      const found = fstatSync(fd);
      // Of a folder the read says so itself, and it is left where it is.
      if (!found.isFile() && !found.isDirectory()) throw new Error('it is not a regular file');
      if (found.size > this.#bytesMax) throw new Error(`it has ${found.size} bytes`);
      return readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  }

  /** Renames a file that makes no sense to `….broken`; returns what is to be logged. */
  setAside(why: string): string {
    const aside = `${this.path}.broken`;
    try {
      renameSync(this.path, aside);
      return `"${this.path}" makes no sense and was set aside as "${aside}": ${why}`;
    } catch (error) {
      const { message } = error as Error;
      return `"${this.path}" makes no sense (${why}) and cannot be set aside: ${message}`;
    }
  }

  /**
   * Writes what `text` gives when its turn has come. Resolves with null when it is on the disk,
   * else with what went wrong. Of several calls during one write only the last is carried out; all
   * are told how it went.
   */
  save(text: () => string): Promise<string | null> {
    this.#next = text;
    if (this.#writing === null) return this.#begin();
    this.#queued ??= this.#writing.then(() => {
      this.#queued = null;
      return this.#begin();
    });
    return this.#queued;
  }

  #begin(): Promise<string | null> {
    const writing = this.#write(this.#next!()).then(
      () => null,
      (error: Error) => error.message,
    );
    this.#writing = writing.finally(() => {
      if (this.#queued === null) this.#writing = null;
    });
    return this.#writing;
  }

  async #write(text: string): Promise<void> {
    const folderPath = dirname(this.path);
    mkdirSync(folderPath, { recursive: true, mode: 0o700 });
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
    const folder = await open(folderPath, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  /** Drafts of processes that were killed while they wrote. */
  #removeLeftovers(): void {
    const folder = dirname(this.path);
    const begin = `${basename(this.path)}.`;
    try {
      for (const name of readdirSync(folder)) {
        if (!name.startsWith(begin)) continue;
        const match = /^(\d+)\.tmp$/.exec(name.slice(begin.length));
        if (match !== null && !isAlive(Number(match[1]))) unlinkSync(join(folder, name));
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
