/**
 * OCSP responses for the certificates that are served: from files, or asked of the responders that
 * the certificates name, kept in the state folder, renewed at half of their time. One that does not
 * hold is not stapled; whatever fails here, the certificate is served.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as rest } from 'node:timers/promises';
import { OCSP_BYTES_MAX } from '../../codec/ocsp.ts';
import type { OcspPlan } from '../../config/plan-tls.ts';
import type { Plan } from '../../config/plan.ts';
import type { ProductLog } from '../product-log.ts';
import { WholeFile } from '../whole-file.ts';
import { checkOcsp, ocspSubject, type OcspSubject, type Staple } from './ocsp-check.ts';
import { fetchOcsp } from './ocsp-fetch.ts';
import { fileStamp, readPemFile } from './read-pem-file.ts';
import type { Pair } from './read-pair.ts';

/** Responders that are asked at once. */
export const ASKED_MAX = 4;
/** After a failure a responder is asked again after this time, doubled each time up to the most. */
export const RETRY_MIN_MS = 60_000;
export const RETRY_MAX_MS = 3_600_000;
/** A response is not renewed sooner than this. */
const RENEW_MIN_MS = 10_000;
/** Folder in the state folder. */
const FOLDER = 'ocsp';
/** Base64 in a file of its own. */
const CACHE_BYTES_MAX = 2 * OCSP_BYTES_MAX;
const SLICE_MS = 8;

/** How stapling goes for a certificate. */
export type OcspView = {
  readonly state: 'off' | 'stapled' | 'missing';
  /** Until when the response holds, ISO 8601; "" without one. */
  readonly until: string;
  /** Why there is none, or no newer one; "" where all is well. */
  readonly problem: string;
};

type Source = Exclude<OcspPlan, { kind: 'off' }>;

type Entry = {
  readonly name: string;
  readonly fingerprint: string;
  readonly source: Source;
  readonly url: string;
  readonly subject: OcspSubject | null;
  readonly cache: WholeFile | null;
  staple: Staple | null;
  /** Of the file. */
  stamp: string;
  /** When to ask, in ms since the epoch. */
  dueAt: number;
  failures: number;
  isAsked: boolean;
  problem: string;
};

export type OcspOptions = {
  readonly log: ProductLog;
  /** Wall clock in ms since the epoch. */
  readonly now?: () => number;
  readonly fetch?: typeof fetchOcsp;
};

export class OcspStaples {
  /** Goes up with each response that comes or goes. */
  version = 0;
  failures = 0;
  readonly #log: ProductLog;
  readonly #now: () => number;
  readonly #fetch: typeof fetchOcsp;
  #entries = new Map<string, Entry>();
  #asked = 0;
  #isStopped = false;

  constructor({ log, now = Date.now, fetch = fetchOcsp }: OcspOptions) {
    this.#log = log;
    this.#now = now;
    this.#fetch = fetch;
  }

  /** Follows these certificates from now on; reads files and what is kept. Never rejects. */
  async use({ certificates, stateFolder }: Plan, pairs: readonly Pair[]): Promise<void> {
    const sources = new Map(certificates.map(({ key, ocsp }) => [key, ocsp]));
    const folder = stateFolder === null ? null : join(stateFolder, FOLDER);
    const entries = new Map<string, Entry>();
    let sliceEnd = performance.now() + SLICE_MS;
    for (const pair of pairs) {
      const source = sources.get(pair.source.key);
      if (source === undefined || source.kind === 'off') continue;
      const known = this.#entries.get(pair.fingerprint);
      const isSame = known !== undefined && isSameSource(known.source, source);
      const entry = isSame ? known : this.#begin(pair, source, folder);
      entries.set(pair.fingerprint, entry);
      if (source.kind === 'file') this.#readFile(entry, source.path);
      if (performance.now() < sliceEnd) continue;
      await rest();
      sliceEnd = performance.now() + SLICE_MS;
    }
    const isOther = entries.size !== this.#entries.size;
    this.#entries = entries;
    if (isOther && folder !== null) removeOthers(folder, entries);
    this.look();
  }

  /** Drops what has expired and asks what is due. Called every few seconds. */
  look(): void {
    const now = this.#now();
    for (const entry of this.#entries.values()) {
      if (entry.staple !== null && entry.staple.nextUpdate <= now) this.#drop(entry);
      // A clock that was set back far is no reason to wait for it.
      const isDue = entry.dueAt <= now || entry.dueAt > now + WAIT_MAX_MS;
      if (entry.source.kind !== 'fetch' || entry.isAsked || !isDue) continue;
      if (this.#asked < ASKED_MAX && !this.#isStopped) void this.#ask(entry);
    }
  }

  /** The response for a certificate by its fingerprint, DER; null without one. */
  staple(fingerprint: string): Uint8Array | null {
    return this.#entries.get(fingerprint)?.staple?.bytes ?? null;
  }

  view(fingerprint: string): OcspView {
    const entry = this.#entries.get(fingerprint);
    if (entry === undefined) return { state: 'off', until: '', problem: '' };
    const { staple, problem } = entry;
    if (staple === null) return { state: 'missing', until: '', problem };
    return { state: 'stapled', until: new Date(staple.nextUpdate).toISOString(), problem };
  }

  stop(): void {
    this.#isStopped = true;
  }

  #begin(pair: Pair, source: Source, folder: string | null): Entry {
    const { fingerprint, ocspUrl } = pair;
    const path = folder === null ? null : join(folder, fingerprint);
    const entry: Entry = {
      name: pair.source.name,
      fingerprint,
      source,
      url: ocspUrl,
      subject: ocspSubject(pair),
      cache: path === null ? null : new WholeFile(path, CACHE_BYTES_MAX),
      staple: null,
      stamp: '',
      dueAt: 0,
      failures: 0,
      isAsked: false,
      problem: '',
    };
    if (source.kind === 'fetch') this.#readCache(entry);
    return entry;
  }

