/** A disk of its own that a test can fill: a tmpfs, for root alone. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { TempDir } from './temp-dir.ts';

const CHUNK = Buffer.alloc(4_096);

export class SmallDisk implements Disposable {
  readonly #dir = new TempDir();
  readonly path = this.#dir.file('disk');

  /** Throws where this user may not mount one. */
  constructor(sizeKib = 256) {
    mkdirSync(this.path);
    const options = `size=${sizeKib}k,mode=0755`;
    const { status, stderr } = spawnSync('mount', [
      '-t',
      'tmpfs',
      '-o',
      options,
      'ballast',
      this.path,
    ]);
    if (status === 0) return;
    this.#dir[Symbol.dispose]();
    throw new Error(String(stderr));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Takes all that is left. */
  fill(): void {
    const fd = openSync(this.file('ballast-fill'), 'a');
    try {
      for (;;) writeSync(fd, CHUNK);
    } catch {
      // It is full.
    } finally {
      closeSync(fd);
    }
  }

  /** Gives back what `fill` took. */
  free(): void {
    rmSync(this.file('ballast-fill'));
  }

  [Symbol.dispose](): void {
    spawnSync('umount', ['--lazy', this.path]);
    this.#dir[Symbol.dispose]();
  }
}

/** Why there can be none here; false where there can. */
export function noSmallDisk(): string | false {
  if (process.getuid!() !== 0) return 'needs root, to mount a small disk';
  try {
    new SmallDisk()[Symbol.dispose]();
    return false;
  } catch (error) {
    return `a small disk cannot be mounted: ${String(error)}`;
  }
}
