/** A JSON file of ACME in the state folder: read with distrust, written whole. */
import { WholeFile } from '../whole-file.ts';
import { AcmeError } from './acme-error.ts';

/** A longer file is not one of ours, in bytes. */
const BYTES_MAX = 1 << 20;
const FORMAT = 1;

export type Fields = { readonly [name: string]: unknown };

export class KeptFile<T extends Fields> {
  readonly #file: WholeFile;
  readonly #parse: (fields: Fields) => T | null;

  /** `parse` gives null for fields that make no sense. */
  constructor(path: string, parse: (fields: Fields) => T | null) {
    this.#file = new WholeFile(path, BYTES_MAX);
    this.#parse = parse;
  }

  get path(): string {
    return this.#file.path;
  }

  /**
   * What was kept, null where nothing was. A file that makes no sense is set aside and told to
   * `warn`. Throws BAL_ACME_STATE where it is there and cannot be read.
   */
  read(warn: (warning: string) => void): T | null {
    let text: string | null;
    try {
      text = this.#file.read();
    } catch (error) {
      throw stateError('read', this.path, (error as Error).message);
    }
    if (text === null) return null;
    const value = parseText(text);
    const kept = value?.['format'] === FORMAT ? this.#parse(value) : null;
    if (kept === null) warn(this.#file.setAside('it is not what was written'));
    return kept;
  }

  /** Resolves when the fields are on the disk. Rejects with BAL_ACME_STATE. */
  async write(fields: T): Promise<void> {
    const text = `${JSON.stringify({ format: FORMAT, ...fields }, null, 1)}\n`;
    const failure = await this.#file.save(() => text);
    if (failure !== null) throw stateError('write', this.path, failure);
  }
}

/** The error of a file of the state folder. */
export function stateError(action: 'read' | 'write', path: string, why: string): AcmeError {
  return new AcmeError('BAL_ACME_STATE', `cannot ${action} "${path}": ${why}`);
}

function parseText(text: string): Fields | null {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Fields) : null;
  } catch {
    return null;
  }
}
