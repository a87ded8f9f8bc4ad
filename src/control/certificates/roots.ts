import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

/** Where systems keep the bundle of the roots that they believe: the first one there is taken. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

let cached: readonly string[] | null = null;
let isDefault = false;

/**
 * The roots that are believed where a plan names no file, PEM: those that Node has brought along
 * and NODE_EXTRA_CA_CERTS, and those of the system (an authority of one's own, put there by
 * update-ca-certificates, is believed too). Read once per process, as other programs do.
 */
export function usualRoots(): Uint8Array {
  return new TextEncoder().encode([...rootTexts(), ''].join('\n'));
}

/** Lets TLS of Node itself (checks over TLS) believe the same roots. Called before its first use. */
export function believeUsualRoots(): void {
  if (isDefault) return;
  isDefault = true;
  setDefaultCACertificates(rootTexts());
}

function rootTexts(): readonly string[] {
  if (cached !== null) return cached;
  const roots = new Map<string, string>();
  for (const text of [...getCACertificates('default'), systemBundle()]) {
    for (const [pem] of text.matchAll(CERTIFICATE)) roots.set(pem.replaceAll(/\s/g, ''), pem);
  }
  cached = [...roots.values()];
  return cached;
}

function systemBundle(): string {
  const own = process.env['SSL_CERT_FILE'];
  for (const path of own === undefined ? SYSTEM_BUNDLES : [own]) {
    try {
      return readFileSync(path, 'latin1');
    } catch {
      // The next one, or none: Node's own roots are there in any case.
    }
  }
  return '';
}
