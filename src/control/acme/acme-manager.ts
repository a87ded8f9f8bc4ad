/**
 * Certificates by ACME: obtained, kept in the state folder and renewed by themselves. When that is
 * done is decided by the machine (src/machine/acme-renewal.ts); here its effects are carried out.
 */
import { createHash } from 'node:crypto';
import { setImmediate as rest, setTimeout as pause } from 'node:timers/promises';
import type { AcmePlan } from '../../config/plan-tls.ts';
import type { Plan } from '../../config/plan.ts';
import {
  NO_CERTIFICATES,
  renewalAtMs,
  step,
  type AcmeEffect,
  type AcmeEvent,
  type AcmeNow,
  type AcmeState,
  type HeldCertificate,
  type KeptTries,
  type WantedCertificate,
} from '../../machine/acme-renewal.ts';
import type { ChallengesFrame } from '../../plane/worker-protocol.ts';
import type { NewEvent } from '../event-book.ts';
import type { ProductLog } from '../product-log.ts';
import { Serial } from '../serial.ts';
import { AcmeError } from './acme-error.ts';
import { failedEvent, obtainedEvent } from './acme-events.ts';
import { acmeStatus, type AcmeCounters, type AcmeStatus } from './acme-view.ts';
import { checkObtained, fingerprintOf, heldOf, readHeld, writeHeld } from './held-certificate.ts';
import type { KeptFile } from './kept-file.ts';
import { orderInThread } from './order-thread.ts';
import type { Obtained } from './order.ts';
import {
  freshOrder,
  holdLeftMs,
  NO_CHALLENGES,
  triesFile,
  untried,
  withOrigin,
  type Challenges,
  type Tries,
} from './tries.ts';

export type AcmeOptions = {
  readonly log: ProductLog;
  readonly productVersion: string;
  /** Gives the workers the challenges that they answer from now on. */
  readonly tell: (challenges: ChallengesFrame) => void;
  /** Resolves with whether all workers have taken what they were told. */
  readonly told: (limitMs: number) => Promise<boolean>;
  readonly onEvent: (event: NewEvent) => void;
  /** A new certificate is on the disk. */
  readonly onObtained: () => void;
};

/** What is known of a certificate beside its state. */
type Known = {
  readonly plan: AcmePlan;
  readonly stateFolder: string;
  wanted: WantedCertificate;
  readonly file: KeptFile<Tries>;
  tries: Tries;
};

type Running = { readonly cancel: AbortController; readonly done: Promise<void> };

const DAY_MS = 86_400_000;
/** An order has this long to end when the process does, in ms. */
const STOP_LIMIT_MS = 1_000;
/** The workers have this long to take challenges, in ms. */
const TOLD_LIMIT_MS = 5_000;
/** Work between two rests while files are read, in ms. */
const SLICE_MS = 8;
/** A failure is an error, and no warning, where the certificate ends so soon. */
const URGENT_MS = 7 * DAY_MS;

export class AcmeManager {
  readonly counters: AcmeCounters = { obtained: 0, failures: new Map() };
  readonly #options: AcmeOptions;
  readonly #log: ProductLog;
  readonly #plans = new Serial();
  #known: ReadonlyMap<string, Known> = new Map();
  #state: AcmeState = NO_CERTIFICATES;
  #timer: NodeJS.Timeout | undefined;
  #running: Running | null = null;
  #isStopped = false;

