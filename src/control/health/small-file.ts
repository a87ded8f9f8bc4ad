import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** A file that was read, or why it was not. */
export type SmallFile =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly detail: string };

/**
 * Reads a file of at most `bytesMax` bytes that an operator has named: a secret, a certificate. It
 * never waits on a pipe or a device. `what` begins the text of a fault, as in "the password".
 */
export async function readSmallFile(
  what: string,
  path: string,
  bytesMax: number,
): Promise<SmallFile> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const info = await file.stat();
      if (!info.isFile()) return fault(what, path, 'it is not a regular file');
      // One byte more than allowed tells a file that is too long, even one that grows.
      const buffer = Buffer.alloc(bytesMax + 1);
      let size = 0;
      while (size <= bytesMax) {
        const { bytesRead } = await file.read(buffer, size, buffer.length - size, size);
        if (bytesRead === 0) break;
        size += bytesRead;
      }
      if (size > bytesMax) return fault(what, path, `it has more than ${bytesMax} bytes`);
      return { ok: true, bytes: Buffer.from(buffer.subarray(0, size)) };
    } finally {
      await file.close();
    }
  } catch (error) {
    return fault(what, path, (error as NodeJS.ErrnoException).code ?? 'unknown error');
  }
}

function fault(what: string, path: string, why: string): SmallFile {
  return { ok: false, detail: `cannot read ${what} from the file "${path}": ${why}` };
}
