/**
 * Reloading: the file is read anew and put in force as a whole, or not at all.
 *
 *   load ─▶ open what is new ─▶ all workers apply ─▶ close what is old
 *     │            │                    │ one refuses
 *     ▼            ▼                    ▼
 *   nothing changed: the plan before stays in force, and the report says why
 *
 * Reloads run one at a time; all that are asked for while one runs become one more run.
 */
import { BallastError } from '../base/errors.ts';
import type { Diagnostic } from '../config/diagnostic.ts';
import type { Plan } from '../config/plan.ts';

/** What loading a configuration file gives: a plan unless a diagnostic is an error. */
export type LoadedConfig = {
  readonly plan: Plan | null;
  readonly diagnostics: readonly Diagnostic[];
};

/** The end of one reload, for the log, `ballast reload`, the status and the metrics. */
export type ReloadReport = {
  readonly ok: boolean;
  /** Whether a new plan is in force. A file that means the same as before changes nothing. */
  readonly changed: boolean;
  /** Version of the plan that is in force now. */
  readonly version: number;
  /** When it ended, ISO 8601. */
  readonly at: string;
  readonly tookMs: number;
  /** One sentence for people. */
  readonly message: string;
  /** What would help, "" where the message says it all. */
  readonly hint: string;
  readonly diagnostics: readonly Diagnostic[];
};

export type ReloaderOptions = {
  /** Reads the configuration file. */
  readonly load: () => Promise<LoadedConfig>;
  /** Puts a plan in force; returns its version, or null when nothing changed. */
  readonly apply: (plan: Plan) => Promise<number | null>;
  readonly currentVersion: () => number;
  readonly onReport: (report: ReloadReport) => void;
};

export class Reloader {
  readonly #options: ReloaderOptions;
  #running: Promise<ReloadReport> | null = null;
  #next: Promise<ReloadReport> | null = null;
  /** The latest report; null before the first reload. */
  last: ReloadReport | null = null;
  succeeded = 0;
  failed = 0;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** Reloads after the one that runs, if any. Never throws: the report says what happened. */
  request(): Promise<ReloadReport> {
    if (this.#running === null) return this.#run();
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.#run();
    });
    return this.#next;
  }

  #run(): Promise<ReloadReport> {
    this.#running = this.#reload().then((report) => {
      this.#running = null;
      this.last = report;
      if (report.ok) this.succeeded += 1;
      else this.failed += 1;
      this.#options.onReport(report);
      return report;
    });
    return this.#running;
  }

  async #reload(): Promise<ReloadReport> {
    const begunAt = Date.now();
    let diagnostics: readonly Diagnostic[] = [];
    const report = (outcome: Pick<ReloadReport, 'ok' | 'changed' | 'message' | 'hint'>) => ({
      ...outcome,
      version: this.#options.currentVersion(),
      at: new Date().toISOString(),
      tookMs: Date.now() - begunAt,
      diagnostics,
    });
    try {
      const loaded = await this.#options.load();
      diagnostics = loaded.diagnostics;
      if (loaded.plan === null) return report(refused(diagnostics));
      const version = await this.#options.apply(loaded.plan);
      const message =
        version === null ? 'nothing changed' : `plan ${version} is in force in all workers`;
      return report({ ok: true, changed: version !== null, message, hint: '' });
    } catch (error) {
      return report(failed(error));
    }
  }
}

function refused(diagnostics: readonly Diagnostic[]): Outcome {
  const count = diagnostics.filter(({ severity }) => severity === 'error').length;
  return {
    ok: false,
    changed: false,
    message: `the file has ${count} ${count === 1 ? 'mistake' : 'mistakes'}: nothing was changed`,
    hint: '',
  };
}

function failed(error: unknown): Outcome {
  const { message } = error as Error;
  const hint = error instanceof BallastError ? (error.hint ?? '') : '';
  return { ok: false, changed: false, message: `${message}: nothing was changed`, hint };
}

type Outcome = Pick<ReloadReport, 'ok' | 'changed' | 'message' | 'hint'>;
