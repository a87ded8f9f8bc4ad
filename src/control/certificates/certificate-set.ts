/** What the files of a plan hold: read anew where they have changed, kept where they have not. */
import { setImmediate as rest } from 'node:timers/promises';
import { BallastError } from '../../base/errors.ts';
import { pemBlocks } from '../../codec/pem.ts';
import type { Plan } from '../../config/plan.ts';
import { CERTIFICATES_MAX, pairSources, type AcmeFiles } from './pair-sources.ts';
import { planFiles, type PlanFile } from './plan-files.ts';
import { fileStamp, readPemFile } from './read-pem-file.ts';
import { readPair, type Pair, type PairSource } from './read-pair.ts';

/** Work between two rests, so that heartbeats and checks are looked at in time, in ms. */
const SLICE_MS = 8;
/** Pairs that come at once and that OpenSSL reads too; the others it reads when they are asked for. */
export const THOROUGH_MAX = 100;

/** A certificate or a file that cannot be used as it is on the disk now. */
export type Problem = {
  /** Name of the pair, or path of the file. */
  readonly name: string;
  readonly error: BallastError;
  /** What the files were like. */
  readonly stamp: string;
  /** Whether what was there before serves on. */
  readonly isHeld: boolean;
  /** When it was met first, in ms since the epoch. */
  readonly since: number;
};

export type LoadedFile = { readonly bytes: Uint8Array; readonly stamp: string };

/** Everything that goes into a store. */
export type CertificateSet = {
  readonly pairs: readonly Pair[];
  readonly files: ReadonlyMap<string, LoadedFile>;
  readonly problems: ReadonlyMap<string, Problem>;
  /** Whether it differs from the one before in what goes into a store. */
  readonly isChanged: boolean;
};

export const EMPTY_SET: CertificateSet = {
  pairs: [],
  files: new Map(),
  problems: new Map(),
  isChanged: false,
};

export type LoadOptions = {
  readonly plan: Plan;
  readonly before: CertificateSet;
  readonly acmeFiles: AcmeFiles;
  /**
   * Whether a certificate or file that cannot be used refuses the whole: at a start and a reload.
   * Else what was there before serves on.
   */
  readonly isStrict: boolean;
};

/**
 * Reads what a plan needs. Strict, it throws BallastError for the first thing that cannot be used,
 * pairs of folders excepted. Files that have not changed cost a stat.
 */
export async function loadCertificateSet(options: LoadOptions): Promise<CertificateSet> {
  const loading = new Loading(options);
  await loading.pairs();
  await loading.files();
  return loading.end();
}

/** The stamp that a pair has now. */
export function pairStamp({ certFile, keyFile }: PairSource): string {
  const stamp = fileStamp(certFile);
  return certFile === keyFile ? stamp : `${stamp}\n${fileStamp(keyFile)}`;
}

