/** Runs a program again and again; its exit codes decide. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { TrackPlan } from '../../config/plan-addresses.ts';
import type { TrackVerdict } from '../../guard/guard-protocol.ts';

export type ScriptPlan = Extract<TrackPlan, { kind: 'script' }>;

export class ScriptTracker {
  readonly #plan: ScriptPlan;
  readonly #onChange: () => void;
  readonly #timer: NodeJS.Timeout;
  #child: ChildProcess | null = null;
  #inRow = 0;
  verdict: TrackVerdict = { isWell: true, seen: 'has not run yet' };

  constructor(plan: ScriptPlan, onChange: () => void) {
    this.#plan = plan;
    this.#onChange = onChange;
    this.#timer = setInterval(() => this.#run(), plan.everyMs);
    this.#run();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#child?.kill('SIGKILL');
  }

  #run(): void {
    // One that is still running has its time limit; it is not started twice.
    if (this.#child !== null) return;
    const { command, timeoutMs } = this.#plan;
    const [program, ...args] = command;
    const child = spawn(program!, args, {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'] ?? '' },
    });
    this.#child = child;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const end = (isWell: boolean, seen: string): void => {
      clearTimeout(timer);
      if (this.#child !== child) return;
      this.#child = null;
      this.#take(isWell, seen);
    };
    child.once('error', (error) => end(false, error.message));
    child.once('exit', (code, signal) => {
      const late = `took longer than ${timeoutMs} ms`;
      const how = signal === null ? `exit code ${code}` : `ended by ${signal}`;
      end(code === 0, isLate ? late : how);
    });
  }

  #take(isWell: boolean, seen: string): void {
    const { rise, fall } = this.#plan;
    const was = this.verdict.isWell;
    this.#inRow = isWell === was ? 0 : this.#inRow + 1;
    const turns = this.#inRow >= (isWell ? rise : fall);
    if (turns) this.#inRow = 0;
    this.verdict = { isWell: turns ? isWell : was, seen };
    if (turns) this.#onChange();
  }
}
