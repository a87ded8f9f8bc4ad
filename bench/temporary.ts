/** Directories of samples: removed after each, and on the way out whatever the reason. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made = new Set<string>();

export function makeTemporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  made.add(dir);
  return dir;
}

export function removeTemporary(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
  made.delete(dir);
}

/** For the way out. */
export function removeAllTemporary(): void {
  for (const dir of made) removeTemporary(dir);
}
