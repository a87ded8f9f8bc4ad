/**
 * Reloading: the file, or a text in its place, is put in force as a whole, or not at all.
 *
 *   load ─▶ open what is new ─▶ all workers apply ─▶ close what is old
 *     │            │                    │ one refuses
 *     ▼            ▼                    ▼
 *   nothing changed: the plan before stays in force, and the report says why
 *
 * They run one at a time; all reloads of the file that are asked for while one waits are one.
 */
import { BallastError } from '../base/errors.ts';
import type { Diagnostic } from '../config/diagnostic.ts';
import type { Plan } from '../config/plan.ts';
import type { ConfigCause } from './history/history-entry.ts';
import { placedErrors } from './placed-errors.ts';
import { Serial } from './serial.ts';

/** What loading a configuration gives: a plan unless a diagnostic is an error. */
export type LoadedConfig = {
  readonly plan: Plan | null;
  readonly diagnostics: readonly Diagnostic[];
  /** The text that was read. */
  readonly source: string;
};

/** What is to be put in force. */
export type ReloadRequest = {
  readonly cause: ConfigCause;
  /** What the cause is about, for people; "" is nothing. */
  readonly note: string;
  /** The text of a configuration, as if it stood in the file; null reads the file. */
  readonly text: string | null;
  /** Digest of the configuration that must be in force when its turn comes; null is any. */
  readonly expect: string | null;
};

/** A plan with the text and the request that it comes from. */
export type LoadedRequest = ReloadRequest & { readonly plan: Plan; readonly source: string };

/** The end of one reload, for the log, `ballast reload`, the status and the metrics. */
export type ReloadReport = {
  readonly ok: boolean;
  /** Whether a new plan is in force. A file that means the same as before changes nothing. */
  readonly changed: boolean;
  /** Version of the plan that is in force now. */
  readonly version: number;
  /** Number and digest of the configuration that is in force now. */
  readonly number: number;
  readonly digest: string;
  readonly cause: ConfigCause;
  /** When it ended, ISO 8601. */
  readonly at: string;
  readonly tookMs: number;
  /** One sentence for people. */
  readonly message: string;
  /** Stable code of the error that refused it; "" where there is none, or the file has mistakes. */
  readonly code: string;
  /** What would help, "" where the message says it all. */
  readonly hint: string;
  readonly diagnostics: readonly Diagnostic[];
};

/** What is in force, as a report says it. */
type InForce = Pick<ReloadReport, 'version' | 'number' | 'digest'>;

export type ReloaderOptions = {
  /** Path of the configuration file, for places in it. */
  readonly file: string;
  /** Reads the configuration file, or takes `text` as what it holds. */
  readonly load: (text: string | null) => Promise<LoadedConfig>;
  /** Puts a plan in force; resolves with whether anything changed. */
  readonly apply: (request: LoadedRequest) => Promise<boolean>;
  readonly inForce: () => InForce;
  readonly onReport: (report: ReloadReport) => void;
};

export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #turns = new Serial();
  /** A reload of the file that has not begun. */
  #waiting: Promise<ReloadReport> | null = null;
  /** The latest report; null before the first reload. */
  last: ReloadReport | null = null;
  succeeded = 0;
  failed = 0;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** Reads the file and puts it in force. Never throws: the report says what happened. */
  request(cause: ConfigCause = 'reload'): Promise<ReloadReport> {
    this.#waiting ??= this.#turns.run(() => {
      this.#waiting = null;
      return this.#run({ cause, note: '', text: null, expect: null });
    });
    return this.#waiting;
  }

  /** Puts a text in force when its turn has come. Never throws. */
  apply(request: ReloadRequest): Promise<ReloadReport> {
    return this.#turns.run(() => this.#run(request));
  }

  async #run(request: ReloadRequest): Promise<ReloadReport> {
    const report = await this.#reload(request);
    this.last = report;
    if (report.ok) this.succeeded += 1;
    else this.failed += 1;
    this.#options.onReport(report);
    return report;
  }

  async #reload(request: ReloadRequest): Promise<ReloadReport> {
    const { load, apply, inForce } = this.#options;
    const begunAtMs = performance.now();
    let diagnostics: readonly Diagnostic[] = [];
    let text = '';
    const report = (outcome: Outcome): ReloadReport => ({
      ...outcome,
      ...inForce(),
      cause: request.cause,
      at: new Date().toISOString(),
      tookMs: Math.round(performance.now() - begunAtMs),
      diagnostics,
    });
    try {
      const { plan, source, diagnostics: found } = await load(request.text);
      diagnostics = found;
      text = source;
      if (plan === null) return report(refused(diagnostics));
      const changed = await apply({ ...request, plan, source });
      const message = changed
        ? `configuration ${inForce().number} is in force in all workers`
        : 'nothing changed';
      return report({ ok: true, changed, message, code: '', hint: '' });
    } catch (error) {
      diagnostics = [...diagnostics, ...placedErrors(error, this.#options.file, text)];
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
    code: '',
    hint: '',
  };
}

function failed(error: unknown): Outcome {
  const { message } = error as Error;
  const { code = '', hint = '' } = error instanceof BallastError ? error : {};
  return { ok: false, changed: false, message: `${message}: nothing was changed`, code, hint };
}

type Outcome = Pick<ReloadReport, 'ok' | 'changed' | 'message' | 'code' | 'hint'>;
