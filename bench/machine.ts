/** The machine that a run is made on, and what of it a run changes for its time. */
import { readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, release, totalmem } from 'node:os';

export type Machine = {
  readonly processor: string;
  readonly cores: number;
  readonly architecture: string;
  readonly kernel: string;
  readonly memoryGib: number;
  readonly distribution: string;
  readonly isVirtual: boolean;
  readonly node: string;
};

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    architecture: arch(),
    kernel: release(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    distribution: /^PRETTY_NAME="(.*)"$/m.exec(read('/etc/os-release'))?.[1] ?? 'unknown',
    isVirtual: /\bhypervisor\b/.test(read('/proc/cpuinfo')),
    node: process.versions.node,
  };
}

/** The cores besides the balancer's, as taskset takes them; its own where there is no other. */
export function otherCores(core: number): string {
  const others = Array.from({ length: cpus().length }, (_, i) => i).filter((i) => i !== core);
  return others.length === 0 ? String(core) : others.join(',');
}

/** Resident memory of processes, shared pages divided among those that share them, in bytes. */
export function proportionalBytes(pids: readonly number[]): number {
  let kib = 0;
  for (const pid of pids) {
    kib += Number(/^Pss: +(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
  }
  return kib * 1024;
}

const QUEUE = '/proc/sys/net/unix/max_dgram_qlen';
/** What systemd sets when it boots. Where it did not, the kernel's 10 would lose most log lines. */
const QUEUE_LENGTH = 512;

/** Gives the log socket the queue of an ordinary Debian; returns what undoes it. */
export function widenLogQueue(): () => void {
  const before = Number(read(QUEUE));
  if (!(before < QUEUE_LENGTH)) return () => undefined;
  try {
    writeFileSync(QUEUE, String(QUEUE_LENGTH));
  } catch {
    return () => undefined;
  }
  return () => {
    writeFileSync(QUEUE, String(before));
  };
}
