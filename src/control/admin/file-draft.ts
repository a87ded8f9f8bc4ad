/**
 * Replaces a file of somebody else as a whole: the new text is written beside it, with the owner and
 * the mode of the old one, brought to the disk, and put in its place by a rename.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A text that is on the disk, and not in its place yet. */
export type FileDraft = {
  /** Puts it in its place. */
  readonly keep: () => Promise<void>;
  /** Takes it away. */
  readonly discard: () => Promise<void>;
};

/**
 * Writes the draft. A link is followed, so that it stays one. Rejects with the system's error where
 * the folder cannot be written to, or the owner cannot be kept.
 */
export async function draftFile(path: string, text: string): Promise<FileDraft> {
  const place = await realpath(path);
  const { mode, uid, gid } = await stat(place);
  const folder = dirname(place);
  const draft = join(folder, `.${basename(place)}.${randomBytes(6).toString('hex')}.tmp`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  const file = await open(draft, flags, 0o600);
  try {
    const own = await file.stat();
    if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid);
    await file.chmod(mode & 0o7777);
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return {
    keep: async () => {
      await rename(draft, place);
      await syncFolder(folder);
    },
    discard: () => rm(draft, { force: true }),
  };
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
