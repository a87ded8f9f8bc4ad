import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { BallastError } from '../../base/errors.ts';

/** Bytes of a PEM file at most: a bundle of roots has a quarter of that. */
export const PEM_FILE_BYTES_MAX = 1 << 20;

/** A file that was read. */
export type ReadFile = {
  readonly bytes: Buffer;
  /** Changes when the file does. */
  readonly stamp: string;
  /** Whether everybody on the machine may read it. */
  readonly isOpenToOthers: boolean;
};

/** What everybody may do: a group (ssl-cert, for instance) is chosen. */
const OTHERS_READ = 0o004;

type Stat = {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
};

function stampOfStat({ dev, ino, size, mtimeMs, ctimeMs }: Stat): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}

/** What changes when a file (behind its links) does; "" where it is not there. Never throws. */
export function fileStamp(path: string): string {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat === undefined ? '' : stampOfStat(stat);
  } catch {
    return '';
  }
}

/**
 * Reads a file whole. `what` begins the text of a fault: "the certificate". It never waits on a
 * pipe or a device. Throws BAL_CERTIFICATE_FILE. Called for each file that is new or has changed.
 */
export function readPemFile(what: string, path: string): ReadFile {
  const fault = (why: string, hint: string): BallastError =>
    new BallastError('BAL_CERTIFICATE_FILE', `cannot read ${what} from "${path}": ${why}`, {
      hint,
      source: 'configuration',
    });
  let fd = -1;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw fault('it is not a regular file', 'name a PEM file');
    if (stat.size > PEM_FILE_BYTES_MAX) {
      throw fault(`it has ${stat.size} bytes`, `at most ${PEM_FILE_BYTES_MAX} are allowed`);
    }
    const bytes = Buffer.alloc(stat.size);
    let size = 0;
    while (size < bytes.length) {
      const got = readSync(fd, bytes, size, bytes.length - size, size);
      if (got === 0) break;
      size += got;
    }
    const isOpenToOthers = (stat.mode & OTHERS_READ) !== 0;
    return { bytes: bytes.subarray(0, size), stamp: stampOfStat(stat), isOpenToOthers };
  } catch (error) {
    if (error instanceof BallastError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw fault(...whyUnreadable(code));
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

function whyUnreadable(code: string): [why: string, hint: string] {
  switch (code) {
    case 'ENOENT':
      return ['there is no such file', 'correct the path, or put the file there'];
    case 'EACCES':
      return [
        `this user (uid ${process.geteuid?.() ?? '?'}) may not read it`,
        'give the file, and the folders above it, to a group that Ballast runs in: chgrp, chmod 640',
      ];
    default:
      return [code, 'the path must be that of a file that can be read'];
  }
}