class Loading {
  readonly #options: LoadOptions;
  readonly #pairs: Pair[] = [];
  readonly #files = new Map<string, LoadedFile>();
  readonly #problems = new Map<string, Problem>();
  readonly #known: ReadonlyMap<string, Pair>;
  #isChanged = false;
  /** Pairs that were read. */
  #read = 0;
  #sliceEnd = performance.now() + SLICE_MS;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#known = new Map(options.before.pairs.map((pair) => [pair.source.name, pair]));
  }

  async pairs(): Promise<void> {
    const { acmeFiles } = this.#options;
    const { certificates, stateFolder } = this.#options.plan;
    for (const certificate of certificates) {
      try {
        const { sources, isLenient } = pairSources(certificate, stateFolder, acmeFiles);
        this.#checkCount(sources.length);
        for (const source of sources) {
          this.#pair(source, isLenient);
          await this.#rest();
        }
      } catch (error) {
        this.#unlisted(certificate.key, error);
      }
    }
  }

  async files(): Promise<void> {
    for (const file of planFiles(this.#options.plan)) {
      this.#file(file);
      await this.#rest();
    }
  }

  end(): CertificateSet {
    const { before } = this.#options;
    const isChanged =
      this.#isChanged ||
      this.#pairs.length !== before.pairs.length ||
      this.#files.size !== before.files.size;
    return {
      pairs: this.#pairs,
      files: this.#files,
      problems: this.#problems,
      isChanged,
    };
  }

  #pair(source: PairSource, isLenient: boolean): void {
    const known = this.#knownPair(source);
    const told = this.#options.before.problems.get(source.name);
    // What was never read is read: asking for its stamp first would cost as much again.
    if (known === undefined && told === undefined) {
      this.#readPair(source, known, isLenient);
      return;
    }
    const stamp = pairStamp(source);
    // A broken pair that has not changed is not read again: it would be just as broken.
    if (told !== undefined && told.stamp === stamp && !this.#options.isStrict) {
      this.#problems.set(source.name, told);
      if (known !== undefined) this.#keep(known);
    } else if (known !== undefined && known.stamp === stamp) {
      this.#keep(known);
    } else this.#readPair(source, known, isLenient);
  }

  #readPair(source: PairSource, known: Pair | undefined, isLenient: boolean): void {
    try {
      this.#read += 1;
      this.#pairs.push(readPair(source, { isThorough: this.#read <= THOROUGH_MAX }));
      this.#isChanged = true;
    } catch (error) {
      if (this.#options.isStrict && !isLenient) throw error;
      const stamp = pairStamp(source);
      this.#problem({ name: source.name, error, stamp, isHeld: known !== undefined });
      if (known !== undefined) this.#keep(known);
    }
  }

  #knownPair(source: PairSource): Pair | undefined {
    const known = this.#known.get(source.name);
    const isSame =
      known?.source.certFile === source.certFile && known.source.keyFile === source.keyFile;
    return isSame ? known : undefined;
  }

  #keep(pair: Pair): void {
    // The order is that of the plan: a store is the same only if that is.
    if (this.#options.before.pairs[this.#pairs.length] !== pair) this.#isChanged = true;
    this.#pairs.push(pair);
  }

  #checkCount(further: number): void {
    const count = this.#pairs.length + further;
    if (count <= CERTIFICATES_MAX) return;
    throw new BallastError('BAL_CERTIFICATE_LIMIT', `there are ${count} certificates`, {
      hint: `at most ${CERTIFICATES_MAX} are allowed: take out what is not served any more`,
    });
  }

  /** A folder that cannot be listed: its certificates serve on. */
  #unlisted(key: string, error: unknown): void {
    if (this.#options.isStrict) throw error;
    const held = this.#options.before.pairs.filter(({ source }) => source.key === key);
    for (const pair of held) if (!this.#pairs.includes(pair)) this.#keep(pair);
    this.#problem({ name: key, error, stamp: '', isHeld: held.length > 0 });
  }

  #file({ path, what, label }: PlanFile): void {
    const known = this.#options.before.files.get(path);
    const stamp = fileStamp(path);
    if (known !== undefined && known.stamp === stamp) {
      this.#files.set(path, known);
      return;
    }
    try {
      const read = readPemFile(what, path);
      if (!pemBlocks(read.bytes).some((block) => block.label.endsWith(label))) {
        throw new BallastError('BAL_CERTIFICATE_FILE', `"${path}", ${what}, holds no ${label}`, {
          hint: `it must be PEM: BEGIN ${label}`,
        });
      }
      this.#files.set(path, read);
      this.#isChanged = true;
    } catch (error) {
      if (this.#options.isStrict) throw error;
      this.#problem({ name: path, error, stamp, isHeld: known !== undefined });
      if (known !== undefined) this.#files.set(path, known);
    }
  }

  #problem(problem: Omit<Problem, 'error' | 'since'> & { readonly error: unknown }): void {
    const { error, name } = problem;
    if (!(error instanceof BallastError)) throw error;
    const since = this.#options.before.problems.get(name)?.since ?? Date.now();
    this.#problems.set(name, { ...problem, error, since });
  }

  async #rest(): Promise<void> {
    if (performance.now() < this.#sliceEnd) return;
    await rest();
    this.#sliceEnd = performance.now() + SLICE_MS;
  }
}
