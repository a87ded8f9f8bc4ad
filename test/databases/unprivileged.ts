/** Programs of databases, which refuse to run as root: as nobody then. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { endWithUs } from '../kit/processes.ts';

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
const identity = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
const runFile = promisify(execFile);

/** Makes what exists the unprivileged user's own. */
export function giveAway(path: string): void {
  if (isRoot) chownSync(path, NOBODY, NOBODY);
}

/** A new folder of the unprivileged user. */
export function makeFolder(path: string): string {
  mkdirSync(path, { mode: 0o700 });
  giveAway(path);
  return path;
}

/** Runs a program to its end; an error holds what it said. */
export async function runToEnd(program: string, args: readonly string[]): Promise<void> {
  await runFile(program, args, { ...identity, cwd: '/', timeout: 120_000 });
}

/** A server that runs until it is ended, and what it has written so far. */
export type ServerProcess = { readonly child: ChildProcess; readonly output: () => string };

export function startServer(program: string, args: readonly string[]): ServerProcess {
  const child = spawn(program, args, { ...identity, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  endWithUs(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return { child, output: () => output };
}

/** For `skip`: which of the programs is missing, or false. */
export function missingProgram(...programs: readonly string[]): string | false {
  const missing = programs.find((program) => !existsSync(program));
  return missing === undefined ? false : `${missing} is not installed`;
}
