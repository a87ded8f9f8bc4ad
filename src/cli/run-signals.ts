/** Signals of `ballast run`, before and after another process has taken over. */
import type { Passed } from '../control/handover/succession.ts';
import type { ProductLog } from '../control/product-log.ts';
import type { Notifier } from '../control/systemd/notifier.ts';
import type { Supervisor } from '../control/supervisor.ts';
import { EXIT } from './exit-codes.ts';

/** Added to the time of a drain for all else that is done at the end, in ms. */
const STOP_MARGIN_MS = 10_000;

export type Running = {
  readonly supervisor: Supervisor;
  readonly log: ProductLog;
  readonly notifier: Notifier;
  /** Ends this process. */
  readonly end: (code: number) => Promise<void>;
  /** Ends it at once and leaves the workers to a successor. */
  readonly crash: (why: unknown) => void;
};

export class RunSignals {
  readonly #running: Running;
  #passed: Passed | null = null;
  #isEnding = false;

  constructor(running: Running) {
    this.#running = running;
    const { supervisor } = running;
    process.on('SIGTERM', () => void this.#end('SIGTERM'));
    process.on('SIGINT', () => void this.#end('SIGINT'));
    process.on('SIGHUP', () => {
      if (!this.#passOn('SIGHUP')) void supervisor.reload('SIGHUP');
    });
    process.on('SIGUSR1', () => {
      this.#passOn('SIGUSR1');
      supervisor.reopenLogs();
    });
    process.on('SIGUSR2', () => {
      if (!this.#passOn('SIGUSR2')) void supervisor.succession.upgrader.request();
    });
  }

  /**
   * Another process is the main one. This one ends when its workers have, or stays as a stand-in and
   * ends as the main process does.
   */
  async passedTo(passed: Passed): Promise<void> {
    const { log, end, crash } = this.#running;
    const { pid, standIn, left } = passed;
    this.#passed = passed;
    void left.then(() =>
      log.info({ main: pid }, 'the last clients of the process before are gone'),
    );
    if (standIn === null) {
      await left;
      return end(EXIT.ok);
    }
    const code = await standIn.ended;
    if (code === EXIT.crash) return crash(`the main process ${pid} has died`);
    await left;
    return end(code);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const { supervisor, log, notifier, end } = this.#running;
    const isFirst = !this.#isEnding;
    this.#isEnding = true;
    if (isFirst) await supervisor.succession.upgrader.abort();
    const isPassed = this.#passOn(signal);
    if (!isFirst) {
      log.warn(`${signal} again: ends now`);
      supervisor.killAll();
      if (!isPassed) void end(EXIT.ok);
      return;
    }
    if (this.#passed !== null) return;
    notifier.stopping(supervisor.drainMs + STOP_MARGIN_MS);
    log.info(`${signal}: drains, a second one ends at once`);
    await supervisor.drain();
    log.info('drained');
    void end(EXIT.ok);
  }

  /** Whether there is a main process that we stand in for, which has it now. */
  #passOn(signal: NodeJS.Signals): boolean {
    const standIn = this.#passed?.standIn;
    standIn?.signal(signal);
    return standIn !== undefined && standIn !== null;
  }
}
