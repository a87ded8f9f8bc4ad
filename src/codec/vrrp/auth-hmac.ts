/**
 * The authentication trailer of keepalived 2.4 (draft-cassen-vrrp-auth-hmac), 28 bytes after the
 * advertisement:
 *
 *   +---------------+---------------+-------------------------------+
 *   |     Type 1    |     Key id    |               0               |
 *   +---------------+---------------+-------------------------------+
 *   |           seconds since 1970                                  |
 *   +-------------------------------+-------------------------------+
 *   |  fraction of 1/65536 s        |            counter            |
 *   +-------------------------------+-------------------------------+
 *   | first 16 bytes of HMAC-SHA256                                 |
 *
 * It is made over a pseudo-header of 20 bytes (family 4 or 6, version, virtual router, 0, the source
 * in 16 bytes), the advertisement with its checksum as 0, and the trailer with its own 16 bytes as 0.
 */
import type { IpFamily } from './advert.ts';

export const TRAILER_BYTES = 28;
/** Keys have 32 to 64 bytes. */
export const AUTH_KEY_BYTES = { min: 32, max: 64 } as const;

const TYPE = 1;
const HMAC_BYTES = 16;
const HMAC_AT = TRAILER_BYTES - HMAC_BYTES;
const PSEUDO_BYTES = 20;
const CHECKSUM_AT = 6;

/** HMAC-SHA256, 32 bytes. */
export type Hmac = (key: Uint8Array, bytes: Uint8Array) => Uint8Array;

/** What a signature is made over, beside the advertisement. */
export type SignedFrom = { readonly family: IpFamily; readonly source: Uint8Array };

/** A key, and what makes digests with it. */
export type Signer = { readonly key: Uint8Array; readonly hmac: Hmac };

export type Trailer = {
  readonly keyId: number;
  /** Seconds, fraction and counter as one number of 64 bits, which grows. */
  readonly sequence: bigint;
};

/** The trailer of `advert`, signed. */
export function encodeTrailer(
  advert: Uint8Array,
  { keyId, sequence }: Trailer,
  from: SignedFrom,
  { key, hmac }: Signer,
): Uint8Array {
  const out = new Uint8Array(TRAILER_BYTES);
  out[0] = TYPE;
  out[1] = keyId;
  new DataView(out.buffer).setBigUint64(4, sequence);
  out.set(hmac(key, signed(advert, out, from)).subarray(0, HMAC_BYTES), HMAC_AT);
  return out;
}

/** Reads what follows an advertisement; null where it is no trailer. */
export function decodeTrailer(bytes: Uint8Array): Trailer | null {
  if (bytes.length < TRAILER_BYTES || bytes[0] !== TYPE || bytes[2] !== 0 || bytes[3] !== 0) {
    return null;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, TRAILER_BYTES);
  return { keyId: bytes[1]!, sequence: view.getBigUint64(4) };
}

/** Whether `trailer` was made over `advert` with `key`. Takes the same time for every wrong one. */
export function isSignedBy(
  advert: Uint8Array,
  trailer: Uint8Array,
  from: SignedFrom,
  { key, hmac }: Signer,
): boolean {
  const right = hmac(key, signed(advert, trailer, from));
  let difference = 0;
  for (let i = 0; i < HMAC_BYTES; i++) difference |= right[i]! ^ trailer[HMAC_AT + i]!;
  return difference === 0;
}

/** Later, by serial numbers of 64 bits (RFC 1982). */
export function isLater(sequence: bigint, than: bigint): boolean {
  return BigInt.asIntN(64, sequence - than) > 0n;
}

/** The sequence number of a time, in ms since 1970; the counter is 0. */
export function sequenceAt(epochMs: number): bigint {
  const seconds = Math.floor(epochMs / 1_000);
  const fraction = Math.floor(((epochMs - seconds * 1_000) * 65_536) / 1_000);
  return (BigInt(seconds >>> 0) << 32n) | BigInt((fraction << 16) >>> 0);
}

function signed(advert: Uint8Array, trailer: Uint8Array, from: SignedFrom): Uint8Array {
  const out = new Uint8Array(PSEUDO_BYTES + advert.length + TRAILER_BYTES);
  out[0] = from.family === 'ipv6' ? 6 : 4;
  out[1] = advert[0]! >> 4;
  out[2] = advert[1]!;
  out.set(from.source, 4);
  out.set(advert, PSEUDO_BYTES);
  out.fill(0, PSEUDO_BYTES + CHECKSUM_AT, PSEUDO_BYTES + CHECKSUM_AT + 2);
  out.set(trailer.subarray(0, HMAC_AT), PSEUDO_BYTES + advert.length);
  return out;
}
