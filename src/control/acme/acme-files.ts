/**
 * What ACME keeps in the state folder, all of it for the owner alone:
 *
 *   acme/accounts/<digest>.json                    key and URL of an account
 *   acme/certificates/<name>/certificate.pem       a certificate, its chain and its key in one file:
 *                                                  one is never there without the other
 *   acme/certificates/<name>/tries.json            when it was tried last and how that went
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CertificatePlan } from '../../config/plan-tls.ts';

/** Where a certificate is that was obtained for a plan, both paths the same; null where none was. */
export function acmeFiles(
  stateFolder: string | null,
  { key }: CertificatePlan,
): { readonly certFile: string; readonly keyFile: string } | null {
  const path = stateFolder === null ? '' : heldPath(stateFolder, key);
  return existsSync(path) ? { certFile: path, keyFile: path } : null;
}

/** Path of the certificate for a key of `certificates`. */
export function heldPath(stateFolder: string, key: string): string {
  return join(stateFolder, 'acme', 'certificates', key, 'certificate.pem');
}

/** Path of what is kept of the tries for a certificate. */
export function triesPath(stateFolder: string, key: string): string {
  return join(stateFolder, 'acme', 'certificates', key, 'tries.json');
}

/** Path of the account with this address of mail at a directory. */
export function accountPath(stateFolder: string, directory: string, email: string): string {
  const name = createHash('sha256').update(`${directory}\n${email}`).digest('hex').slice(0, 32);
  return join(stateFolder, 'acme', 'accounts', `${name}.json`);
}
