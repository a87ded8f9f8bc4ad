/** Files and folders that the configuration names. */
import type { FolderFact } from '../facts.ts';
import { advice, ok, problem, type Check, type Finding } from '../check.ts';
import { sizeText } from '../size-text.ts';

/** Any right of users that are neither the owner nor of the group. */
const OTHERS = 0o007;
/** Less free space than this is nearly none. */
const FREE_MIN_BYTES = 256 << 20;
const FREE_MIN_SHARE = 0.05;

export const filesReadable: Check = {
  name: 'files',
  looksAt: 'whether the files that the configuration names can be read',
  why: 'A page, a certificate or a password that cannot be read fails at the start, or checks fail.',
  remedy: '`chown`, `chmod`, or the right path',
  look: ({ files }) => {
    if (files.length === 0) return [];
    const findings: Finding[] = files
      .filter(({ trouble }) => trouble !== '')
      .map(({ path, use, trouble }) =>
        problem({
          now: `${path} (${use}): ${trouble}`,
          wanted: 'readable for the user that Ballast runs as',
          fix: [`ls -l ${path}`, `chown ballast ${path}`],
        }),
      );
    const good = files.length - findings.length;
    return good > 0 ? [...findings, ok(`${good} can be read`)] : findings;
  },
};

export const secretFiles: Check = {
  name: 'secret-files',
  looksAt: 'the modes of files with private keys and passwords',
  why: 'What every user of the machine may read is no secret.',
  remedy: '`chmod o= FILE`',
  look: ({ files }) => {
    const secrets = files.filter(({ isSecret, mode }) => isSecret && mode !== null);
    if (secrets.length === 0) return [];
    const open = secrets.filter(({ mode }) => (mode! & OTHERS) !== 0);
    if (open.length === 0) return [ok(`${secrets.length} closed to other users`)];
    return open.map(({ path, use, mode }) =>
      problem({
        now: `${path} (${use}) has mode ${(mode! & 0o777).toString(8).padStart(4, '0')}`,
        wanted: '0640 or less',
        fix: [`chmod o= ${path}`],
      }),
    );
  },
};

const USES: Readonly<Record<FolderFact['use'], string>> = {
  state: 'the folder of the state',
  log: 'the folder of the access log',
  admin: 'the folder of the admin socket',
  socket: 'the folder of a unix socket',
};

export const foldersWritable: Check = {
  name: 'folders',
  looksAt: 'whether the folders of state, access log and unix sockets are there and can be written',
  why:
    'Without the admin socket or the log Ballast does not start; without the state, what was drained ' +
    'is forgotten at a restart.',
  remedy: '`StateDirectory=`, `LogsDirectory=` and `RuntimeDirectory=` in the unit, `chown`',
  look: ({ folders }) =>
    folders.map((folder) => {
      const now = `${folder.path} (${USES[folder.use]})`;
      if (!folder.isThere) {
        const fix = [`install -d -o ballast -m 0750 ${folder.path}`];
        return problem({ now: `${now} is not there`, wanted: 'a folder', fix });
      }
      if (folder.isWritable) return ok(`${now} can be written`);
      const fix = [`chown ballast ${folder.path}`];
      return problem({ now: `${now} cannot be written`, wanted: 'writable', fix });
    }),
};

export const diskSpace: Check = {
  name: 'disk-space',
  looksAt: 'free space under the state and the access log, and which disk that is',
  why: 'On a full disk lines of the log are lost and changes of servers are not kept; requests go on.',
  remedy: 'rotate the log, or move it to another disk',
  look: ({ folders }) =>
    folders
      .filter(({ use, isThere }) => isThere && (use === 'state' || use === 'log'))
      .flatMap((folder) => [...spaceFindings(folder), ...volatileFindings(folder)]),
};

function spaceFindings({ path, use, ...disk }: FolderFact): Finding[] {
  const { freeBytes, totalBytes, mountPoint, fileSystem } = disk;
  const where = `${USES[use]} is on ${mountPoint} (${fileSystem})`;
  const now = `${where}: ${sizeText(freeBytes)} of ${sizeText(totalBytes)} free`;
  if (freeBytes >= FREE_MIN_BYTES && freeBytes >= totalBytes * FREE_MIN_SHARE) return [ok(now)];
  const fix = [`du -xh ${path} | sort -h | tail`];
  const fault = { now, wanted: `${sizeText(FREE_MIN_BYTES)} and 5 %`, fix };
  return [freeBytes < FREE_MIN_BYTES ? problem(fault) : advice(fault)];
}

function volatileFindings({ use, path, fileSystem }: FolderFact): Finding[] {
  if (use !== 'state' || fileSystem !== 'tmpfs') return [];
  const fix = ['"state: /var/lib/ballast" in the configuration'];
  return [advice({ now: `${path} is empty after a boot (tmpfs)`, wanted: 'a disk', fix })];
}
