/**
 * What Ballast wants to know of a certificate (RFC 5280) without asking OpenSSL, which takes ten
 * times as long: ten thousand are read at a start. Nothing is verified here.
 *
 *   Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }
 *   tbsCertificate: [0] version, serial, algorithm, issuer, validity, subject, public key, …, [3]
 */
import {
  childrenOf,
  contextTag,
  generalizedTimeMs,
  isSameBytes,
  oidText,
  readDer,
  TAG,
  utcTimeMs,
  type DerElement,
} from './der.ts';
import { formatIp } from './ip-address.ts';

/** A certificate's fields; bytes are views into what was read. */
export type CertificateFields = {
  /** The number, as its INTEGER holds it. */
  readonly serial: Uint8Array;
  /** Dotted object identifier of the signature. */
  readonly signature: string;
  /** Names in DER: the same name, the same bytes. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** In ms since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** DNS names and addresses of subjectAltName as they are; null where there is none. */
  readonly names: readonly string[] | null;
  /** URL of its OCSP responder (authorityInfoAccess), "" where it names none. */
  readonly ocspUrl: string;
  /** Whether authorityInfoAccess says where the issuer's certificate is, as public ones do. */
  readonly hasIssuerUrl: boolean;
};

const OID = {
  subjectAltName: '2.5.29.17',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  ocsp: '1.3.6.1.5.5.7.48.1',
  caIssuers: '1.3.6.1.5.5.7.48.2',
} as const;

/** Reads a certificate, DER; null where it makes no sense. Never throws. */
export function readCertificate(bytes: Uint8Array): CertificateFields | null {
  const outer = childrenOf(readDer(bytes)?.[0], TAG.sequence);
  const fields = childrenOf(outer?.[0], TAG.sequence);
  if (fields === null) return null;
  // Version 1 leaves its number out.
  const first = fields[0]?.tag === contextTag(0) ? 1 : 0;
  const [serial, algorithm, issuer, validity, subject, publicKey] = fields.slice(first);
  const oid = childrenOf(algorithm, TAG.sequence)?.[0];
  const times = childrenOf(validity, TAG.sequence);
  if (serial?.tag !== TAG.integer || oid?.tag !== TAG.oid || times?.length !== 2) return null;
  if (issuer?.tag !== TAG.sequence || subject?.tag !== TAG.sequence) return null;
  if (publicKey?.tag !== TAG.sequence) return null;
  const [notBefore, notAfter] = [timeMs(times[0]!), timeMs(times[1]!)];
  if (Number.isNaN(notBefore) || Number.isNaN(notAfter)) return null;
  const wrapped = fields.find(({ tag }) => tag === contextTag(3));
  const extensions = wrapped === undefined ? [] : extensionsOf(wrapped);
  if (extensions === null) return null;
  const access = accessOf(extensions);
  return {
    serial: serial.body,
    signature: oidText(oid.body),
    issuer: issuer.bytes,
    subject: subject.bytes,
    notBefore,
    notAfter,
    publicKey: publicKey.bytes,
    names: namesOf(extensions),
    ...access,
  };
}

type Extension = { readonly id: string; readonly value: Uint8Array };

function extensionsOf(wrapped: DerElement): Extension[] | null {
  const list = childrenOf(readDer(wrapped.body)?.[0], TAG.sequence);
  if (list === null) return null;
  const extensions: Extension[] = [];
  for (const one of list) {
    const parts = childrenOf(one, TAG.sequence);
    const value = parts?.at(-1);
    if (parts?.[0]?.tag !== TAG.oid || value?.tag !== TAG.octetString) return null;
    extensions.push({ id: oidText(parts[0].body), value: value.body });
  }
  return extensions;
}

function elementsOf(extensions: readonly Extension[], id: string): DerElement[] | null {
  const found = extensions.find((one) => one.id === id);
  return found === undefined ? null : childrenOf(readDer(found.value)?.[0], TAG.sequence);
}

const DNS_NAME = contextTag(2, false);
const IP_ADDRESS = contextTag(7, false);
const URL_NAME = contextTag(6, false);

function namesOf(extensions: readonly Extension[]): string[] | null {
  const elements = elementsOf(extensions, OID.subjectAltName);
  if (elements === null) return null;
  const names: string[] = [];
  for (const { tag, body } of elements) {
    if (tag === DNS_NAME) names.push(latin1(body));
    if (tag === IP_ADDRESS && (body.length === 4 || body.length === 16)) names.push(formatIp(body));
  }
  return names;
}

function accessOf(
  extensions: readonly Extension[],
): Pick<CertificateFields, 'ocspUrl' | 'hasIssuerUrl'> {
  let ocspUrl = '';
  let hasIssuerUrl = false;
  for (const one of elementsOf(extensions, OID.authorityInfoAccess) ?? []) {
    const [method, location] = childrenOf(one, TAG.sequence) ?? [];
    if (method?.tag !== TAG.oid || location?.tag !== URL_NAME) continue;
    const kind = oidText(method.body);
    if (kind === OID.ocsp && ocspUrl === '') ocspUrl = latin1(location.body);
    if (kind === OID.caIssuers) hasIssuerUrl = true;
  }
  return { ocspUrl, hasIssuerUrl };
}

/** UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5), in ms. */
function timeMs(element: DerElement): number {
  return element.tag === TAG.utcTime ? utcTimeMs(element) : generalizedTimeMs(element);
}