  constructor(options: AcmeOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  /**
   * Before the workers start with a plan: what an order that was left amid may still be asked for is
   * answered from the first connection on. Never rejects.
   */
  prepare(plan: Plan): Promise<void> {
    return this.#plans.run(async () => {
      this.#known = await this.#read(plan);
      const orders = [...this.#known.values()].flatMap(
        ({ tries }) => freshOrder(tries, Date.now()) ?? [],
      );
      const http = orders.flatMap(({ challenges }) => challenges.http);
      const tls = orders.flatMap(({ challenges }) => challenges.tls);
      if (orders.length > 0) this.#options.tell({ type: 'challenges', http, tls });
    });
  }

  /**
   * This plan is in force: its certificates are looked after from now on. `retries` is set where
   * somebody asked for it, who may have mended what was wrong. Never rejects.
   */
  use(plan: Plan, retries = false): Promise<void> {
    return this.#plans.run(async () => {
      const known = await this.#read(plan);
      if (this.#isStopped) return;
      this.#known = known;
      this.#send({ kind: 'plan', wanted: [...known.values()].map(({ wanted }) => wanted) });
      if (retries) this.#send({ kind: 'retry' });
    });
  }

  /** Ends what is under way, so that a later process can go on with it. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    const { running } = this.#state;
    this.#running?.cancel.abort();
    // A disk that hangs must not keep the process.
    await Promise.race([this.#running?.done, pause(STOP_LIMIT_MS, undefined, { ref: false })]);
    const entry = running === null ? undefined : this.#state.entries.get(running.key);
    // It is not interrupted any more.
    if (entry !== undefined) await this.#keep(entry.key, entry.kept);
  }

  /** All certificates, in the order of the plan. */
  status(): AcmeStatus[] {
    const now = clocks();
    return [...this.#state.entries.values()].map((entry) => {
      const { plan, tries } = this.#known.get(entry.key)!;
      return acmeStatus(this.#state, entry, { plan, lastError: tries.lastError }, now);
    });
  }

  /** The certificates of a plan with what the disk has of them. */
  async #read({ certificates, stateFolder }: Plan): Promise<Map<string, Known>> {
    const known = new Map<string, Known>();
    let sliceEnd = performance.now() + SLICE_MS;
    for (const { key, source } of certificates) {
      if (source.kind !== 'acme') continue;
      if (stateFolder === null) {
        this.#log.error({ code: 'BAL_ACME_STATE' }, `"${key}" needs a folder "state"`);
        continue;
      }
      known.set(key, this.#readOne(key, source.acme, stateFolder));
      if (performance.now() < sliceEnd) continue;
      await rest();
      sliceEnd = performance.now() + SLICE_MS;
    }
    return known;
  }

  #readOne(key: string, plan: AcmePlan, stateFolder: string): Known {
    const version = versionOf(plan, stateFolder);
    const before = this.#known.get(key);
    if (before?.wanted.version === version) {
      // Somebody may have taken the file away, so that another one is obtained.
      const held = readHeld(stateFolder, key, plan, before.tries);
      before.wanted = { ...before.wanted, held };
      return before;
    }
    const file = triesFile(stateFolder, key);
    const kept = this.#readTries(file);
    const isSame = kept?.version === version;
    const tries = isSame ? kept : { ...untried(version), origins: kept?.origins ?? [] };
    const { failures, interruptions, isHoldAsked } = tries;
    const wanted: WantedCertificate = {
      key,
      version,
      directory: plan.directory,
      renewMs: plan.renewDays * DAY_MS,
      held: readHeld(stateFolder, key, plan, tries),
      kept: { failures, interruptions, isHoldAsked, holdMs: holdLeftMs(tries, Date.now()) },
    };
    return { plan, stateFolder, wanted, file, tries };
  }

  #readTries(file: KeptFile<Tries>): Tries | null {
    try {
      return file.read((warning) => this.#log.warn(`tries of ACME: ${warning}`));
    } catch (error) {
      // Writing it will fail as well, before anything is ordered.
      this.#log.warn((error as Error).message);
      return null;
    }
  }

  #send(event: AcmeEvent): void {
    const { state, effects } = step(this.#state, event, clocks());
    this.#state = state;
    let kept: Promise<AcmeError | null> = Promise.resolve(null);
    for (const effect of effects) kept = this.#carryOut(effect, kept);
  }

  #carryOut(effect: AcmeEffect, kept: Promise<AcmeError | null>): Promise<AcmeError | null> {
    if (this.#isStopped) return kept;
    switch (effect.kind) {
      case 'keep':
        return this.#keep(effect.key, effect.kept);
      case 'arm':
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#send({ kind: 'tick' }), Math.ceil(effect.afterMs));
        return kept;
      case 'cancel':
        this.#running?.cancel.abort();
        return kept;
      case 'begin': {
        const cancel = new AbortController();
        this.#running = { cancel, done: this.#order(effect.key, kept, cancel.signal) };
        return kept;
      }
    }
  }

  /** Resolves when it is on the disk, or with why it is not. */
  async #keep(key: string, kept: KeptTries): Promise<AcmeError | null> {
    const known = this.#known.get(key);
    if (known === undefined) return null;
    known.tries = { ...known.tries, ...kept, at: Date.now() };
    try {
      await known.file.write(known.tries);
      return null;
    } catch (error) {
      return error as AcmeError;
    }
  }

  /** Runs one order, and sends what came of it. Never rejects. */
  async #order(
    key: string,
    kept: Promise<AcmeError | null>,
    cancelled: AbortSignal,
  ): Promise<void> {
    const known = this.#known.get(key)!;
    const { plan } = known;
    this.#log.info({ certificate: key, names: plan.names }, 'a certificate is ordered');
    let ending: AcmeEvent;
    try {
      const failure = await kept;
      if (failure !== null) throw failure;
      ending = { kind: 'obtained', held: await this.#obtain(key, known, cancelled) };
    } catch (error) {
      ending = cancelled.aborted ? { kind: 'cancelled' } : this.#failed(known, error as AcmeError);
    }
    this.#running = null;
    this.#send(ending);
  }

  async #obtain(key: string, known: Known, cancelled: AbortSignal): Promise<HeldCertificate> {
    const { plan, stateFolder, file } = known;
    const obtained = await this.#run(known, cancelled);
    const x509 = checkObtained(obtained, plan);
    cancelled.throwIfAborted();
    known.tries = withOrigin(known.tries, fingerprintOf(x509), plan.directory);
    await file.write(known.tries);
    await writeHeld(stateFolder, key, obtained);
    // From here on it serves, whatever comes.
    const held = heldOf(x509, plan, known.tries);
    known.tries = { ...known.tries, pending: null, lastError: null };
    this.counters.obtained += 1;
    const { validTo: notAfter } = x509;
    this.#log.info({ certificate: key, names: plan.names, notAfter }, 'a certificate was obtained');
    this.#options.onEvent(obtainedEvent(key, this.#heldOf(key) === null, `valid to ${notAfter}`));
    this.#checkClock(known, held);
    if (!this.#isStopped) this.#options.onObtained();
    return held;
  }

  async #run(known: Known, cancelled: AbortSignal): Promise<Obtained> {
    const { plan, stateFolder, file } = known;
    const { productVersion } = this.#options;
    const pending = freshOrder(known.tries, Date.now());
    try {
      return await orderInThread({
        job: { plan, stateFolder, userAgent: `ballast/${productVersion}`, pending },
        host: {
          log: this.#log,
          keep: async (order) => {
            known.tries = { ...known.tries, pending: order };
            await file.write(known.tries);
          },
          answer: (challenges) => this.#tell(challenges),
        },
        cancelled,
      });
    } finally {
      this.#options.tell({ type: 'challenges', ...NO_CHALLENGES });
    }
  }

  /** Resolves when all workers answer these challenges. */
  async #tell(challenges: Challenges): Promise<void> {
    this.#options.tell({ type: 'challenges', ...challenges });
    if (await this.#options.told(TOLD_LIMIT_MS)) return;
    const what = `not all workers have taken the challenges within ${TOLD_LIMIT_MS / 1_000} s`;
    // Nobody was asked to look at them yet.
    throw new AcmeError('BAL_ACME_WORKERS', what, { scope: 'directory' });
  }

  /** The machine takes it for a failure; here is why, for people. */
  #checkClock(known: Known, held: HeldCertificate): void {
    const { wanted } = known;
    if (renewalAtMs(held, wanted.renewMs) > Date.now()) return;
    const message = `the new certificate "${wanted.key}" would have to be renewed at once`;
    const error = new AcmeError('BAL_ACME_CLOCK', message, {
      hint: 'set the clock of this machine',
    });
    this.#failed(known, error);
  }

  /** What serves now, as the machine knows it. */
  #heldOf(key: string): HeldCertificate | null {
    return this.#state.entries.get(key)?.held ?? null;
  }

  #failed(known: Known, error: AcmeError): AcmeEvent {
    const { code, message, hint = '', scope, retryAfterMs } = error;
    const { key } = known.wanted;
    const { failures } = this.counters;
    failures.set(code, (failures.get(code) ?? 0) + 1);
    // One that failed is of no use any more; one that nobody could be asked for may be.
    const isOpen = scope === 'directory' || code === 'BAL_ACME_TIMEOUT';
    const lastError = { at: new Date().toISOString(), code, message, hint };
    known.tries = { ...known.tries, lastError, ...(isOpen ? {} : { pending: null }) };
    const held = this.#heldOf(key);
    this.#options.onEvent(failedEvent(key, held === null, error));
    const isUrgent = held === null || held.notAfterMs - Date.now() < URGENT_MS;
    const fields = { certificate: key, code, ...(hint === '' ? {} : { hint }) };
    this.#log[isUrgent ? 'error' : 'warn'](fields, message);
    return { kind: 'failed', scope, retryAfterMs };
  }
}

function clocks(): AcmeNow {
  return { wallMs: Date.now(), steadyMs: performance.now(), random: Math.random() };
}

/** Changes when anything about the certificate does. */
function versionOf(plan: AcmePlan, stateFolder: string): string {
  return createHash('sha256')
    .update(JSON.stringify([plan, stateFolder]))
    .digest('hex')
    .slice(0, 32);
}
