/**
 * Keys of session tickets (RFC 5077, RFC 8446 §4.6.1): all workers share them, so that a session is
 * resumed wherever its next connection arrives. They are kept in the state folder, so that this
 * holds over a restart too, and never written anywhere else.
 *
 *   new ──12 h──▶ seals tickets ──24 h──▶ opens old ones ──▶ gone
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Plan } from '../../config/plan.ts';
import type { TicketKeysFrame } from '../../plane/worker-protocol.ts';
import type { ProductLog } from '../product-log.ts';
import { WholeFile } from '../whole-file.ts';

/** A key seals tickets for this long, in ms. */
export const ROTATE_MS = 12 * 3_600_000;
/** Keys that are kept: one seals, the others open what they sealed before. */
export const KEYS_KEPT = 3;
/** Name (16), HMAC (32) and AES (32). */
export const TICKET_KEY_BYTES = 80;
/** Name in the state folder. */
export const TICKET_KEYS_FILE = 'ticket-keys.json';

/** How often the age is looked at, in ms: timers do not follow the wall clock. */
const LOOK_MS = 600_000;
const FILE_BYTES_MAX = 64 << 10;
const FORMAT = 1;

/** Keys as they are kept and handed to a successor. Secret. */
export type KeptKeys = {
  readonly format: typeof FORMAT;
  /** The newest first; `createdAt` is ISO 8601, `key` Base64. */
  readonly keys: readonly { readonly createdAt: string; readonly key: string }[];
};

type Key = { readonly createdAt: number; readonly bytes: Buffer };

export type TicketKeysOptions = {
  readonly log: ProductLog;
  /** Gives all workers the keys, and those that start later. */
  readonly tell: (frame: TicketKeysFrame) => void;
  /** Wall clock in ms since the epoch. */
  readonly now?: () => number;
};

export class TicketKeys {
  readonly #options: TicketKeysOptions;
  readonly #now: () => number;
  #keys: Key[] = [];
  #file: WholeFile | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: TicketKeysOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Follows a plan: keys are made, or taken from its state folder, once a listener gives tickets.
   * Called before the plan is sent to the workers. Never throws.
   */
  use({ stateFolder, listeners }: Plan): void {
    const gives = listeners.some((one) => 'tls' in one && one.tls !== null && one.tls.tickets);
    if (!gives) return;
    const path = stateFolder === null ? null : join(stateFolder, TICKET_KEYS_FILE);
    const isMoved = path !== null && this.#file?.path !== path;
    if (path === null) this.#file = null;
    else if (isMoved) this.#file = new WholeFile(path, FILE_BYTES_MAX);
    const isNew = this.#keys.length === 0;
    if (isNew) this.#keys = this.#read();
    if (!this.#rotate() && isMoved) this.#save();
    if (isNew) this.#tell();
    this.#timer ??= setInterval(() => this.look(), LOOK_MS).unref();
  }

  /** Makes a new key where the newest has served its time. Called every few minutes. */
  look(): void {
    if (this.#rotate()) this.#tell();
  }

  /** For a successor that serves on with the same sessions. Secret: to be kept in memory. */
  exportKeys(): KeptKeys {
    const keys = this.#keys.map(({ createdAt, bytes }) => ({
      createdAt: new Date(createdAt).toISOString(),
      key: bytes.toString('base64'),
    }));
    return { format: FORMAT, keys };
  }

  /** Takes the keys of a predecessor, before the first plan. What makes no sense is left out. */
  importKeys(kept: unknown): void {
    this.#keys = keysOf(kept, this.#now());
    if (this.#keys.length > 0) this.#tell();
  }

  /** Forgets the keys. Workers keep theirs. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const { bytes } of this.#keys) bytes.fill(0);
    this.#keys = [];
  }

  /** Whether there is a new key. */
  #rotate(): boolean {
    const now = this.#now();
    const newest = this.#keys[0];
    // A clock that was set back is no reason to keep a key for ever.
    if (newest !== undefined && Math.abs(now - newest.createdAt) < ROTATE_MS) return false;
    this.#keys.unshift({ createdAt: now, bytes: randomBytes(TICKET_KEY_BYTES) });
    for (const { bytes } of this.#keys.splice(KEYS_KEPT)) bytes.fill(0);
    this.#save();
    return true;
  }

  #tell(): void {
    const keys = this.#keys.map(({ bytes }) => bytes.toString('base64'));
    this.#options.tell({ type: 'ticket-keys', keys });
  }

  #read(): Key[] {
    if (this.#file === null) return [];
    try {
      const text = this.#file.read();
      return text === null ? [] : keysOf(JSON.parse(text), this.#now());
    } catch (error) {
      // The words of a parser may hold a part of the file: a name says enough.
      const why = (error as NodeJS.ErrnoException).code ?? (error as Error).name;
      const { path } = this.#file;
      this.#options.log.warn({ why }, `ticket keys in "${path}" cannot be used: new ones are made`);
      return [];
    }
  }

  #save(): void {
    void this.#file
      ?.save(() => `${JSON.stringify(this.exportKeys())}\n`)
      .then((fault) => {
        if (fault === null) return;
        this.#options.log.warn(`ticket keys cannot be kept: ${fault}: sessions end with a restart`);
      });
  }
}

/** Keys that are not older than they may be. */
function keysOf(kept: unknown, now: number): Key[] {
  const { format, keys } = (kept ?? {}) as Partial<KeptKeys>;
  if (format !== FORMAT || !Array.isArray(keys)) return [];
  const found: Key[] = [];
  type Given = { readonly createdAt?: unknown; readonly key?: unknown } | null;
  for (const one of keys.slice(0, KEYS_KEPT) as Given[]) {
    const { createdAt, key } = one ?? {};
    const bytes = Buffer.from(String(key), 'base64');
    const at = Date.parse(String(createdAt));
    const isOld = !(Math.abs(now - at) < KEYS_KEPT * ROTATE_MS);
    if (bytes.length === TICKET_KEY_BYTES && !isOld) found.push({ createdAt: at, bytes });
  }
  return found;
}