/** Short names of the parts of a name (RFC 4519). */
const PARTS: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
]);

/** The parts of a name in DER, in their order: `[["C", "US"], ["CN", "R11"]]`. */
export function nameParts(name: Uint8Array): [kind: string, value: string][] {
  const parts: [string, string][] = [];
  for (const set of childrenOf(readDer(name)?.[0], TAG.sequence) ?? []) {
    for (const pair of childrenOf(set, TAG.set) ?? []) {
      const [kind, value] = childrenOf(pair, TAG.sequence) ?? [];
      if (kind?.tag !== TAG.oid || value === undefined) continue;
      const oid = oidText(kind.body);
      const text = value.tag === TAG.utf8String ? utf8(value.body) : latin1(value.body);
      parts.push([PARTS.get(oid) ?? oid, text]);
    }
  }
  return parts;
}

/** A public key: its kind and what distinguishes it from others of that kind. */
export type PublicKey =
  | { readonly kind: 'rsa'; readonly bits: number; readonly material: Uint8Array }
  | { readonly kind: 'ec'; readonly curve: string; readonly material: Uint8Array }
  | { readonly kind: 'ed25519'; readonly material: Uint8Array }
  | { readonly kind: 'other'; readonly oid: string };

const KEY = {
  rsa: '1.2.840.113549.1.1.1',
  ec: '1.2.840.10045.2.1',
  ed25519: '1.3.101.112',
} as const;

/** Names of the curves that clients take. */
const CURVES: ReadonlyMap<string, string> = new Map([
  ['1.2.840.10045.3.1.7', 'P-256'],
  ['1.3.132.0.34', 'P-384'],
  ['1.3.132.0.35', 'P-521'],
]);

/** Reads a SubjectPublicKeyInfo; null where it makes no sense. */
export function readPublicKey(spki: Uint8Array): PublicKey | null {
  const [algorithm, bits] = childrenOf(readDer(spki)?.[0], TAG.sequence) ?? [];
  const [oid, parameter] = childrenOf(algorithm, TAG.sequence) ?? [];
  if (oid?.tag !== TAG.oid || bits?.tag !== TAG.bitString) return null;
  const material = bits.body.subarray(1);
  const id = oidText(oid.body);
  if (id === KEY.rsa) {
    const modulus = childrenOf(readDer(material)?.[0], TAG.sequence)?.[0];
    return modulus?.tag === TAG.integer ? rsaKey(modulus.body) : null;
  }
  if (id === KEY.ed25519) return { kind: 'ed25519', material };
  if (id !== KEY.ec || parameter?.tag !== TAG.oid) return { kind: 'other', oid: id };
  const curve = oidText(parameter.body);
  return { kind: 'ec', curve: CURVES.get(curve) ?? curve, material };
}

function rsaKey(modulus: Uint8Array): PublicKey {
  const material = modulus[0] === 0 ? modulus.subarray(1) : modulus;
  return { kind: 'rsa', bits: material.length * 8, material };
}

/**
 * The public material that a private key carries (PKCS #1, SEC 1, or PKCS #8 around them), to be
 * compared with a certificate's; null where it carries none or makes no sense. `label` is that of
 * its PEM block.
 */
export function publicMaterialOf(label: string, bytes: Uint8Array): Uint8Array | null {
  const fields = childrenOf(readDer(bytes)?.[0], TAG.sequence);
  if (fields === null) return null;
  if (label === 'RSA PRIVATE KEY') return rsaMaterial(fields);
  if (label === 'EC PRIVATE KEY') return ecMaterial(fields);
  const oid = childrenOf(fields[1], TAG.sequence)?.[0];
  const inner = childrenOf(readDer(fields[2]?.body ?? NOTHING)?.[0], TAG.sequence);
  if (label !== 'PRIVATE KEY' || oid?.tag !== TAG.oid || inner === null) return null;
  const id = oidText(oid.body);
  return id === KEY.rsa ? rsaMaterial(inner) : id === KEY.ec ? ecMaterial(inner) : null;
}

const NOTHING = new Uint8Array(0);

function rsaMaterial(fields: readonly DerElement[]): Uint8Array | null {
  const modulus = fields[1];
  if (modulus?.tag !== TAG.integer) return null;
  return modulus.body[0] === 0 ? modulus.body.subarray(1) : modulus.body;
}

function ecMaterial(fields: readonly DerElement[]): Uint8Array | null {
  const wrapped = fields.find(({ tag }) => tag === contextTag(1));
  const bits = wrapped === undefined ? undefined : readDer(wrapped.body)?.[0];
  return bits?.tag === TAG.bitString ? bits.body.subarray(1) : null;
}

/** Whether the issuer that a certificate names is the subject of the other. */
export function isNamedIssuer(of: CertificateFields, issuer: CertificateFields): boolean {
  return isSameBytes(of.issuer, issuer.subject);
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, TEXT_BYTES_MAX));
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, TEXT_BYTES_MAX));
}

/** Bytes of one text that are looked at. */
const TEXT_BYTES_MAX = 4_096;

/** The bits of a SubjectPublicKeyInfo, which OCSP hashes (RFC 6960 §4.1.1); null for no sense. */
export function publicKeyBits(spki: Uint8Array): Uint8Array | null {
  const bits = childrenOf(readDer(spki)?.[0], TAG.sequence)?.[1];
  return bits?.tag === TAG.bitString ? bits.body.subarray(1) : null;
}
