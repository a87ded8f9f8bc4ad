/** What the kernel says about processes, and ending those that a test started. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { within } from './wait.ts';

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Processes whose parent is `pid`. */
export function childrenOf(pid: number): number[] {
  return readOrEmpty(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
}

/** Whether the process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  return stat !== '' && stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
}

/** The arguments of a process, joined by spaces. */
export function commandLineOf(pid: number): string {
  return readOrEmpty(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

/** Open descriptors of a process. */
export function descriptorCountOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Resident memory that is the process's own, in bytes. */
export function privateBytesOf(pid: number): number {
  const text = readOrEmpty(`/proc/${pid}/smaps_rollup`);
  let kib = 0;
  for (const match of text.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm)) {
    kib += Number(match[1]);
  }
  return kib * 1024;
}

/** Processor time of a process so far (user and system), in ms. */
export function cpuMsOf(pid: number): number {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Children that still run; a test file that is cut short must not leave them behind. */
const running = new Set<ChildProcess>();

process.on('exit', () => {
  // Two signals: a balancer drains after the first and ends at once, with its workers, after both.
  for (const child of running) {
    child.kill('SIGTERM');
    child.kill('SIGINT');
  }
});

/** Ends `child` together with this process, should it still run by then. */
export function endWithUs(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
}

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** Resolves when a child process has ended. */
export function exitOf(child: ChildProcess): Promise<Exit> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve({ code: child.exitCode, signal: child.signalCode });
  }
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });
}

/** Ends a child process: politely, and after `graceMs` at once. */
export async function endProcess(
  child: ChildProcess,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<Exit> {
  child.kill(signal);
  try {
    return await within(exitOf(child), `process ${child.pid} to end`, graceMs);
  } catch {
    child.kill('SIGKILL');
    return exitOf(child);
  }
}
