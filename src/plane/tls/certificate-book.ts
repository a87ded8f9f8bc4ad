/**
 * The certificates that this worker can show, by the names that they are valid for. They lie in a
 * store that the supervisor has written; a certificate and its key are parsed when a client first
 * asks for them, and the pairs that were used last are kept.
 */
import {
  ROOTS,
  STORE_BYTES_MAX,
  decodeStoreIndex,
  encodeCertificateStore,
} from '../../codec/certificate-store.ts';
import type { StoreIndex, StoreRun, StoredCertificate } from '../../codec/certificate-store.ts';
import { mapSealed, unmap } from '../../sys/shared-memory.ts';
import type { MappedMemory } from '../../sys/shared-memory.ts';
import { freeKeyPair, readKeyPair } from '../../sys/tls/pem.ts';
import type { KeyPair } from '../../sys/tls/pem.ts';

/** Parsed pairs that a worker keeps; the one that was used longest ago goes first. */
export const KEY_PAIRS_MAX = 2_000;

const pairs = new Map<string, KeyPair>();

/** Names and what is valid for them. */
export class NameIndex {
  readonly #exact = new Map<string, StoredCertificate[]>();
  /** By the domain behind "*.": a wildcard stands for one label (RFC 9525 §6.3). */
  readonly #wildcards = new Map<string, StoredCertificate[]>();

  constructor(certificates: Iterable<StoredCertificate>) {
    for (const certificate of certificates) {
      for (const name of certificate.names) {
        if (name.startsWith('*.')) put(this.#wildcards, name.slice(2), certificate);
        else put(this.#exact, name, certificate);
      }
    }
  }

  /** What is valid for a name in lower case, the exact ones before wildcards; or undefined. */
  find(name: string): readonly StoredCertificate[] | undefined {
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    const dot = name.indexOf('.');
    return dot > 0 ? this.#wildcards.get(name.slice(dot + 1)) : undefined;
  }
}

/** Of each kind of key the first one counts. */
function put(map: Map<string, StoredCertificate[]>, name: string, one: StoredCertificate): void {
  const known = map.get(name);
  if (known === undefined) map.set(name, [one]);
  else if (!known.some(({ keyType }) => keyType === one.keyType)) known.push(one);
}

export class CertificateBook {
  /** Number of the store; 0 is the empty one. */
  readonly store: number;
  readonly #bytes: Uint8Array;
  readonly #memory: MappedMemory | null;
  readonly #index: StoreIndex;
  readonly #names = new Map<string, NameIndex>();

  private constructor(store: number, bytes: Uint8Array, memory: MappedMemory | null) {
    this.store = store;
    this.#bytes = bytes;
    this.#memory = memory;
    this.#index = decodeStoreIndex(bytes);
  }

  static empty(): CertificateBook {
    return new CertificateBook(0, encodeCertificateStore([], new Map()), null);
  }

  /** Maps the memory file of a store. Throws BAL_SYS_MEMORY, or RangeError for another file. */
  static open(store: number, fd: number): CertificateBook {
    const memory = mapSealed(fd, STORE_BYTES_MAX);
    return new CertificateBook(store, memory.bytes, memory);
  }

  /** Gives the memory back; the book must not be used after it. */
  close(): void {
    if (this.#memory !== null) unmap(this.#memory);
  }

  /** Names of the certificates that come from these entries of the plan. */
  namesOf(keys: readonly string[]): NameIndex {
    const id = JSON.stringify(keys);
    let names = this.#names.get(id);
    if (names === undefined) {
      names = new NameIndex(this.#inOrder(keys));
      this.#names.set(id, names);
    }
    return names;
  }

  #inOrder(keys: readonly string[]): StoredCertificate[] {
    const byKey = new Map<string, StoredCertificate[]>(keys.map((key) => [key, []]));
    for (const one of this.#index.certificates) byKey.get(one.key)?.push(one);
    return [...byKey.values()].flat();
  }

  /** The certificates of one entry, the first of each kind of key. */
  ofKey(key: string): readonly StoredCertificate[] {
    const firsts = new Map<string, StoredCertificate>();
    for (const one of this.#index.certificates) {
      if (one.key === key && !firsts.has(one.keyType)) firsts.set(one.keyType, one);
    }
    return [...firsts.values()];
  }

  /** Parses a certificate with its key, or takes it from those kept. Throws BAL_TLS_MATERIAL. */
  pairOf(certificate: StoredCertificate): KeyPair {
    const { fingerprint } = certificate;
    let pair = pairs.get(fingerprint);
    if (pair === undefined) {
      const what = certificate.names[0] ?? certificate.key;
      pair = readKeyPair(this.#copy(certificate.chain), this.#copy(certificate.privateKey), what);
      if (pairs.size >= KEY_PAIRS_MAX) forgetOldest();
    } else pairs.delete(fingerprint);
    pairs.set(fingerprint, pair);
    return pair;
  }

  /** The OCSP response of a certificate, DER; null where there is none. */
  ocspOf(certificate: StoredCertificate): Uint8Array | null {
    return certificate.ocsp[1] === 0 ? null : this.#copy(certificate.ocsp);
  }

  /** The text of a PEM file by its path, the usual roots for ""; null where it is not there. */
  file(path: string): Uint8Array | null {
    const run = this.#index.files[path === '' ? ROOTS : path];
    return run === undefined ? null : this.#copy(run);
  }

  #copy([at, length]: StoreRun): Uint8Array {
    return this.#bytes.slice(at, at + length);
  }
}

function forgetOldest(): void {
  const [fingerprint, pair] = pairs.entries().next().value!;
  pairs.delete(fingerprint);
  // Connections that were made with it hold what they need.
  freeKeyPair(pair);
}
