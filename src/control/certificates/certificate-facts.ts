import type { X509Certificate } from 'node:crypto';
import { BallastError } from '../../base/errors.ts';
import { formatIp, parseIp } from '../../codec/ip-address.ts';
import type { StoredCertificate } from '../../codec/certificate-store.ts';

/** Bits of an RSA key at least: OpenSSL at its usual security level takes no shorter one. */
export const RSA_BITS_MIN = 2_048;

/** Curves that clients take; with any other a certificate is served to hardly anybody. */
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

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
  /** Names as a person reads them: "CN=R11, O=Let's Encrypt". */
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
};

/** Takes the facts from a certificate. Throws BAL_CERTIFICATE_KEY for a key that cannot serve. */
export function certificateFacts(certificate: X509Certificate, path: string): CertificateFacts {
  return {
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    keyType: keyTypeOf(certificate, path),
    names: namesOf(certificate),
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    serialNumber: certificate.serialNumber.toLowerCase(),
  };
}

function keyTypeOf({ publicKey }: X509Certificate, path: string): StoredCertificate['keyType'] {
  const refuse = (what: string, hint: string): BallastError =>
    new BallastError('BAL_CERTIFICATE_KEY', `cannot use the certificate "${path}": ${what}`, {
      hint,
      source: 'configuration',
    });
  const type = publicKey.asymmetricKeyType;
  const details = publicKey.asymmetricKeyDetails;
  if (type === 'rsa' || type === 'rsa-pss') {
    const bits = details?.modulusLength ?? 0;
    if (bits >= RSA_BITS_MIN) return 'rsa';
    throw refuse(
      `its RSA key has ${bits} bits, and OpenSSL serves none below ${RSA_BITS_MIN}`,
      'have it issued anew for an ECDSA key (P-256), or for RSA with 2048 bits',
    );
  }
  if (type === 'ec') {
    const curve = details?.namedCurve ?? 'unknown';
    if (CURVES.has(curve)) return 'ecdsa';
    throw refuse(`its key is on the curve ${curve}`, 'P-256, P-384 and P-521 can be used');
  }
  if (type === 'ed25519') return 'ed25519';
  throw refuse(`its key is of the type ${type ?? 'unknown'}`, 'RSA, ECDSA and Ed25519 can be used');
}

/** The names of subjectAltName; the common name alone where there is no such extension. */
function namesOf(certificate: X509Certificate): string[] {
  const alternative = certificate.subjectAltName;
  if (alternative !== undefined) return alternativeNames(alternative);
  const name = commonName(certificate.subject);
  return name === null ? [] : [name];
}

/** One name of Node's text. */
const NAME = /(?:^|, )([^:,"]+):("(?:[^"\\]|\\.)*"|[^,]*)/g;

/** Whether a certificate has its name in the subject alone, where no browser looks. */
export function hasOnlyCommonName(certificate: X509Certificate): boolean {
  return certificate.subjectAltName === undefined;
}

/**
 * Reads Node's text of the extension: `DNS:a.example, IP Address:10.0.0.1, DNS:"a\tb"`. A quoted
 * one holds what no name has, and is left out.
 */
export function alternativeNames(text: string): string[] {
  const names = new Set<string>();
  for (const [, kind, value] of text.matchAll(NAME)) {
    const name = kind === 'DNS' ? dnsName(value!) : kind === 'IP Address' ? ipText(value!) : null;
    if (name !== null) names.add(name);
  }
  return [...names];
}

function commonName(subject: string): string | null {
  const line = /^CN=(.*)$/m.exec(subject);
  return line === null ? null : (ipText(line[1]!) ?? dnsName(line[1]!));
}

function dnsName(text: string): string | null {
  const name = text.toLowerCase().replace(/\.$/, '');
  return /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name) && name.length <= 253 ? name : null;
}

function ipText(text: string): string | null {
  const address = parseIp(text);
  return address === null ? null : formatIp(address);
}

/** Node writes one part of a name per line, with values of any characters. */
function oneLine(name: string | undefined): string {
  return (name ?? '')
    .split('\n')
    .join(', ')
    .replaceAll(/[\u0000-\u001f\u007f]/g, '?')
    .slice(0, 500);
}
