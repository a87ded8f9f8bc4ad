/** PEM texts to OpenSSL's objects. All of them are the caller's to free. */
import { BallastError } from '../../base/errors.ts';
import { addressOf } from '../libc.ts';
import {
  BIO_free,
  BIO_new_mem_buf,
  EVP_PKEY_free,
  OPENSSL_sk_free,
  OPENSSL_sk_new_null,
  OPENSSL_sk_push,
  PEM_read_bio_PrivateKey,
  PEM_read_bio_X509,
  PEM_read_bio_X509_CRL,
  X509_free,
  takeOpensslError,
} from './openssl.ts';

/** Certificates of one PEM text. */
const CERTIFICATES_MAX = 10_000;

/** The password of an encrypted key: none, instead of a prompt on the terminal. */
const NO_PASSWORD = '';

/** A certificate with its key, ready for use. */
export type KeyPair = {
  readonly certificate: number;
  readonly privateKey: number;
  /** A stack of the certificates that chain it to a root; 0 where there is none. */
  readonly chain: number;
  readonly chainParts: readonly number[];
};

/** Throws BAL_TLS_MATERIAL with OpenSSL's own reason. */
export function refuseMaterial(what: string): never {
  const reason = takeOpensslError();
  throw new BallastError('BAL_TLS_MATERIAL', `cannot use ${what}: ${reason || 'it holds none'}`, {
    source: 'configuration',
  });
}

/** What OpenSSL reads now: held here, since an address alone does not keep its array. */
let reading: Uint8Array | null = null;

function withBio<T>(pem: Uint8Array, read: (bio: number) => T): T {
  reading = pem;
  const bio = BIO_new_mem_buf(addressOf(reading), pem.length);
  try {
    return read(bio);
  } finally {
    BIO_free(bio);
    reading = null;
  }
}

/** All certificates of a PEM text, in their order. Throws BAL_TLS_MATERIAL where there is none. */
export function readCertificates(pem: Uint8Array, what: string): number[] {
  const found = withBio(pem, (bio) => {
    const all: number[] = [];
    for (let one = 1; one !== 0 && all.length < CERTIFICATES_MAX;) {
      one = PEM_read_bio_X509(bio, 0, 0, NO_PASSWORD);
      if (one !== 0) all.push(one);
    }
    return all;
  });
  if (found.length === 0) refuseMaterial(what);
  // That nothing more was found is no error.
  takeOpensslError();
  return found;
}

/** All revocation lists of a PEM text. Throws BAL_TLS_MATERIAL where there is none. */
export function readCrls(pem: Uint8Array, what: string): number[] {
  const found = withBio(pem, (bio) => {
    const all: number[] = [];
    for (let one = 1; one !== 0 && all.length < CERTIFICATES_MAX;) {
      one = PEM_read_bio_X509_CRL(bio, 0, 0, NO_PASSWORD);
      if (one !== 0) all.push(one);
    }
    return all;
  });
  if (found.length === 0) refuseMaterial(what);
  takeOpensslError();
  return found;
}

/** Throws BAL_TLS_MATERIAL where the key does not parse, for instance because it is encrypted. */
export function readPrivateKey(pem: Uint8Array, what: string): number {
  const key = withBio(pem, (bio) => PEM_read_bio_PrivateKey(bio, 0, 0, NO_PASSWORD));
  if (key === 0) refuseMaterial(what);
  takeOpensslError();
  return key;
}

/** A certificate with its chain and its key. Throws BAL_TLS_MATERIAL. */
export function readKeyPair(chain: Uint8Array, key: Uint8Array, what: string): KeyPair {
  const [certificate, ...chainParts] = readCertificates(chain, `the certificate of ${what}`);
  const privateKey = readPrivateKey(key, `the key of ${what}`);
  let stack = 0;
  if (chainParts.length > 0) {
    stack = OPENSSL_sk_new_null();
    for (const part of chainParts) OPENSSL_sk_push(stack, part);
  }
  return { certificate: certificate!, privateKey, chain: stack, chainParts };
}

/** Frees a pair; connections that use it keep what they need. */
export function freeKeyPair(pair: KeyPair): void {
  X509_free(pair.certificate);
  EVP_PKEY_free(pair.privateKey);
  if (pair.chain !== 0) OPENSSL_sk_free(pair.chain);
  for (const part of pair.chainParts) X509_free(part);
}
