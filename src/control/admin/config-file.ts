/** The configuration file as the API reads and replaces it. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BallastError } from '../../base/errors.ts';
import type { ConfigControl, DryRunReport } from '../history/config-control.ts';
import type { ReloadReport } from '../reload.ts';
import { Serial } from '../serial.ts';
import { draftFile } from './file-draft.ts';

/** The text of the file, and the tag that changes with it. */
export type ConfigText = { readonly text: string; readonly etag: string };

/** What came of a new text. */
export type ConfigOutcome =
  /** The file is another one than the tag says. */
  | { readonly kind: 'stale'; readonly etag: string }
  | { readonly kind: 'dry-run'; readonly report: DryRunReport }
  /** Nothing was changed. */
  | { readonly kind: 'refused'; readonly report: ReloadReport }
  | { readonly kind: 'applied'; readonly report: ReloadReport; readonly etag: string };

export type NewConfig = {
  readonly text: string;
  /** Tags of which the file must have one; null is any. */
  readonly match: readonly string[] | null;
  readonly isDryRun: boolean;
};

export class ConfigFile {
  readonly #control: ConfigControl;
  /** Changes one at a time: the second one finds what the first one wrote. */
  readonly #turns = new Serial();

  constructor(control: ConfigControl) {
    this.#control = control;
  }

  /** Throws BAL_RELOAD_STARTING and BAL_API_CONFIG_FILE. */
  async read(): Promise<ConfigText> {
    const path = this.#path();
    try {
      const text = await readFile(path, 'utf8');
      return { text, etag: etagOf(text) };
    } catch (error) {
      throw fileError('read', path, error as Error);
    }
  }

  /**
   * Puts a text in force and, when it is, into the file. The draft is on the disk before anything is
   * changed, so that what is in force can hardly fail to be kept. Throws BAL_API_CONFIG_FILE.
   */
  replace(config: NewConfig): Promise<ConfigOutcome> {
    return this.#turns.run(() => this.#replace(config));
  }

  async #replace({ text, match, isDryRun }: NewConfig): Promise<ConfigOutcome> {
    const { etag } = await this.read();
    if (match !== null && !match.includes(etag)) return { kind: 'stale', etag };
    if (isDryRun) return { kind: 'dry-run', report: await this.#control.dryRun(text) };
    const path = this.#path();
    const expect = this.#control.inForce()?.digest ?? null;
    const draft = await draftFile(path, text).catch((error: Error) => {
      throw fileError('write', path, error);
    });
    const report = await this.#control.apply({ text, expect });
    if (!report.ok) {
      await draft.discard();
      return { kind: 'refused', report };
    }
    try {
      await draft.keep();
    } catch (error) {
      await draft.discard();
      throw fileError('write', path, error as Error, 'it is in force, and not in the file');
    }
    return { kind: 'applied', report, etag: etagOf(text) };
  }

  #path(): string {
    const inForce = this.#control.inForce();
    if (inForce !== null) return inForce.file;
    throw new BallastError('BAL_RELOAD_STARTING', 'the balancer has not started yet');
  }
}

function etagOf(text: string): string {
  return `"${createHash('sha256').update(text).digest('hex')}"`;
}

function fileError(verb: string, path: string, error: Error, more = 'nothing was changed') {
  const message = `cannot ${verb} the configuration "${path}": ${error.message}: ${more}`;
  return new BallastError('BAL_API_CONFIG_FILE', message, {
    hint: 'the user that Ballast runs as must be able to read it, and to write to its folder',
    cause: error,
  });
}
