/** What a unix socket leaves behind: a file that outlives a killed process. */
import { lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';

/**
 * Removes the file of a unix socket on which nobody listens any more. Leaves everything else alone:
 * a socket that somebody answers on, and files of other kinds.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isSocket()) return;
  if (await isRefused(path)) removeSocketFile(path);
}

/** Removes the file of a socket that this process has closed; it may be gone already. */
export function removeSocketFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else removed it, or the folder: either way nothing is left to do.
  }
}

function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
