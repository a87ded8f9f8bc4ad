/** Signs the advertisements of one entry, and says which of others are to be believed. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BallastError } from '../base/errors.ts';
import type { AdvertFault } from '../codec/vrrp/decode.ts';
import { AUTH_KEY_BYTES, decodeTrailer, encodeTrailer, isLater } from '../codec/vrrp/auth-hmac.ts';
import { isSignedBy, sequenceAt, type Hmac, type SignedFrom } from '../codec/vrrp/auth-hmac.ts';
import type { VrrpAuthPlan } from '../config/plan-addresses.ts';

/** Nodes whose last sequence number is known; past it, the one heard longest ago is forgotten. */
const PEERS_MAX = 32;
/** A signature may be so old with `replay: time`: three intervals, in ms at least. */
const WINDOW = { intervals: 3, ms: 5_000 } as const;
/** Longest file of a key that is read. */
const FILE_BYTES_MAX = 1_024;

const hmac: Hmac = (key, bytes) => createHmac('sha256', key).update(bytes).digest();

export class AdvertAuth {
  readonly #plan: VrrpAuthPlan;
  readonly #keys: ReadonlyMap<number, Uint8Array>;
  readonly #last = new Map<string, bigint>();
  #sent = 0n;

  /** Reads the keys. Throws BAL_ADDRESS_KEY. */
  constructor(plan: VrrpAuthPlan) {
    this.#plan = plan;
    this.#keys = new Map(plan.keys.map(({ id, file }) => [id, readKey(file)]));
  }

  /** What is sent in place of `advert`. */
  sign(advert: Uint8Array, from: SignedFrom): Uint8Array {
    const [first] = this.#plan.keys;
    if (this.#plan.mode === 'receive-only' || first === undefined) return advert;
    const now = sequenceAt(Date.now());
    // The clock may stand still, or have been set back.
    this.#sent = isLater(now, this.#sent) ? now : BigInt.asUintN(64, this.#sent + 1n);
    const trailer = { keyId: first.id, sequence: this.#sent };
    const key = this.#keys.get(first.id)!;
    return Buffer.concat([advert, encodeTrailer(advert, trailer, from, { key, hmac })]);
  }

  /**
   * Why an advertisement is not to be believed; null: it is. `message` begins with the advertisement,
   * `length` bytes of it.
   */
  check(
    message: Uint8Array,
    length: number,
    from: SignedFrom,
    about: { readonly peer: string; readonly intervalMs: number },
  ): AdvertFault | null {
    const bytes = message.subarray(length);
    const trailer = decodeTrailer(bytes);
    const { mode, replay } = this.#plan;
    if (trailer === null) return mode === 'enforce' ? 'auth-missing' : null;
    const windowMs = Math.max(WINDOW.ms, WINDOW.intervals * about.intervalMs);
    const ageMs = Date.now() - Number(trailer.sequence >> 32n) * 1_000;
    // Before the work of a digest: a flood of old ones is to cost little.
    if (replay === 'time' && Math.abs(ageMs) > windowMs) return 'auth-replay';
    const key = this.#keys.get(trailer.keyId);
    const advert = message.subarray(0, length);
    if (key === undefined || !isSignedBy(advert, bytes, from, { key, hmac })) return 'auth-wrong';
    const last = this.#last.get(about.peer);
    if (last !== undefined && !isLater(trailer.sequence, last)) return 'auth-replay';
    this.#note(about.peer, trailer.sequence);
    return null;
  }

  /** While keys are being handed out, what is wrong is told and still believed. */
  get isLenient(): boolean {
    return this.#plan.mode === 'receive-only';
  }

  #note(peer: string, sequence: bigint): void {
    this.#last.delete(peer);
    if (this.#last.size >= PEERS_MAX) {
      const [oldest] = this.#last.keys();
      this.#last.delete(oldest!);
    }
    this.#last.set(peer, sequence);
  }
}

function readKey(file: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(file, 'latin1').slice(0, FILE_BYTES_MAX).trim();
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'error';
    throw new BallastError(
      'BAL_ADDRESS_KEY',
      `cannot read the key of advertisements ${file}: ${why}`,
    );
  }
  const { min, max } = AUTH_KEY_BYTES;
  if (/^([0-9a-f]{2})+$/i.test(text) && text.length >= 2 * min && text.length <= 2 * max) {
    return Buffer.from(text, 'hex');
  }
  throw new BallastError(
    'BAL_ADDRESS_KEY',
    `${file} is no key of advertisements: ${min} to ${max} bytes in hexadecimal are needed`,
    { hint: `openssl rand -hex ${min} > ${file}` },
  );
}
