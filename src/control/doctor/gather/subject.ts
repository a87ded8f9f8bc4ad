/** Whose limits and rights count: the supervisor that runs the configuration, else this process. */
import { readdirSync, readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Subject } from '../facts.ts';
import { limitNumber, readText } from './read.ts';

/** Must match <linux/capability.h>. */
const CAP_NET_ADMIN = 12n;
const CAP_NET_RAW = 13n;

/** The process id of the `ballast run` of a configuration file; 0 where none is seen. */
export function supervisorOf(file: string): number {
  const wanted = resolve(file);
  return processIds().find((pid) => runsFile(pid, wanted)) ?? 0;
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** By its command line; a path in it starts from a folder that only root may see. */
function runsFile(pid: number, file: string): boolean {
  const args = (readText(`/proc/${pid}/cmdline`) ?? '').split('\0');
  const main = args.findIndex((arg) => /(^|\/)cli\/main\.[jt]s$/.test(arg));
  const given = args[main + 2] ?? '';
  if (main < 0 || args[main + 1] !== 'run' || given === '') return false;
  const folder = given.startsWith('/') ? '/' : folderOf(pid);
  return folder !== null && resolve(folder, given) === file;
}

function folderOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}

/** Limits and rights of a process; 0 is this one. */
export function subjectFacts(pid: number): Subject {
  const folder = `/proc/${pid === 0 ? 'self' : pid}`;
  const status = readText(`${folder}/status`) ?? '';
  const limits = parseLimits(readText(`${folder}/limits`) ?? '');
  return {
    pid,
    mayAdminNetwork: hasCapability(status, CAP_NET_ADMIN),
    mayRawNetwork: hasCapability(status, CAP_NET_RAW),
    openFiles: limits.get('Max open files') ?? Infinity,
    addressSpaceBytes: limits.get('Max address space') ?? Infinity,
  };
}

/** The hard limits of /proc/PID/limits by their names. */
export function parseLimits(text: string): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^(Max .*?) {2,}\S+ +(\S+)/.exec(line);
    const hard = limitNumber(match?.[2] ?? null);
    if (hard !== null) limits.set(match![1]!, hard);
  }
  return limits;
}

/** Whether /proc/PID/status has a capability in force. */
export function hasCapability(status: string, capability: bigint): boolean {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return ((BigInt(`0x${mask}`) >> capability) & 1n) === 1n;
}
