/**
 * Certificates and keys, as the supervisor sees them: read from files, put into a sealed memory file
 * that the workers map, and replaced when the files change.
 *
 *   plan of the file ─▶ prepare ─▶ in force in all workers ─▶ commit
 *                          │              one refuses ───────▶ rollback
 *   a file changes ─▶ renew┘
 */
import type { BallastError } from '../../base/errors.ts';
import type { Plan } from '../../config/plan.ts';
import { closeFd } from '../../sys/sockets.ts';
import type { ProductLog } from '../product-log.ts';
import { EMPTY_SET, loadCertificateSet, type CertificateSet } from './certificate-set.ts';
import { needsRoots, needsStore } from './plan-files.ts';
import type { AcmeFiles } from './pair-sources.ts';
import { usualRoots } from './roots.ts';
import { NO_STORE, sealStore, type StoreRef } from './sealed-store.ts';

export type CertificatesOptions = {
  readonly log: ProductLog;
  readonly acmeFiles: AcmeFiles;
  /** Gives all workers another store under the plan in force; resolves when it is sent. */
  readonly tellWorkers: (store: StoreRef) => Promise<void>;
};

/** A store that is prepared and can still be taken back. */
export type StoreChange = {
  readonly store: StoreRef;
  /** Whether it is another store than the one in force. */
  readonly isNew: boolean;
  /** Makes the change final. Call when all workers have it. */
  readonly commit: () => void;
  /** Takes it back, unless it is final already. */
  readonly rollback: () => void;
};

export class Certificates {
  readonly #options: CertificatesOptions;
  readonly #log: ProductLog;
  #set: CertificateSet = EMPTY_SET;
  #store: StoreRef = NO_STORE;
  #hasRoots = false;
  #numbers = 0;

  constructor(options: CertificatesOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  /** The store in force. */
  get store(): StoreRef {
    return this.#store;
  }

  /** What the store in force was made from. */
  get set(): CertificateSet {
    return this.#set;
  }

  /**
   * Reads what a plan that is to come needs. Throws BallastError where something of it cannot be
   * used, and nothing has changed then.
   */
  async prepare(plan: Plan): Promise<StoreChange> {
    return this.#change(plan, true);
  }

  /** Reads what has changed on the disk; what cannot be used is replaced by what was there before. */
  async renew(plan: Plan): Promise<StoreChange> {
    return this.#change(plan, false);
  }

  /** Puts what has changed on the disk in force under the plan in force. Never rejects. */
  async refresh(plan: Plan | null): Promise<void> {
    if (plan === null) return;
    try {
      await this.use(await this.renew(plan));
    } catch (error) {
      this.#log.error(`certificates cannot be renewed: ${(error as Error).message}`);
    }
  }

  /** Puts a change in force under the plan in force. */
  async use({ isNew, store, commit }: StoreChange): Promise<void> {
    if (isNew) await this.#options.tellWorkers(store);
    commit();
  }

  /** Lets go of the store. Workers keep theirs. */
  stop(): void {
    this.#release(this.#store);
    this.#store = NO_STORE;
  }

  async #change(plan: Plan, isStrict: boolean): Promise<StoreChange> {
    const set = await loadCertificateSet({
      plan,
      before: this.#set,
      acmeFiles: this.#options.acmeFiles,
      isStrict,
    });
    const hasRoots = needsRoots(plan);
    const isNeeded = needsStore(plan);
    const isSame = !set.isChanged && hasRoots === this.#hasRoots;
    const isNew = isNeeded !== this.#store.number > 0 || (isNeeded && !isSame);
    const store = !isNew ? this.#store : isNeeded ? this.#seal(set, hasRoots) : NO_STORE;
    let isFinal = false;
    return {
      store,
      isNew,
      commit: () => {
        isFinal = true;
        if (isNew) this.#release(this.#store);
        this.#tell(set);
        this.#set = set;
        this.#store = store;
        this.#hasRoots = hasRoots;
      },
      rollback: () => {
        if (isNew && !isFinal) this.#release(store);
      },
    };
  }

  #seal(set: CertificateSet, hasRoots: boolean): StoreRef {
    const roots = hasRoots ? usualRoots() : null;
    const fd = sealStore({ set, roots, ocsp: () => null });
    return { number: ++this.#numbers, fd };
  }

  #release({ fd }: StoreRef): void {
    if (fd >= 0) closeFd(fd);
  }

  /** Logs what is new about a set: certificates and problems that were not there before. */
  #tell(set: CertificateSet): void {
    const before = new Set(this.#set.pairs);
    const came = set.pairs.filter((pair) => !before.has(pair));
    for (const { source, warnings } of came) {
      for (const warning of warnings) {
        this.#log.warn({ code: 'BAL_CERTIFICATE_WARNING', certificate: source.name }, warning);
      }
    }
    for (const problem of set.problems.values()) {
      if (this.#set.problems.get(problem.name)?.stamp === problem.stamp) continue;
      this.#logProblem(problem.name, problem.error, problem.isHeld);
    }
    if (set.isChanged) {
      const { size } = set.problems;
      const fields = { certificates: set.pairs.length, changed: came.length, broken: size };
      this.#log.info(fields, 'certificates are loaded');
    }
  }

  #logProblem(certificate: string, { code, message, hint }: BallastError, isHeld: boolean): void {
    const effect = isHeld ? 'the one before serves on' : 'it is not served';
    this.#log.error({ code, certificate, hint }, `${message}: ${effect}`);
  }
}
