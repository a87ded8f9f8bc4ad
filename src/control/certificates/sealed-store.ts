/** The certificate store as a memory file that workers are given (src/codec/certificate-store.ts). */
import { BallastError } from '../../base/errors.ts';
import {
  encodeCertificateStore,
  ROOTS,
  STORE_BYTES_MAX,
  type CertificateParts,
} from '../../codec/certificate-store.ts';
import { createSealedMemory } from '../../sys/shared-memory.ts';
import type { CertificateSet } from './certificate-set.ts';

/** A store by its number, which counts up from 1, and its descriptor. */
export type StoreRef = { readonly number: number; readonly fd: number };

/** What a plan without TLS is sent with. */
export const NO_STORE: StoreRef = { number: 0, fd: -1 };

export type StoreContents = {
  readonly set: CertificateSet;
  /** PEM; null where no pool is verified by them. */
  readonly roots: Uint8Array | null;
  /** The response that is stapled to a certificate, DER; null is none. */
  readonly ocsp: (fingerprint: string) => Uint8Array | null;
};

const NONE = new Uint8Array(0);

/** Writes a store into a sealed memory file; returns its descriptor. Throws BallastError. */
export function sealStore({ set, roots, ocsp }: StoreContents): number {
  const certificates = set.pairs.map(
    ({ source, fingerprint, keyType, names, chain, privateKey }): CertificateParts => ({
      key: source.key,
      fingerprint,
      keyType,
      names,
      chain,
      privateKey,
      ocsp: ocsp(fingerprint) ?? NONE,
    }),
  );
  const files = new Map<string, Uint8Array>();
  for (const [path, { bytes }] of set.files) files.set(path, bytes);
  if (roots !== null) files.set(ROOTS, roots);
  const store = encodeCertificateStore(certificates, files);
  try {
    if (store.length > STORE_BYTES_MAX) {
      throw new BallastError(
        'BAL_CERTIFICATE_LIMIT',
        `the certificates and their keys have ${store.length} bytes together`,
        { hint: `at most ${STORE_BYTES_MAX} are allowed: take out what is not served any more` },
      );
    }
    return createSealedMemory('certificates', store);
  } finally {
    store.fill(0);
  }
}
