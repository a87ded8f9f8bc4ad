import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { pidsIn } from '../network.ts';
import type { Setting } from './contender.ts';

/** Processes on a node whose command line matches. */
export function pidsMatching({ network }: Setting, node: string, what: RegExp): number[] {
  return pidsIn(network.host(node).netns).filter((pid) => what.test(commandOf(pid)));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Signals processes; those that are gone are left out. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It has gone by itself.
    }
  }
}

/** Which of these programs are not installed. */
export function missingOf(programs: readonly string[]): string[] {
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  return programs.filter((program) => {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`], { env: { PATH: path }, stdio: 'ignore' });
      return false;
    } catch {
      return true;
    }
  });
}
