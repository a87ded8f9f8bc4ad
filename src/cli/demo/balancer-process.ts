/** A `ballast run` of the demo's own: a process of its own, as in real life. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The balancer has this long to be ready, in ms. */
const READY_LIMIT_MS = 15_000;
/** After each step of asking it to end, the next one follows after this time, in ms. */
const END_STEP_MS = 3_000;

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

export type BalancerOptions = {
  readonly configFile: string;
  /** Called with each line of its log. */
  readonly onLogLine: (line: string) => void;
};

export class BalancerProcess {
  readonly #child: ChildProcess;
  /** Resolves with a few words when the process has ended. */
  readonly ended: Promise<string>;
  readonly #ready: Promise<string>;

  constructor({ configFile, onLogLine }: BalancerOptions) {
    // A process group of its own: Ctrl-C is for the demo, which then ends the balancer in order.
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', MAIN, 'run', configFile],
      { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
    );
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    createInterface({ input: child.stderr }).on('line', onLogLine);
    this.#ready = new Promise((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.startsWith('ready ')) resolve(line);
      });
    });
  }

  /** Resolves with the line `ready …`. Throws when the process ends or takes too long instead. */
  async ready(): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error('the balancer was not ready in time')),
        READY_LIMIT_MS,
      );
    });
    const ended = this.ended.then((how) => {
      throw new Error(`the balancer ended before it was ready: ${how}`);
    });
    try {
      return await Promise.race([this.#ready, ended, late]);
    } finally {
      clearTimeout(timer);
      ended.catch(() => {});
    }
  }

  /** Drains; insists with a second SIGTERM, and at last with SIGKILL. */
  async end(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGTERM', 'SIGKILL'] as const) {
      this.#child.kill(signal);
      if (await this.#endsWithin(END_STEP_MS)) return;
    }
  }

  async #endsWithin(limitMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), limitMs);
    });
    const hasEnded = await Promise.race([this.ended.then(() => true), late]);
    clearTimeout(timer);
    return hasEnded;
  }
}
