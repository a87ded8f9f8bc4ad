import { readFileSync, statSync } from 'node:fs';

/** A file is looked at no more often, in ms. */
export const LOOK_EVERY_MS = 1_000;
/** A longer file counts as absent, in bytes. */
export const WATCHED_BYTES_MAX = 16 << 20;

/** What a small file of the system says, read anew after it has changed. */
export class WatchedFile<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  #value: T;
  /** What a change of the file changes. */
  #mark = '';
  #lookedAtMs = -Infinity;

  /** `parse` must not throw; a file that is absent is the empty text. */
  constructor(path: string, parse: (text: string) => T) {
    this.#path = path;
    this.#parse = parse;
    this.#value = parse('');
  }

  /** `nowMs` is of any clock that never goes back. */
  value(nowMs: number): T {
    if (nowMs - this.#lookedAtMs < LOOK_EVERY_MS) return this.#value;
    this.#lookedAtMs = nowMs;
    const mark = this.#currentMark();
    if (mark === this.#mark) return this.#value;
    const text = mark === '' ? '' : this.#read();
    // What could not be read, for want of a descriptor perhaps, stays as it was and is tried again.
    if (text === null) return this.#value;
    this.#mark = mark;
    this.#value = this.#parse(text);
    return this.#value;
  }

  #currentMark(): string {
    try {
      const info = statSync(this.#path);
      const { ino, size, mtimeMs, ctimeMs } = info;
      return !info.isFile() || size > WATCHED_BYTES_MAX
        ? ''
        : `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
    } catch {
      return '';
    }
  }

  #read(): string | null {
    try {
      return readFileSync(this.#path, 'utf8');
    } catch {
      return null;
    }
  }
}
