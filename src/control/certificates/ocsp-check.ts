/** Whether an OCSP response may be stapled to a certificate (RFC 6066 §8, RFC 6960 §3.2). */
import { hash, verify, X509Certificate, type KeyObject } from 'node:crypto';
import {
  isAbout,
  readOcspResponse,
  type CertificateId,
  type OcspResponse,
} from '../../codec/ocsp.ts';
import { pemBlocks, pemBody } from '../../codec/pem.ts';
import { publicKeyBits, readCertificate } from '../../codec/x509.ts';
import type { Pair } from './read-pair.ts';

/** What a responder may be ahead of us, in ms. */
const SKEW_MS = 300_000;
/** For how long a response serves that does not say until when it holds, in ms. */
const HOLDS_MS = 12 * 3_600_000;
/** Extended key usage of a certificate that signs responses for its issuer. */
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';

/** Hashes of the signatures that are believed, by the algorithm's identifier. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
]);

/** A response that may be stapled, and for how long: ms since the epoch. */
export type Staple = {
  readonly bytes: Uint8Array;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
};

/** What is asked about a certificate, and the issuer that answers are signed for. */
export type OcspSubject = { readonly id: CertificateId; readonly issuer: Uint8Array };

export type OcspCheck =
  | { readonly ok: true; readonly staple: Staple }
  | { readonly ok: false; readonly why: string };

/** What OCSP calls a certificate; null where its chain does not hold the issuer. */
export function ocspSubject({ chain }: Pick<Pair, 'chain'>): OcspSubject | null {
  const [leaf = null, issuer = null] = pemBlocks(chain).slice(0, 2).map(pemBody);
  const fields = leaf === null ? null : readCertificate(leaf);
  const issuerFields = issuer === null ? null : readCertificate(issuer);
  const bits = issuerFields === null ? null : publicKeyBits(issuerFields.publicKey);
  if (fields === null || issuer === null || bits === null) return null;
  const nameHash = hash('sha1', fields.issuer, 'buffer');
  const keyHash = hash('sha1', bits, 'buffer');
  return { id: { nameHash, keyHash, serial: fields.serial }, issuer };
}

/** Checks a response: for this certificate, good, valid now, signed by who may. Never throws. */
export function checkOcsp(bytes: Uint8Array, { id, issuer }: OcspSubject, now: number): OcspCheck {
  const response = readOcspResponse(bytes);
  if (response === null) return fails('it is no OCSP response');
  if (response.kind === 'refused') return fails(`the responder says ${response.status}`);
  const single = response.responses.find((one) => isAbout(one, id));
  if (single === undefined) return fails('it is about another certificate');
  if (single.status !== 'good') return fails(`the certificate is ${single.status}`);
  const { thisUpdate } = single;
  const nextUpdate = Number.isNaN(single.nextUpdate) ? thisUpdate + HOLDS_MS : single.nextUpdate;
  if (thisUpdate > now + SKEW_MS) return fails('it is not valid yet');
  if (nextUpdate <= now) return fails(`it expired on ${new Date(nextUpdate).toISOString()}`);
  if (!isSigned(response, issuer, now)) return fails('its signature is not one of the issuer');
  return { ok: true, staple: { bytes, thisUpdate, nextUpdate } };
}

function fails(why: string): OcspCheck {
  return { ok: false, why };
}

type Answer = Extract<OcspResponse, { kind: 'answer' }>;

function isSigned(answer: Answer, issuer: Uint8Array, now: number): boolean {
  const algorithm = HASHES.get(answer.algorithm);
  if (algorithm === undefined) return false;
  const isBy = (key: KeyObject): boolean => verify(algorithm, answer.signed, key, answer.signature);
  try {
    const authority = new X509Certificate(issuer);
    if (isBy(authority.publicKey)) return true;
    return answer.certificates.some((der) => {
      const delegate = new X509Certificate(der);
      const isOn = now <= delegate.validToDate.getTime();
      const mayStand = delegate.keyUsage?.includes(OCSP_SIGNING) === true && isOn;
      return mayStand && delegate.verify(authority.publicKey) && isBy(delegate.publicKey);
    });
  } catch {
    return false;
  }
}
