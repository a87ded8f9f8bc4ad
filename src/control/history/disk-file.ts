/** The configuration file on the disk, as it stands beside the one in force. */
import { readFileSync, statSync } from 'node:fs';

/** How the file on the disk stands to the configuration in force. */
export type OnDisk =
  /** The same text. */
  | 'same'
  /** Another text. */
  | 'changed'
  /** There is no file. */
  | 'missing'
  /** It cannot be read, or is longer than a configuration may be. */
  | 'unreadable';

/** A longer file is not compared, in bytes. */
const BYTES_MAX = 64 << 20;

export class DiskFile {
  readonly path: string;
  #stamp = '';
  #text = '';

  constructor(path: string) {
    this.path = path;
  }

  /** Reads the file only where it has changed since the last look. Called for each status. */
  compare(text: string): OnDisk {
    try {
      const found = statSync(this.path);
      if (!found.isFile() || found.size > BYTES_MAX) return 'unreadable';
      const stamp = `${found.dev} ${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
      if (stamp !== this.#stamp) this.#text = readFileSync(this.path, 'utf8');
      this.#stamp = stamp;
      return this.#text === text ? 'same' : 'changed';
    } catch (error) {
      this.#stamp = '';
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'unreadable';
    }
  }
}
