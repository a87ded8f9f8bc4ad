/** The certificate that is on the disk, and how it compares with what the plan asks for. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { AcmePlan } from '../../config/plan-tls.ts';
import type { HeldCertificate } from '../../machine/acme-renewal.ts';
import { WholeFile } from '../whole-file.ts';
import { heldPath } from './acme-files.ts';
import { AcmeError } from './acme-error.ts';
import { stateError } from './kept-file.ts';
import type { Obtained } from './order.ts';
import type { Tries } from './tries.ts';

/** A longer file is not one of ours, in bytes. */
const BYTES_MAX = 1 << 20;
const FINGERPRINT_DIGITS = 8;

/** Reads what there is for `key`; null where there is nothing that could serve. */
export function readHeld(
  stateFolder: string,
  key: string,
  plan: AcmePlan,
  tries: Tries,
): HeldCertificate | null {
  try {
    const text = new WholeFile(heldPath(stateFolder, key), BYTES_MAX).read();
    return text === null ? null : heldOf(new X509Certificate(text), plan, tries);
  } catch {
    // It cannot serve: whoever loads certificates says why, and a new one takes its place.
    return null;
  }
}

/** What the machine needs to know of a certificate. */
export function heldOf(x509: X509Certificate, plan: AcmePlan, tries: Tries): HeldCertificate {
  const fingerprint = fingerprintOf(x509);
  const origin = tries.origins.find(([known]) => known === fingerprint)?.[1];
  // One whose origin nobody knows was perhaps copied here: it serves as well as any.
  const isFromHere = origin === undefined || origin === plan.directory;
  const kind = x509.publicKey.asymmetricKeyType === 'rsa' ? 'rsa' : 'ecdsa';
  return {
    notBeforeMs: x509.validFromDate.getTime(),
    notAfterMs: x509.validToDate.getTime(),
    isAsked: isFromHere && kind === plan.keyType && hasNames(x509, plan.names),
    spread: Number.parseInt(fingerprint.slice(0, FINGERPRINT_DIGITS), 16) / 2 ** 32,
  };
}

/** SHA-256 of a certificate, lower-case hex. */
export function fingerprintOf({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '').toLowerCase();
}

/** The certificate of an order. Throws BAL_ACME_ANSWER for one that is not what was ordered. */
export function checkObtained({ chain, privateKey }: Obtained, plan: AcmePlan): X509Certificate {
  const refuse = (why: string): AcmeError =>
    new AcmeError('BAL_ACME_ANSWER', `the authority gave a certificate that cannot serve: ${why}`);
  let x509: X509Certificate;
  try {
    x509 = new X509Certificate(chain);
  } catch (error) {
    throw refuse((error as Error).message);
  }
  if (!x509.checkPrivateKey(createPrivateKey(privateKey))) throw refuse('it is for another key');
  if (!hasNames(x509, plan.names)) throw refuse(`it is for ${x509.subjectAltName ?? 'no name'}`);
  return x509;
}

/** Resolves when the certificate is on the disk together with its key. */
export async function writeHeld(
  stateFolder: string,
  key: string,
  { chain, privateKey }: Obtained,
): Promise<void> {
  const path = heldPath(stateFolder, key);
  const text = `${chain.trimEnd()}\n${privateKey.trimEnd()}\n`;
  const failure = await new WholeFile(path, BYTES_MAX).save(() => text);
  if (failure !== null) throw stateError('write', path, failure);
}

/** Whether the names are those of the certificate, in any order. */
function hasNames({ subjectAltName = '' }: X509Certificate, names: readonly string[]): boolean {
  const own = subjectAltName.split(', ').map((name) => name.replace(/^DNS:/, '').toLowerCase());
  return [...new Set(own)].sort().join() === [...new Set(names)].sort().join();
}
