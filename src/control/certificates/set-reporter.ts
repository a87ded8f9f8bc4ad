import type { ProductLog } from '../product-log.ts';
import type { CertificateSet, Problem } from './certificate-set.ts';

/**
 * While files are replaced one after the other they do not fit together: a problem is told once it
 * has lasted for this long, in ms.
 */
export const GRACE_MS = 5_000;

/** Problems that are told one by one at a time; of the rest it tells the number. */
const TOLD_MAX = 20;

/** Logs what is new about the certificates that are in force: each thing once. */
export class SetReporter {
  readonly #log: ProductLog;
  #before: CertificateSet | null = null;
  /** What was told, by name: a problem with other words is told again. */
  #told = new Map<string, string>();

  constructor(log: ProductLog) {
    this.#log = log;
  }

  /** `isAsked` tells problems at once: somebody waits for the answer. `now` is of the wall clock. */
  report(set: CertificateSet, options: { readonly isAsked: boolean; readonly now: number }): void {
    this.#tellProblems(set, options);
    if (set.isChanged) this.#tellChanges(set);
    this.#before = set;
  }

  #tellChanges(set: CertificateSet): void {
    const before = new Set(this.#before?.pairs);
    const came = set.pairs.filter((pair) => !before.has(pair));
    let left = 0;
    let tells = 0;
    for (const { source, warnings } of came) {
      for (const warning of warnings) {
        if (++tells > TOLD_MAX) left += 1;
        else this.#log.warn({ code: 'BAL_CERTIFICATE_WARNING', certificate: source.name }, warning);
      }
    }
    if (left > 0) {
      this.#log.warn({ code: 'BAL_CERTIFICATE_WARNING', left }, 'more warnings of certificates');
    }
    const changed = came.slice(0, TOLD_MAX).map(({ source }) => source.name);
    const fields = { certificates: set.pairs.length, changed: came.length, names: changed };
    this.#log.info(fields, 'certificates are read');
  }

  #tellProblems(set: CertificateSet, { isAsked, now }: { isAsked: boolean; now: number }): void {
    const told = new Map<string, string>();
    let left = 0;
    let tells = 0;
    for (const problem of set.problems.values()) {
      const { name, error, since } = problem;
      const isOld = isAsked || Math.abs(now - since) >= GRACE_MS;
      const isTold = this.#told.get(name) === error.message;
      if (isTold || isOld) told.set(name, error.message);
      if (isTold || !isOld) continue;
      if (++tells > TOLD_MAX) left += 1;
      else this.#tellProblem(problem);
    }
    for (const name of this.#told.keys()) {
      if (!set.problems.has(name)) this.#log.info({ certificate: name }, `"${name}" is mended`);
    }
    this.#told = told;
    if (left > 0) this.#log.error({ left }, 'more certificates cannot be used');
  }

  #tellProblem({ name, error, isHeld }: Problem): void {
    const { code, message, hint } = error;
    const effect = isHeld ? 'the one before serves on' : 'it is not served';
    this.#log.error({ code, certificate: name, hint }, `${message}: ${effect}`);
  }
}
