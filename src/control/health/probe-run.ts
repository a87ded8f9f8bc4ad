import { performance } from 'node:perf_hooks';
import type { ProbeReason, ProbeResult, ProbeTarget } from './probe.ts';

/**
 * A time limit that fires this much late, or half the limit late if that is more, tells of a
 * process that did not run rather than of a silent server.
 */
const STALL_MS_MIN = 100;

/**
 * What a probe waits for: a file of this machine, its turn among those that this machine runs at
 * once, a connection, or the server's answer.
 */
export type Awaited = 'local' | 'turn' | 'connection' | 'answer';

/**
 * One run of one probe of any kind: its time limit and its single result.
 *
 * Whatever happens, `done` is called once, after `close` was, unless the probe is cancelled. Made
 * once per probe.
 */
export class ProbeRun {
  readonly target: ProbeTarget;
  /** Decides what it means when the time is up. The kind of probe keeps it. */
  awaits: Awaited = 'connection';
  /**
   * Gives back all that the probe holds, and is called once at its end; the kind of probe sets it.
   * `hard` closes a connection by RST, so that no TIME_WAIT is left.
   */
  close: (hard: boolean) => void = () => undefined;
  /** Where set, called when the time is up: a last chance to see what had come in. */
  lastLook: (() => void) | null = null;
  /** Where the probe is, for the text of a time limit: "" or such as "at step 2". */
  place = '';
  readonly #done: (result: ProbeResult) => void;
  readonly #startedAtMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #isOver = false;

  constructor(target: ProbeTarget, done: (result: ProbeResult) => void) {
    this.target = target;
    this.#done = done;
    this.#timer = setTimeout(onTimeLimit, target.timeoutMs, this);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What is left of the time limit, at least 1. For libraries with limits of their own. */
  get remainingMs(): number {
    const leftMs = this.#startedAtMs + this.target.timeoutMs - performance.now();
    return Math.max(1, Math.ceil(leftMs));
  }

  /** The server is as it should be. */
  pass(detail: string, hard = false): void {
    this.finish('check-passed', detail, hard);
  }

  /** Ends the probe; only the first call counts. */
  finish(reason: ProbeReason, detail: string, hard = false): void {
    if (this.#isOver) return;
    this.#end(hard);
    const durationMs = performance.now() - this.#startedAtMs;
    this.#done({ passed: reason === 'check-passed', reason, detail, durationMs });
  }

  /** Ends the probe without a result. */
  cancel(): void {
    if (!this.#isOver) this.#end(false);
  }

  /** The time is up: called by the timer, then once more when what had come in was dealt with. */
  timeIsUp(): void {
    if (this.#isOver) return;
    this.lastLook?.();
    if (this.#isOver) return;
    const { timeoutMs } = this.target;
    const lateMs = performance.now() - this.#startedAtMs - timeoutMs;
    if (lateMs > Math.max(STALL_MS_MIN, timeoutMs / 2)) {
      this.finish('local-stall', `the probe's process did not run for ${Math.round(lateMs)} ms`);
    } else if (this.awaits === 'answer') {
      this.finish('timeout', `no full answer within ${timeoutMs} ms${this.#where()}`);
    } else if (this.awaits === 'connection') {
      this.finish('connect-timeout', `no connection within ${timeoutMs} ms`);
    } else if (this.awaits === 'turn') {
      this.finish('local-resources', `no turn within ${timeoutMs} ms${this.#where()}`);
    } else {
      this.finish('local-setup', `a file of this machine was not read within ${timeoutMs} ms`);
    }
  }

  #where(): string {
    return this.place === '' ? '' : `, ${this.place}`;
  }

  #end(hard: boolean): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.close(hard);
  }
}

/**
 * After a pause of the whole process the timers run before the sockets: what had arrived in time
 * must be read before the verdict, and setImmediate runs after it was.
 */
function onTimeLimit(run: ProbeRun): void {
  setImmediate(() => run.timeIsUp());
}
