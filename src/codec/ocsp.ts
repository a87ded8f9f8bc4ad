/**
 * OCSP (RFC 6960): the question about one certificate, and what an answer says. Nothing is verified
 * here.
 *
 *   OCSPResponse ::= SEQUENCE { responseStatus, [0] { id-pkix-ocsp-basic, OCTET STRING } }
 *   BasicOCSPResponse ::= SEQUENCE { tbsResponseData, signatureAlgorithm, signature, [0] certs }
 *   SingleResponse ::= SEQUENCE { certID, certStatus, thisUpdate, [0] nextUpdate, … }
 */
import {
  childrenOf,
  contextTag,
  der,
  derOid,
  generalizedTimeMs,
  oidText,
  readDer,
  TAG,
  type DerElement,
} from './der.ts';

/** What a certificate is called in OCSP; hashes are SHA-1, which is what responders know. */
export type CertificateId = {
  /** Of the issuer's name in DER. */
  readonly nameHash: Uint8Array;
  /** Of the bits of the issuer's public key. */
  readonly keyHash: Uint8Array;
  /** The number as the certificate's INTEGER holds it. */
  readonly serial: Uint8Array;
};

export type OcspStatus = 'good' | 'revoked' | 'unknown';

/** What an answer says of one certificate. Times in ms since the epoch. */
export type SingleResponse = CertificateId & {
  /** Dotted identifier of the hash of its names. */
  readonly hash: string;
  readonly status: OcspStatus;
  readonly thisUpdate: number;
  /** NaN where the answer does not say until when it holds. */
  readonly nextUpdate: number;
};

export type OcspResponse =
  /** The responder says why it does not answer. */
  | { readonly kind: 'refused'; readonly status: string }
  | {
      readonly kind: 'answer';
      readonly responses: readonly SingleResponse[];
      /** What is signed, by which algorithm (dotted), and the signature. */
      readonly signed: Uint8Array;
      readonly algorithm: string;
      readonly signature: Uint8Array;
      /** Certificates that come along, DER. */
      readonly certificates: readonly Uint8Array[];
    };

/** Bytes of an answer at most: with the responder's certificates some 3,000. */
export const OCSP_BYTES_MAX = 64 << 10;

const SHA1 = '1.3.14.3.2.26';
const BASIC = '1.3.6.1.5.5.7.48.1.1';
/** Words for OCSPResponseStatus, RFC 6960 §4.2.1; 0 is an answer. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: 'malformedRequest',
  2: 'internalError',
  3: 'tryLater',
  5: 'sigRequired',
  6: 'unauthorized',
};

/** The question, DER. */
export function ocspRequest({ nameHash, keyHash, serial }: CertificateId): Uint8Array {
  const id = der(
    TAG.sequence,
    der(TAG.sequence, derOid(SHA1), der(TAG.null)),
    der(TAG.octetString, nameHash),
    der(TAG.octetString, keyHash),
    der(TAG.integer, serial),
  );
  const request = der(TAG.sequence, id);
  return der(TAG.sequence, der(TAG.sequence, der(TAG.sequence, request)));
}

/** Reads an answer; null where it makes no sense. Never throws. */
export function readOcspResponse(bytes: Uint8Array): OcspResponse | null {
  if (bytes.length > OCSP_BYTES_MAX) return null;
  const [status, wrapped] = childrenOf(readDer(bytes)?.[0], TAG.sequence) ?? [];
  if (status?.tag !== TAG.enumerated || status.body.length !== 1) return null;
  const code = status.body[0]!;
  if (code !== 0) return { kind: 'refused', status: REFUSALS[code] ?? `status ${code}` };
  const inner = childrenOf(wrapped, contextTag(0))?.[0];
  const [type, body] = childrenOf(inner, TAG.sequence) ?? [];
  const isBasic = type?.tag === TAG.oid && oidText(type.body) === BASIC;
  return isBasic && body?.tag === TAG.octetString ? readBasic(body.body) : null;
}

function readBasic(bytes: Uint8Array): OcspResponse | null {
  const [data, algorithm, signature, wrapped] = childrenOf(readDer(bytes)?.[0], TAG.sequence) ?? [];
  const oid = childrenOf(algorithm, TAG.sequence)?.[0];
  const fields = childrenOf(data, TAG.sequence);
  if (fields === null || oid?.tag !== TAG.oid || signature?.tag !== TAG.bitString) return null;
  // Bits of the last byte that do not count: a signature has none.
  if (signature.body[0] !== 0) return null;
  const list = childrenOf(
    fields.find(({ tag }) => tag === TAG.sequence),
    TAG.sequence,
  );
  const responses = list?.map(readSingle);
  if (responses === undefined || responses.includes(null)) return null;
  const along = wrapped === undefined ? [] : childrenOf(readDer(wrapped.body)?.[0], TAG.sequence);
  if (along === null) return null;
  return {
    kind: 'answer',
    responses: responses.filter((one) => one !== null),
    signed: data!.bytes,
    algorithm: oidText(oid.body),
    signature: signature.body.subarray(1),
    certificates: along.map((one) => one.bytes),
  };
}

const GOOD = contextTag(0, false);
const REVOKED = contextTag(1);

function readSingle(element: DerElement): SingleResponse | null {
  const [id, state, thisUpdate, ...rest] = childrenOf(element, TAG.sequence) ?? [];
  const [algorithm, nameHash, keyHash, serial] = childrenOf(id, TAG.sequence) ?? [];
  const oid = childrenOf(algorithm, TAG.sequence)?.[0];
  if (state === undefined || thisUpdate === undefined || oid?.tag !== TAG.oid) return null;
  if (nameHash?.tag !== TAG.octetString || keyHash?.tag !== TAG.octetString) return null;
  if (serial?.tag !== TAG.integer) return null;
  const wrapped = rest.find(({ tag }) => tag === contextTag(0));
  const until = wrapped === undefined ? undefined : readDer(wrapped.body)?.[0];
  const begin = generalizedTimeMs(thisUpdate);
  if (Number.isNaN(begin)) return null;
  return {
    hash: oidText(oid.body),
    nameHash: nameHash.body,
    keyHash: keyHash.body,
    serial: serial.body,
    status: state.tag === GOOD ? 'good' : state.tag === REVOKED ? 'revoked' : 'unknown',
    thisUpdate: begin,
    nextUpdate: until === undefined ? Number.NaN : generalizedTimeMs(until),
  };
}

/** Whether an answer is about this certificate. */
export function isAbout(one: SingleResponse, id: CertificateId): boolean {
  const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
    a.length === b.length && a.every((byte, i) => byte === b[i]);
  return (
    one.hash === SHA1 &&
    isSame(one.nameHash, id.nameHash) &&
    isSame(one.keyHash, id.keyHash) &&
    isSame(one.serial, id.serial)
  );
}
