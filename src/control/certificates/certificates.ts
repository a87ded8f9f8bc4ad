/**
 * Certificates and keys, as the supervisor sees them: read from files, put into a sealed memory file
 * that the workers map, and replaced when the files change.
 *
 *   plan of the file ─▶ prepare ─▶ in force in all workers ─▶ commit
 *                          │              one refuses ───────▶ rollback
 *   a file changes ─▶ refresh
 */
import type { Plan } from '../../config/plan.ts';
import type { TicketKeysFrame } from '../../plane/worker-protocol.ts';
import { closeFd } from '../../sys/sockets.ts';
import type { MetricFamily } from '../metric-family.ts';
import type { ProductLog } from '../product-log.ts';
import { EMPTY_SET, loadCertificateSet, type CertificateSet } from './certificate-set.ts';
import {
  certificateFamilies,
  certificatesStatus,
  certificateStatuses,
  type CertificatesStatus,
  type CertificateStatus,
  type StatusInput,
} from './certificate-status.ts';
import { ExpiryWatch } from './expiry-watch.ts';
import { FileWatch } from './file-watch.ts';
import { OcspStaples } from './ocsp-staples.ts';
import type { AcmeFiles } from './pair-sources.ts';
import { needsRoots, needsStore } from './plan-files.ts';
import { usualRoots } from './roots.ts';
import { NO_STORE, sealStore, type StoreRef } from './sealed-store.ts';
import { SetReporter } from './set-reporter.ts';
import { filesToWrite, writePair, type GivenPair } from './write-pair.ts';
import { TicketKeys } from './ticket-keys.ts';

