/** Files and folders that a plan names. */
import { accessSync, constants, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plan } from '../../../config/plan.ts';
import type { FileFact, FolderFact } from '../facts.ts';
import { readText } from './read.ts';

type Named = Pick<FileFact, 'path' | 'use' | 'isSecret'>;

/** Keys of a plan that lead to a file which nobody else may read. */
const SECRET_KEYS: ReadonlySet<string> = new Set(['keyFile', 'tokenFile', 'password']);

/** The files that the plan names, and the configuration itself, which may hold passwords. */
export function fileFacts(plan: Plan, configFile: string): FileFact[] {
  const all = new Map<string, Named>();
  const add = (file: Named): void => {
    if (file.isSecret || !all.has(file.path)) all.set(file.path, file);
  };
  add({ path: configFile, use: 'the configuration', isSecret: hasPassword(configFile) });
  for (const listener of plan.listeners) addNamed(listener, `listener "${listener.key}"`, add);
  for (const pool of plan.pools) addNamed(pool, `pool "${pool.key}"`, add);
  const { listeners: _, pools: __, ...rest } = plan;
  addNamed(rest, 'the top level', add);
  for (const path of filesIn(plan.stateFolder)) {
    add({ path, use: 'kept by Ballast itself', isSecret: true });
  }
  return [...all.values()].map((file) => ({ ...file, ...looked(file.path) }));
}

/** Every `…File` and every secret of kind `file` below a part of the plan. */
function addNamed(value: unknown, user: string, add: (file: Named) => void): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const place = placeIn(key, inner);
    if (place === null) addNamed(inner, user, add);
    else if (!place.isFolder) {
      add({ path: place.path, use: `${key} of ${user}`, isSecret: SECRET_KEYS.has(key) });
    } else {
      const use = `a key of ${user}`;
      for (const path of keysIn(place.path)) add({ path, use, isSecret: true });
    }
  }
}

/** The file of a secret or of what is stapled, a `…File`, or a folder of certificates; else null. */
function placeIn(key: string, value: unknown): { path: string; isFolder: boolean } | null {
  if (typeof value === 'string') {
    const isPath = key.endsWith('File') && value.startsWith('/');
    return isPath ? { path: value, isFolder: false } : null;
  }
  const { kind, path } = (value ?? {}) as { readonly kind?: unknown; readonly path?: unknown };
  if (typeof path !== 'string' || (kind !== 'file' && kind !== 'folder')) return null;
  return { path, isFolder: kind === 'folder' };
}

/** Files of a folder of certificates that may hold private keys. */
function keysIn(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => /\.(key|pem)$/.test(name));
    return names.slice(0, KEYS_MAX).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** What stands in the folder of the state: keys of tickets and of ACME among it. */
function filesIn(folder: string | null): string[] {
  if (folder === null) return [];
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name));
  } catch {
    return [];
  }
}

/** Most keys of one folder that are looked at. */
const KEYS_MAX = 20_000;

function hasPassword(file: string): boolean {
  return /\bpassword["']?\s*:/.test(readText(file) ?? '');
}

function looked(path: string): Pick<FileFact, 'mode' | 'trouble'> {
  try {
    const { mode } = statSync(path);
    return { mode: mode & 0o7777, trouble: readTrouble(path) };
  } catch (error) {
    return { mode: null, trouble: words(error) };
  }
}

function readTrouble(path: string): string {
  try {
    readFileSync(path);
    return '';
  } catch (error) {
    return words(error);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
};

function words(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return WORDS[code ?? ''] ?? message;
}

/** The folders that Ballast writes to under a plan. */
export function folderFacts(plan: Plan): FolderFact[] {
  const { stateFolder, admin, log } = plan;
  const all: Pick<FolderFact, 'path' | 'use'>[] = [];
  if (stateFolder !== null) all.push({ path: stateFolder, use: 'state' });
  if (log.access.startsWith('/')) all.push({ path: dirname(log.access), use: 'log' });
  if (admin?.family === 'unix') all.push({ path: dirname(admin.host), use: 'admin' });
  for (const { family, host } of plan.listeners.flatMap(({ binds }) => binds)) {
    if (family === 'unix') all.push({ path: dirname(host), use: 'socket' });
  }
  const mounts = parseMounts(readText('/proc/self/mountinfo') ?? '');
  const seen = new Map(all.map((folder) => [`${folder.use} ${folder.path}`, folder]));
  return [...seen.values()].map((folder) => folderFact(folder, mounts));
}

/** A folder that is not there yet, but that Ballast makes itself at its start, counts as there. */
function folderFact(
  { path, use }: Pick<FolderFact, 'path' | 'use'>,
  mounts: readonly Mount[],
): FolderFact {
  const isMade = use === 'admin' || use === 'state';
  const exists = isFolder(path);
  const at = exists || !isMade ? path : dirname(path);
  const isThere = exists || (isMade && isFolder(at));
  const mount = mountOf(at, mounts);
  return {
    path,
    use,
    isThere,
    isWritable: isThere && mayWrite(at),
    ...(isThere ? spaceOf(at) : { freeBytes: 0, totalBytes: 0 }),
    ...mount,
  };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function spaceOf(path: string): Pick<FolderFact, 'freeBytes' | 'totalBytes'> {
  const { bavail, blocks, bsize } = statfsSync(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** A line of /proc/self/mountinfo: proc_pid_mountinfo(5). */
export type Mount = {
  readonly mountPoint: string;
  readonly fileSystem: string;
  readonly isReadOnly: boolean;
};

export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [own = '', rest = ''] = line.split(' - ');
    const [, , , , point = '', options = ''] = own.split(' ');
    const [fileSystem = ''] = rest.split(' ');
    if (point === '') return [];
    const mountPoint = point.replaceAll('\\040', ' ');
    return [{ mountPoint, fileSystem, isReadOnly: options.split(',').includes('ro') }];
  });
}

/** The mount that a path is on; of several at one place the last covers the others. */
export function mountOf(
  path: string,
  mounts: readonly Mount[],
): Pick<FolderFact, 'mountPoint' | 'fileSystem'> {
  let best = { mountPoint: '/', fileSystem: '?' };
  for (const { mountPoint, fileSystem } of mounts) {
    const holds = mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (holds && mountPoint.length >= best.mountPoint.length) best = { mountPoint, fileSystem };
  }
  return best;
}
