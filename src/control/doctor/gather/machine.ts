/** The machine, and the control group that bounds what may be used of it. */
import { availableParallelism, cpus } from 'node:os';
import { dirname } from 'node:path';
import { isClockSynchronised } from '../../../sys/clock-sync.ts';
import type { CgroupFacts, ClockFacts, KernelFacts, MemoryFacts } from '../facts.ts';
import { readNumber, readText } from './read.ts';

const KIB = 1_024;

/** Version of the kernel that runs. */
export function kernelFacts(): KernelFacts {
  const release = readText('/proc/sys/kernel/osrelease') ?? '';
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  return { release, major, minor };
}

/** Processors that this process may run on, whatever the quota of its control group. */
export function coresThere(): number {
  return Math.max(availableParallelism(), cpus().length);
}

/** Memory of the whole machine. */
export function memoryFacts(): MemoryFacts {
  return parseMeminfo(readText('/proc/meminfo') ?? '');
}

/** proc_meminfo(5). */
export function parseMeminfo(text: string): MemoryFacts {
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * KIB;
  return {
    totalBytes: bytes('MemTotal'),
    availableBytes: bytes('MemAvailable'),
    commitLeftBytes: bytes('CommitLimit') - bytes('Committed_AS'),
  };
}

/** The clock of the kernel. */
export function clockFacts(): ClockFacts {
  const source = '/sys/devices/system/clocksource/clocksource0/current_clocksource';
  return { source: readText(source), isSynchronised: isClockSynchronised() };
}

/** The mode of transparent huge pages; null where the kernel has none. */
export function hugePagesMode(): string | null {
  const text = readText('/sys/kernel/mm/transparent_hugepage/enabled');
  return /\[(\w+)\]/.exec(text ?? '')?.[1] ?? null;
}

/** The table of tracked connections of this network namespace; null where none are tracked. */
export function conntrackFacts(): { count: number; max: number } | null {
  const count = readNumber('/proc/sys/net/netfilter/nf_conntrack_count');
  const max = readNumber('/proc/sys/net/netfilter/nf_conntrack_max');
  return count === null || max === null ? null : { count, max };
}

/** Limits of the control groups of a process, of both versions: cgroups(7). 0 is this process. */
export function cgroupFacts(pid: number): CgroupFacts {
  const text = readText(`/proc/${pid === 0 ? 'self' : pid}/cgroup`) ?? '';
  const two = foldersUp('/sys/fs/cgroup', cgroupPath(text, ''));
  const one = (name: string) => foldersUp(`/sys/fs/cgroup/${name}`, cgroupPath(text, name));
  return {
    memoryBytes: Math.min(
      ...two.map((folder) => readNumber(`${folder}/memory.max`) ?? Infinity),
      ...one('memory').map((f) => readNumber(`${f}/memory.limit_in_bytes`) ?? Infinity),
    ),
    processors: Math.min(
      ...two.map((folder) => parseCpuMax(readText(`${folder}/cpu.max`) ?? '')),
      ...one('cpu').map((folder) => {
        const quota = readText(`${folder}/cpu.cfs_quota_us`) ?? '';
        return parseCpuMax(`${quota} ${readText(`${folder}/cpu.cfs_period_us`) ?? ''}`);
      }),
    ),
    tasks: Math.min(
      ...two.map((folder) => readNumber(`${folder}/pids.max`) ?? Infinity),
      ...one('pids').map((folder) => readNumber(`${folder}/pids.max`) ?? Infinity),
    ),
  };
}

/** The path of a process in the hierarchy of a controller; "" is the one of version 2. */
export function cgroupPath(text: string, controller: string): string | null {
  for (const line of text.split('\n')) {
    const [, names = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path !== '' && names.split(',').includes(controller)) return path;
  }
  return null;
}

/** The folder of a group and all above it: each of them bounds. */
function foldersUp(root: string, path: string | null): string[] {
  if (path === null) return [];
  const folders: string[] = [];
  for (let at = path; at !== '/' && at !== '.'; at = dirname(at)) folders.push(`${root}${at}`);
  return [...folders, root];
}

/** `200000 100000` is 2 processors; `max 100000`, -1 and nonsense are Infinity. */
export function parseCpuMax(text: string): number {
  const match = /^(\d+) (\d+)$/.exec(text);
  return match === null ? Infinity : Number(match[1]) / Number(match[2]);
}