export type CertificatesOptions = {
  readonly log: ProductLog;
  readonly acmeFiles: AcmeFiles;
  readonly workers: {
    /** Gives all workers another store under the plan in force; resolves when it is sent. */
    readonly changeStore: (store: StoreRef) => Promise<void>;
    /** Gives all workers, and those that start later, the keys of tickets. */
    readonly tellStanding: (keys: TicketKeysFrame) => void;
  };
  /** The plan of the file that is in force; null before there is one. */
  readonly plan: () => Plan | null;
  /** Runs a job while no plan is changed. */
  readonly alone: <T>(job: () => Promise<T>) => Promise<T>;
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

/** What came of looking at the files. */
export type RefreshReport = {
  readonly changed: boolean;
  /** Names of certificates and files that cannot be used, with the reason. */
  readonly problems: readonly { readonly name: string; readonly message: string }[];
};

/** How often the ends of certificates are looked at, in ms. */
const EXPIRY_LOOK_MS = 600_000;

export class Certificates {
  readonly ticketKeys: TicketKeys;
  readonly #options: CertificatesOptions;
  readonly #reporter: SetReporter;
  readonly #expiry: ExpiryWatch;
  readonly #files: FileWatch;
  readonly #staples: OcspStaples;
  #expiryTimer: NodeJS.Timeout | null = null;
  #set: CertificateSet = EMPTY_SET;
  #store: StoreRef = NO_STORE;
  #hasRoots = false;
  /** Version of the OCSP responses in the store. */
  #stapled = 0;
  #numbers = 0;

  constructor(options: CertificatesOptions) {
    const { log, workers } = options;
    this.#options = options;
    this.#reporter = new SetReporter(log);
    this.#expiry = new ExpiryWatch(log);
    this.#staples = new OcspStaples({ log });
    this.ticketKeys = new TicketKeys({ log, tell: (frame) => workers.tellStanding(frame) });
    this.#files = new FileWatch({ log, look: () => this.#look() });
  }

  /** The store in force. */
  get store(): StoreRef {
    return this.#store;
  }

  /**
   * Reads what a plan that is to come needs. Throws BallastError where something of it cannot be
   * used, and nothing has changed then.
   */
  async prepare(plan: Plan): Promise<StoreChange> {
    const change = await this.#change(plan, { isStrict: true, isAsked: true });
    this.ticketKeys.use(plan);
    return change;
  }

  /** Puts a change in force under the plan in force. */
  async use({ isNew, store, commit }: StoreChange): Promise<void> {
    if (isNew) await this.#options.workers.changeStore(store);
    commit();
  }

  /** Follows the files from now on. Called when the first plan is in force. */
  watch(): void {
    this.#files.start();
    const look = (): void => this.#expiry.look(this.#set.pairs, Date.now());
    this.#expiryTimer ??= setInterval(look, EXPIRY_LOOK_MS).unref();
  }

  /**
   * Reads what has changed on the disk and puts it in force; what cannot be used stays as it was.
   * Never rejects.
   */
  async refresh(): Promise<RefreshReport> {
    try {
      return await this.#renew(true);
    } catch (error) {
      const { message } = error as Error;
      this.#options.log.error(`certificates cannot be read anew: ${message}`);
      return { changed: false, problems: [{ name: '', message }] };
    }
  }

  /**
   * Writes a pair that somebody has given to the files of a certificate (`shop`, or `site/shop` in a
   * folder) and puts it in force. Throws BallastError and changes nothing where it cannot be used.
   */
  async put(name: string, given: GivenPair): Promise<RefreshReport> {
    const files = filesToWrite(name, this.#options.plan()?.certificates ?? []);
    writePair(files, given);
    return this.refresh();
  }

  /** All certificates: broken ones first, then those that end first. */
  list(): CertificateStatus[] {
    return certificateStatuses(this.#statusInput());
  }

  /** The bounded part of the status. */
  status(): CertificatesStatus {
    return certificatesStatus(this.#statusInput());
  }

  families(): MetricFamily[] {
    return certificateFamilies(this.#statusInput());
  }

  /** Ends all timers and lets go of the store and the keys. Workers keep theirs. */
  stop(): void {
    this.#files.stop();
    if (this.#expiryTimer !== null) clearInterval(this.#expiryTimer);
    this.ticketKeys.stop();
    this.#staples.stop();
    this.#release(this.#store);
    this.#store = NO_STORE;
  }

  #statusInput(): StatusInput {
    const plans = this.#options.plan()?.certificates ?? [];
    return { set: this.#set, plans, staples: this.#staples, now: Date.now() };
  }

  /** Whether all files can be used. */
  async #look(): Promise<boolean> {
    const plan = this.#options.plan();
    if (plan === null || !needsStore(plan)) return true;
    this.#staples.look();
    return (await this.#renew(false)).problems.length === 0;
  }

  #renew(isAsked: boolean): Promise<RefreshReport> {
    return this.#options.alone(async () => {
      const plan = this.#options.plan();
      if (plan === null || this.#files.isStopped) return { changed: false, problems: [] };
      const change = await this.#change(plan, { isStrict: false, isAsked });
      await this.use(change);
      const problems = [...this.#set.problems.values()].map(({ name, error }) => {
        return { name, message: error.message };
      });
      return { changed: change.isNew, problems };
    });
  }

  async #change(
    plan: Plan,
    { isStrict, isAsked }: { isStrict: boolean; isAsked: boolean },
  ): Promise<StoreChange> {
    const { acmeFiles } = this.#options;
    const set = await loadCertificateSet({ plan, before: this.#set, acmeFiles, isStrict });
    const hasRoots = needsRoots(plan);
    const isNeeded = needsStore(plan);
    await this.#staples.use(plan, set.pairs);
    const stapled = this.#staples.version;
    const isSame = !set.isChanged && hasRoots === this.#hasRoots && stapled === this.#stapled;
    const isNew = isNeeded !== this.#store.number > 0 || (isNeeded && !isSame);
    const store = !isNew ? this.#store : isNeeded ? this.#seal(set, hasRoots) : NO_STORE;
    let isFinal = false;
    return {
      store,
      isNew,
      commit: () => {
        isFinal = true;
        if (isNew) this.#release(this.#store);
        this.#set = set;
        this.#store = store;
        this.#hasRoots = hasRoots;
        this.#stapled = stapled;
        this.#reporter.report(set, { isAsked, now: Date.now() });
        this.#expiry.look(set.pairs, Date.now());
      },
      rollback: () => {
        if (isNew && !isFinal) this.#release(store);
      },
    };
  }

  #seal(set: CertificateSet, hasRoots: boolean): StoreRef {
    const roots = hasRoots ? usualRoots() : null;
    const fd = sealStore({ set, roots, ocsp: (fingerprint) => this.#staples.staple(fingerprint) });
    return { number: ++this.#numbers, fd };
  }

  #release({ fd }: StoreRef): void {
    if (fd >= 0) closeFd(fd);
  }
}
