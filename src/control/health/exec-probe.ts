import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { assert } from '../../base/errors.ts';
import { closeAllOnExec } from '../../sys/close-on-exec.ts';
import { EXEC_MAX, awaitTurn, endTurn, leaveQueue } from './exec-turns.ts';
import { printable } from './printable.ts';
import { ProbeRun } from './probe-run.ts';
import type { CancelProbe, ProbeReason, ProbeResult, ProbeTarget } from './probe.ts';

/** Bytes that a program may write in all; one that writes more fails and is killed. */
export const EXEC_OUTPUT_BYTES_MAX = 64 * 1024;
/** Bytes of it that are kept for the detail. */
const KEPT_BYTES_MAX = 1024;
/** How long the last words of a program that has failed are awaited. */
const LAST_WORDS_MS = 50;

/** The whole PATH of a program; nothing of our own environment is passed on. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Whether descriptors that we were started with are kept from programs by now. */
let isClosedOnExec = false;

const RESOURCE_ERRORS = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS']);

/**
 * Runs a program of the operator's, without a shell, in a process group of its own; exit status 0
 * passes. The group is killed when the probe ends, whatever ends it. Called once per probe of an
 * `exec` check.
 */
export function execProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const plan = target.probe;
  assert(plan.kind === 'exec', 'execProbe is given exec checks only');
  const run = new ProbeRun(target, done);
  // A program that cannot be started says so at once, and `done` must not be called within.
  const first = setImmediate(() => new ExecRun(run, plan.command));
  run.close = () => clearImmediate(first);
  return () => run.cancel();
}

/** The environment of the program. */
export function execEnvironment({ address, pool, server }: ProbeTarget): Record<string, string> {
  return {
    PATH,
    BALLAST_POOL: pool,
    BALLAST_SERVER: server,
    BALLAST_HOST: address.host,
    BALLAST_PORT: String(address.port),
  };
}

class ExecRun {
  readonly #run: ProbeRun;
  readonly #command: readonly string[];
  readonly #start = (): void => this.#begin();
  #child: ChildProcessByStdio<null, Readable, Readable> | null = null;
  #bytes = 0;
  #words = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(run: ProbeRun, command: readonly string[]) {
    this.#run = run;
    this.#command = command;
    run.awaits = 'turn';
    run.place = `${EXEC_MAX} programs of checks run at once`;
    run.close = () => this.#close();
    awaitTurn(this.#start);
  }

  #begin(): void {
    this.#run.awaits = 'answer';
    this.#run.place = 'the program still ran';
    if (!isClosedOnExec) closeAllOnExec();
    isClosedOnExec = true;
    const [program = '', ...args] = this.#command;
    try {
      const child = spawn(program, args, {
        cwd: '/',
        env: execEnvironment(this.#run.target),
        stdio: ['ignore', 'pipe', 'pipe'],
        // A session and a process group of its own.
        detached: true,
      });
      this.#listen(child);
    } catch (error) {
      endTurn();
      this.#notStarted(error as NodeJS.ErrnoException);
    }
  }

  #listen(child: ChildProcessByStdio<null, Readable, Readable>): void {
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return;
      endTurn();
      this.#notStarted(error);
    });
    child.once('exit', (code, signal) => {
      endTurn();
      this.#exited(code, signal);
    });
    this.#child = child;
    for (const stream of outputsOf(child)) {
      stream?.on('error', () => undefined);
      stream?.on('data', (chunk: Buffer) => this.#heard(chunk));
    }
  }

  #heard(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#words.length < KEPT_BYTES_MAX) {
      this.#words += chunk.toString('latin1', 0, KEPT_BYTES_MAX - this.#words.length);
    }
    if (this.#bytes > EXEC_OUTPUT_BYTES_MAX) {
      const most = `${EXEC_OUTPUT_BYTES_MAX} bytes`;
      this.#run.finish('too-large', `the program has written more than ${most}`);
    }
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    if (code === 0) {
      this.#run.pass('exit status 0');
      return;
    }
    const text = signal === null ? `exit status ${code}` : `ended by ${signal}`;
    // What it has started goes with it, and with that the other ends of its pipes.
    this.#kill();
    const judge = (): void => this.#judge('status', text);
    this.#child!.once('close', judge);
    this.#timer = setTimeout(judge, LAST_WORDS_MS);
  }

  #judge(reason: ProbeReason, text: string): void {
    const line = this.#words.split('\n').find((words) => words.trim() !== '');
    this.#run.finish(reason, line === undefined ? text : `${text}: ${printable(line)}`);
  }

  #notStarted(error: NodeJS.ErrnoException): void {
    const code = error.code ?? 'unknown error';
    const reason = RESOURCE_ERRORS.has(code) ? 'local-resources' : 'local-setup';
    this.#run.finish(reason, `the program "${this.#command[0]}" cannot be started: ${code}`);
  }

  #close(): void {
    clearTimeout(this.#timer);
    leaveQueue(this.#start);
    if (this.#child === null) return;
    this.#kill();
    for (const stream of outputsOf(this.#child)) stream?.destroy();
  }

  /** Kills the whole group. Its number stays taken as long as one of it lives. */
  #kill(): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nobody is left in it.
    }
  }
}

/** Not there, whatever their type says, where no descriptors were left for them: EMFILE. */
function outputsOf(child: ChildProcessByStdio<null, Readable, Readable>): (Readable | undefined)[] {
  return [child.stdout, child.stderr];
}
