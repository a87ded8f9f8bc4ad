/**
 * The certificate store: everything secret or large that TLS needs, as one block of bytes. The
 * supervisor writes it into a sealed memory file and passes that to the workers, who map it and load
 * a certificate when a client first asks for it. So ten thousand certificates cost their bytes once,
 * no worker opens a file, and no key is ever in a plan, a frame or a log.
 *
 *   ┌───────┬──────────────┬──────────────┬─────────────────────────────┐
 *   │ magic │ index length │ index (JSON) │ PEM and DER, as they came   │
 *   │ u32   │ u32          │ UTF-8        │                             │
 *   └───────┴──────────────┴──────────────┴─────────────────────────────┘
 *
 * Numbers are little-endian.
 */

/** A run of bytes of the store: offset from its beginning, and length. */
export type StoreRun = readonly [at: number, length: number];

/** A certificate with its key. */
export type StoredCertificate = {
  /** Key of the CertificatePlan that it comes from; several may come from one. */
  readonly key: string;
  /** SHA-256 of the certificate (DER), lower-case hex: the same text, the same certificate. */
  readonly fingerprint: string;
  readonly keyType: 'rsa' | 'ecdsa' | 'ed25519';
  /** Lower-case names it is valid for: `shop.example.com`, `*.example.com`, or an IP address. */
  readonly names: readonly string[];
  /** The certificate and what chains it to a root, PEM. */
  readonly chain: StoreRun;
  /** The private key, PEM. */
  readonly privateKey: StoreRun;
  /** An OCSP response, DER; length 0 is none. */
  readonly ocsp: StoreRun;
};

export type StoreIndex = {
  readonly certificates: readonly StoredCertificate[];
  /**
   * Further PEM files by absolute path: CAs, CRLs, certificates and keys towards servers. The name
   * of the usual roots is ROOTS.
   */
  readonly files: Readonly<Record<string, StoreRun>>;
};

/** Name in `files` of the roots that are believed where a plan names no file. */
export const ROOTS = 'roots';

/** Bytes of a store at most: some 50,000 certificates. */
export const STORE_BYTES_MAX = 256 << 20;

const MAGIC = 0x53_43_4c_42; // "BLCS"
const HEADER_BYTES = 8;

/** A certificate as it is put into a store. */
export type CertificateParts = Omit<StoredCertificate, 'chain' | 'privateKey' | 'ocsp'> & {
  readonly chain: Uint8Array;
  readonly privateKey: Uint8Array;
  readonly ocsp: Uint8Array;
};

/** Writes a store. Called by the supervisor for each change of a certificate or a plan. */
export function encodeCertificateStore(
  certificates: readonly CertificateParts[],
  files: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
  const runs: Uint8Array[] = [];
  let size = 0;
  const put = (bytes: Uint8Array): StoreRun => {
    const run = [size, bytes.length] as const;
    runs.push(bytes);
    size += bytes.length;
    return run;
  };
  // Offsets count from the first byte after the index until its length is known.
  const relative: StoreIndex = {
    certificates: certificates.map((one) => ({
      key: one.key,
      fingerprint: one.fingerprint,
      keyType: one.keyType,
      names: one.names,
      chain: put(one.chain),
      privateKey: put(one.privateKey),
      ocsp: put(one.ocsp),
    })),
    files: Object.fromEntries([...files].map(([name, bytes]) => [name, put(bytes)])),
  };
  const index = new TextEncoder().encode(JSON.stringify(relative));
  const start = HEADER_BYTES + index.length;
  const store = new Uint8Array(start + size);
  const view = new DataView(store.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, index.length, true);
  store.set(index, HEADER_BYTES);
  let at = start;
  for (const bytes of runs) {
    store.set(bytes, at);
    at += bytes.length;
  }
  return store;
}

/** Reads the index of a store; its runs count from the store's beginning. Throws RangeError. */
export function decodeStoreIndex(store: Uint8Array): StoreIndex {
  const view = new DataView(store.buffer, store.byteOffset, store.byteLength);
  if (store.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) {
    throw new RangeError('read a certificate store: it does not begin like one');
  }
  const start = HEADER_BYTES + view.getUint32(4, true);
  if (start > store.length) throw new RangeError('read a certificate store: its index is cut off');
  const text = new TextDecoder().decode(store.subarray(HEADER_BYTES, start));
  const index = JSON.parse(text) as StoreIndex;
  const move = ([at, length]: StoreRun): StoreRun => {
    if (start + at + length > store.length) {
      throw new RangeError('read a certificate store: what it holds is cut off');
    }
    return [start + at, length];
  };
  return {
    certificates: index.certificates.map((one) => ({
      ...one,
      chain: move(one.chain),
      privateKey: move(one.privateKey),
      ocsp: move(one.ocsp),
    })),
    files: Object.fromEntries(Object.entries(index.files).map(([name, run]) => [name, move(run)])),
  };
}
