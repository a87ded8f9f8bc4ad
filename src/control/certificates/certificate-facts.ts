import { hash } from 'node:crypto';
import { BallastError } from '../../base/errors.ts';
import type { StoredCertificate } from '../../codec/certificate-store.ts';
import { formatIp, parseIp } from '../../codec/ip-address.ts';
import { nameParts, readPublicKey, type CertificateFields } from '../../codec/x509.ts';

/** Bits of an RSA key at least: OpenSSL at its usual security level takes no shorter one. */
export const RSA_BITS_MIN = 2_048;

/** Signatures over hashes that OpenSSL and clients do not believe any more. */
const WEAK_SIGNATURES: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.4', 'MD5'],
  ['1.2.840.113549.1.1.5', 'SHA-1'],
  ['1.2.840.10045.4.1', 'SHA-1'],
]);

const CURVES: ReadonlySet<string> = new Set(['P-256', 'P-384', 'P-521']);
const NAME_CHARS_MAX = 500;

/** What is known of a certificate without looking into it again. */
export type CertificateFacts = {
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  readonly keyType: StoredCertificate['keyType'];
  /** Lower-case, in the order of the certificate. */
  readonly names: readonly string[];
  /** In ms since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Name as a person reads it: "C=US, O=Let's Encrypt, CN=R11". */
  readonly issuer: string;
  /** Lower-case hex. */
  readonly serialNumber: string;
  /** URL of its OCSP responder, "" where it names none. */
  readonly ocspUrl: string;
};

/** Takes the facts from a certificate. Throws BAL_CERTIFICATE_KEY for one that cannot serve. */
export function certificateFacts(
  der: Uint8Array,
  fields: CertificateFields,
  path: string,
): CertificateFacts {
  const weak = WEAK_SIGNATURES.get(fields.signature);
  const isSelfIssued = Buffer.compare(fields.issuer, fields.subject) === 0;
  if (weak !== undefined && !isSelfIssued) {
    throw refuse(path, `it is signed with ${weak}`, 'have it issued anew, with SHA-256');
  }
  return {
    fingerprint: hash('sha256', der, 'hex'),
    keyType: keyTypeOf(fields, path),
    names: namesOf(fields),
    notBefore: fields.notBefore,
    notAfter: fields.notAfter,
    issuer: nameText(fields.issuer),
    serialNumber: Buffer.from(fields.serial)
      .toString('hex')
      .replace(/^00(?=.)/, ''),
    ocspUrl: fields.ocspUrl,
  };
}

function refuse(path: string, what: string, hint: string): BallastError {
  return new BallastError('BAL_CERTIFICATE_KEY', `cannot use the certificate "${path}": ${what}`, {
    hint,
    source: 'configuration',
  });
}

function keyTypeOf({ publicKey }: CertificateFields, path: string): CertificateFacts['keyType'] {
  const key = readPublicKey(publicKey);
  if (key === null || key.kind === 'other') {
    const what = `its key is of the type ${key?.oid ?? 'unknown'}`;
    throw refuse(path, what, 'RSA, ECDSA and Ed25519 can be used');
  }
  if (key.kind === 'rsa' && key.bits < RSA_BITS_MIN) {
    throw refuse(
      path,
      `its RSA key has ${key.bits} bits, and OpenSSL serves none below ${RSA_BITS_MIN}`,
      'have it issued anew for an ECDSA key (P-256), or for RSA with 2048 bits',
    );
  }
  if (key.kind === 'ec' && !CURVES.has(key.curve)) {
    throw refuse(path, `its key is on the curve ${key.curve}`, 'P-256, P-384, P-521 can be used');
  }
  return key.kind === 'ec' ? 'ecdsa' : key.kind;
}

/**
 * The names that a client could ask for: of subjectAltName, or the common name alone where there is
 * no such extension. What no name can be is left out.
 */
export function namesOf({
  names,
  subject,
}: Pick<CertificateFields, 'names' | 'subject'>): string[] {
  const common = nameParts(subject).find(([kind]) => kind === 'CN');
  const given = names ?? (common === undefined ? [] : [common[1]]);
  const usable = given.map((text) => ipText(text) ?? dnsName(text)).filter((name) => name !== null);
  return [...new Set(usable)];
}

function dnsName(text: string): string | null {
  const name = text.toLowerCase().replace(/\.$/, '');
  return /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name) && name.length <= 253 ? name : null;
}

function ipText(text: string): string | null {
  const address = parseIp(text);
  return address === null ? null : formatIp(address);
}

function nameText(name: Uint8Array): string {
  const text = nameParts(name)
    .map(([kind, value]) => `${kind}=${value}`)
    .join(', ');
  return text.replaceAll(/\p{Cc}/gu, '?').slice(0, NAME_CHARS_MAX);
}
