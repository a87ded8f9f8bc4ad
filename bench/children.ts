/** The processes of a run: started on given cores, spoken to by lines, and all ended with it. */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { childrenOf, endProcess, exitOf, isAlive } from '../test/kit/processes.ts';

/** Descriptors that a process may have, where the machine allows it. */
export const DESCRIPTORS = 65_536;
const GRACE_MS = 5_000;
const OUTPUT_MAX = 1 << 20;

export type StartOptions = {
  readonly command: string;
  readonly args: readonly string[];
  /** As taskset takes them: `0` or `1-3`. */
  readonly cores: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
};

const live = new Set<Child>();

/** Every process below `pid`, itself first. */
export function familyOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(familyOf)];
}

export class Child {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly name: string;
  output = '';
  #family: number[] = [];

  constructor(options: StartOptions) {
    const shell = `ulimit -n ${DESCRIPTORS} 2>/dev/null; exec taskset -c "$0" "$@"`;
    const args = ['-c', shell, options.cores, options.command, ...options.args];
    this.name = options.command;
    this.process = spawn('sh', args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const keep = (chunk: Buffer): void => {
      if (this.output.length < OUTPUT_MAX) this.output += chunk.toString();
    };
    this.process.stdout.on('data', keep);
    this.process.stderr.on('data', keep);
    this.process.stdin.on('error', () => undefined);
    live.add(this);
    void exitOf(this.process).then(() => live.delete(this));
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  get isAlive(): boolean {
    return live.has(this);
  }

  /** Every process of this one, now. Those seen are also ended with it. */
  family(): readonly number[] {
    this.#family = familyOf(this.pid);
    return this.#family;
  }

  /** Waits until what the process has printed matches; fails when it ends or takes too long. */
  async saying(pattern: RegExp, timeoutMs = 15_000): Promise<RegExpExecArray> {
    const deadline = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      if (!this.isAlive) throw new Error(`${this.name} ended: ${this.output.trim()}`);
      await Promise.race([
        once(this.process.stdout, 'data', { signal: deadline }),
        once(this.process.stderr, 'data', { signal: deadline }),
        exitOf(this.process),
      ]).catch(() => {
        throw new Error(`${this.name} did not say ${String(pattern)}: ${this.output.trim()}`);
      });
    }
  }

  /** Resolves with what the process printed when it ends by itself. */
  async ended(): Promise<string> {
    const exit = await exitOf(this.process);
    if (exit.code !== 0) throw new Error(`${this.name} failed: ${this.output.trim()}`);
    return this.output;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.isAlive) await endProcess(this.process, signal, GRACE_MS);
    this.killFamily();
  }

  /** Ends at once whatever is left of the processes that were seen. */
  killFamily(): void {
    for (const pid of [this.pid, ...this.#family]) {
      if (pid > 0 && isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
  }
}

/** Ends everything that still runs; for the way out, whatever the reason. */
export function killAll(): void {
  for (const child of live) {
    child.family();
    child.killFamily();
  }
}
