/**
 * Upgrades in place, from the side of the process that runs: the program on the disk is started, and
 * takes over once it has shown that it can (messages.ts). Until then nothing has changed, and where
 * it cannot, nothing does.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { BallastError } from '../../base/errors.ts';
import type { ProductLog } from '../product-log.ts';
import type { FromHeir } from './messages.ts';
import { Successor } from './successor.ts';
import type { Offer, Program } from './successor.ts';

/** A new program has this long to be ready, in ms. */
export const READY_LIMIT_MS = 60_000;
/** Once it is, it has this long until its workers accept connections, in ms. */
const SERVING_LIMIT_MS = 10_000;
/** One that has said why it cannot has this long to end by itself, in ms. */
const GRACE_MS = 2_000;

/** The end of one upgrade, for the log, `ballast upgrade`, the status and the metrics. */
export type UpgradeReport = {
  readonly ok: boolean;
  /** A stable code where it is not; "" where it is. */
  readonly code: string;
  /** One sentence for people. */
  readonly message: string;
  /** What would help, "" where the message says it all. */
  readonly hint: string;
  /** Process, version and generation that are in charge now. */
  readonly pid: number;
  readonly version: string;
  readonly generation: number;
  /** When it ended, ISO 8601. */
  readonly at: string;
  readonly tookMs: number;
};

/** The new one is in charge. */
export type HandedOver = {
  readonly successor: Successor;
  readonly version: string;
  /** Names of the sockets that it listens on. */
  readonly taken: readonly string[];
};

export type UpgraderOptions = {
  readonly log: ProductLog;
  /** The program on the disk; null where none is known. */
  readonly program: Program | null;
  readonly version: string;
  readonly generation: () => number;
  /** Runs an upgrade while nothing else is changed. */
  readonly exclusive: <T>(job: () => Promise<T>) => Promise<T>;
  /** What is to be handed over. Throws BAL_UPGRADE_* where this is no time for it. */
  readonly offer: () => Omit<Offer, 'version' | 'generation'>;
  /** Lets our workers leave the sockets; resolves when they have. */
  readonly handOver: (to: HandedOver) => Promise<void>;
  /** Ends workers of a successor that has died after they had begun to serve. */
  readonly undo: () => Promise<void>;
};

export class Upgrader {
  readonly #options: UpgraderOptions;
  #successor: Successor | null = null;
  #isRunning = false;
  #settled: Promise<void> = Promise.resolve();
  /** The latest report; null before the first upgrade. */
  last: UpgradeReport | null = null;
  failed = 0;

  constructor(options: UpgraderOptions) {
    this.#options = options;
  }

  /** Resolves when no upgrade runs. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  /** Never rejects: the report says what came of it. A second one at the same time is refused. */
  async request(limitMs: number = READY_LIMIT_MS): Promise<UpgradeReport> {
    const begunAt = performance.now();
    if (this.#isRunning) return this.#report(begunAt, running());
    this.#isRunning = true;
    let settle = (): void => {};
    this.#settled = new Promise((resolve) => (settle = resolve));
    try {
      const to = await this.#options.exclusive(() => this.#attempt(limitMs));
      return this.#close(this.#report(begunAt, null, to));
    } catch (error) {
      return this.#close(this.#report(begunAt, error as Error));
    } finally {
      this.#isRunning = false;
      settle();
    }
  }

  /** Ends an upgrade that is under way, if it still can be: this process is to end itself. */
  async abort(): Promise<void> {
    void this.#successor?.end(0);
    await this.#settled;
  }

  async #attempt(limitMs: number): Promise<HandedOver> {
    const { program, version, log } = this.#options;
    if (program === null) throw unavailable();
    const generation = this.#options.generation() + 1;
    const offer = { ...this.#options.offer(), version, generation };
    const successor = new Successor(program);
    this.#successor = successor;
    log.info({ program: program.path, pid: successor.pid }, 'upgrade: the new program is started');
    let hasGone = false;
    try {
      void successor.offer(offer);
      const ready = await within(limitMs, this.#expect(successor, 'ready'), 'was not ready');
      successor.say({ type: 'go' });
      hasGone = true;
      await within(SERVING_LIMIT_MS, this.#expect(successor, 'serving'), 'did not serve');
      // From here on there is no way back.
      this.#successor = null;
      const to = { successor, version: ready.version, taken: ready.taken };
      await this.#options.handOver(to);
      successor.say({ type: 'left' });
      successor.leave();
      return to;
    } catch (error) {
      const isItsOwn = error instanceof BallastError && error.code === 'BAL_UPGRADE_REFUSED';
      await successor.end(isItsOwn ? GRACE_MS : 0);
      if (hasGone) await this.#options.undo();
      throw error;
    } finally {
      this.#successor = null;
    }
  }

  /** The next message, which must be of this type. */
  async #expect<T extends FromHeir['type']>(
    successor: Successor,
    type: T,
  ): Promise<Extract<FromHeir, { type: T }>> {
    const message = await successor.next();
    if (message?.type === type) return message as Extract<FromHeir, { type: T }>;
    if (message?.type === 'failed') {
      throw new BallastError('BAL_UPGRADE_REFUSED', message.message, { hint: message.hint });
    }
    const how = await Promise.race([successor.exited, pause(GRACE_MS, 'broke off')]);
    throw new BallastError('BAL_UPGRADE_FAILED', `the new program ${how}`, {
      hint: 'what it wrote to standard error stands in the log above',
    });
  }

  #report(begunAt: number, error: Error | null, to?: HandedOver): UpgradeReport {
    const { version, generation } = this.#options;
    const times = { at: new Date().toISOString(), tookMs: Math.round(performance.now() - begunAt) };
    if (to !== undefined) {
      const { pid } = to.successor;
      const message = `version ${to.version} has taken over as process ${pid}`;
      const now = { pid, version: to.version, generation: generation() + 1 };
      return { ok: true, code: '', message, hint: '', ...now, ...times };
    }
    const code = error instanceof BallastError ? error.code : 'BAL_UPGRADE_FAILED';
    const hint = error instanceof BallastError ? (error.hint ?? '') : '';
    const message = `${error!.message}: nothing was changed`;
    const now = { pid: process.pid, version, generation: generation() };
    return { ok: false, code, message, hint, ...now, ...times };
  }

  #close(report: UpgradeReport): UpgradeReport {
    const { log } = this.#options;
    this.last = report;
    const { code, message, pid, version, generation, tookMs } = report;
    if (report.ok) {
      log.info({ pid, version, generation, tookMs }, `upgrade: ${message}`);
      return report;
    }
    this.failed += 1;
    log.error({ code, tookMs }, `upgrade: ${message}`);
    return report;
  }
}

async function within<T>(limitMs: number, work: Promise<T>, what: string): Promise<T> {
  const ended = new AbortController();
  const late = pause(limitMs, null, { signal: ended.signal }).then(
    () => {
      const message = `the new program ${what} within ${limitMs} ms`;
      throw new BallastError('BAL_UPGRADE_LATE', message, {
        hint: 'give it longer with "ballast upgrade --timeout", or find out what it waits for',
      });
    },
    () => undefined as never,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    ended.abort();
  }
}

function running(): BallastError {
  return new BallastError('BAL_UPGRADE_RUNNING', 'an upgrade is under way already', {
    hint: 'wait for its end: "ballast status" shows which process is in charge',
  });
}

function unavailable(): BallastError {
  return new BallastError('BAL_UPGRADE_UNAVAILABLE', 'the program on the disk is not known', {
    hint: 'start the balancer with "ballast run"',
  });
}