  #readCache(entry: Entry): void {
    if (entry.subject === null || entry.cache === null) return;
    try {
      const text = entry.cache.read();
      if (text === null) return;
      const check = checkOcsp(Buffer.from(text, 'base64'), entry.subject, this.#now());
      if (!check.ok) return;
      this.#set(entry, check.staple);
      entry.dueAt = this.#renewAt(check.staple);
    } catch {
      // What is kept is there to save a question: it is asked then.
    }
  }

  #readFile(entry: Entry, path: string): void {
    const stamp = fileStamp(path);
    if (stamp === entry.stamp && entry.stamp !== '') return;
    entry.stamp = stamp;
    try {
      this.#take(entry, readPemFile('the OCSP response', path).bytes, `"${path}"`);
    } catch (error) {
      this.#failed(entry, (error as Error).message);
    }
  }

  async #ask(entry: Entry): Promise<void> {
    entry.isAsked = true;
    this.#asked += 1;
    try {
      if (entry.url === '') throw new Error('the certificate names no responder');
      if (entry.subject === null) throw new Error('its chain does not hold the issuer');
      const bytes = await this.#fetch(entry.url, entry.subject.id);
      this.#take(entry, bytes, `the response of ${entry.url}`);
    } catch (error) {
      this.#failed(entry, (error as Error).message);
    }
    entry.isAsked = false;
    this.#asked -= 1;
    if (!this.#isStopped) this.look();
  }

  #take(entry: Entry, bytes: Uint8Array, from: string): void {
    if (entry.subject === null) throw new Error('its chain does not hold the issuer');
    const check = checkOcsp(bytes, entry.subject, this.#now());
    if (!check.ok) throw new Error(`${from} cannot be stapled: ${check.why}`);
    this.#set(entry, check.staple);
    entry.failures = 0;
    entry.dueAt = this.#renewAt(check.staple);
    if (entry.problem !== '') {
      this.#log.info({ certificate: entry.name }, `OCSP for "${entry.name}" is well again`);
      entry.problem = '';
    }
    if (entry.source.kind === 'fetch') {
      void entry.cache?.save(() => Buffer.from(bytes).toString('base64'));
    }
  }

  #failed(entry: Entry, why: string): void {
    this.failures += 1;
    const waitMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** entry.failures);
    entry.failures += 1;
    entry.dueAt = this.#now() + waitMs * (1 + Math.random() / 4);
    if (entry.problem === why) return;
    entry.problem = why;
    const effect = entry.staple === null ? 'nothing is stapled' : 'the one before is stapled still';
    const fields = { code: 'BAL_CERTIFICATE_OCSP', certificate: entry.name };
    this.#log.warn(fields, `no OCSP response for "${entry.name}": ${why}: ${effect}`);
  }

  #drop(entry: Entry): void {
    this.#set(entry, null);
    if (entry.problem === '') this.#failed(entry, 'the one there was has expired');
  }

  #set(entry: Entry, staple: Staple | null): void {
    entry.staple = staple;
    this.version += 1;
  }

  /** At half of the time that a response holds, spread a little. */
  #renewAt({ thisUpdate, nextUpdate }: Staple): number {
    const now = this.#now();
    const half = (thisUpdate + nextUpdate) / 2;
    const waitMs = half > now ? half - now : Math.min(RETRY_MAX_MS, (nextUpdate - now) / 2);
    return now + Math.max(RENEW_MIN_MS, waitMs * (1 + Math.random() / 10));
  }
}

/** Longest wait for the next question, in ms: responses hold for a week or two. */
const WAIT_MAX_MS = 30 * 86_400_000;

function isSameSource(a: Source, b: Source): boolean {
  return a.kind === b.kind && (a.kind === 'fetch' || b.kind === 'fetch' || a.path === b.path);
}

/** Responses for certificates that are not served any more. */
function removeOthers(folder: string, entries: ReadonlyMap<string, unknown>): void {
  try {
    for (const name of readdirSync(folder)) {
      if (/^[0-9a-f]{64}$/.test(name) && !entries.has(name)) rmSync(join(folder, name));
    }
  } catch {
    // No folder yet, or not ours to tidy up.
  }
}
