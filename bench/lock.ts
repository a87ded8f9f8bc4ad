/** One run at a time: two at once would measure each other. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../test/kit/processes.ts';
import { outDir } from './tools.ts';

const file = join(outDir, 'lock');

function holder(): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

/** Takes the lock, or throws an Error that names the run that has it. Returns what gives it back. */
export function takeLock(): () => void {
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => {
        rmSync(file, { force: true });
      };
    } catch {
      const pid = holder();
      if (pid > 0 && isAlive(pid)) throw new Error(`another run is going on: process ${pid}`);
      rmSync(file, { force: true });
    }
  }
}
