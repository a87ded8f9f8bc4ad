import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BallastError } from '../../base/errors.ts';
import type { CertificatePlan } from '../../config/plan-tls.ts';
import type { PairSource } from './read-pair.ts';

/** Certificates of all plans together at most. */
export const CERTIFICATES_MAX = 50_000;

/** Paths of what ACME has obtained for a certificate; null while there is nothing. */
export type AcmeFiles = (
  stateFolder: string | null,
  plan: CertificatePlan,
) => { readonly certFile: string; readonly keyFile: string } | null;

/** Where the pairs of one certificate of the plan are; a folder's are sorted by name. */
export type PairSources = {
  readonly sources: readonly PairSource[];
  /** Whether a pair that cannot be used is left out, instead of refusing the whole. */
  readonly isLenient: boolean;
};

/** Finds the pairs of a certificate of the plan. Throws BAL_CERTIFICATE_FILE and _LIMIT. */
export function pairSources(
  plan: CertificatePlan,
  stateFolder: string | null,
  acmeFiles: AcmeFiles,
): PairSources {
  const { key, source } = plan;
  switch (source.kind) {
    case 'files':
      return { sources: [{ ...source, name: key, key }], isLenient: false };
    case 'folder':
      return { sources: folderSources(key, source.path), isLenient: true };
    case 'acme': {
      const files = acmeFiles(stateFolder, plan);
      return { sources: files === null ? [] : [{ ...files, name: key, key }], isLenient: true };
    }
  }
}

function folderSources(key: string, folder: string): PairSource[] {
  const files = new Set(listFolder(key, folder));
  const sources: PairSource[] = [];
  for (const file of [...files].sort()) {
    const match = /^([^.].*)\.(crt|pem)$/.exec(file);
    if (match === null) continue;
    const base = match[1]!;
    const certFile = join(folder, file);
    const keyFile = files.has(`${base}.key`) ? join(folder, `${base}.key`) : certFile;
    // Two files of one base are told apart by their whole names.
    const isTwin = file.endsWith('.pem') && files.has(`${base}.crt`);
    sources.push({ name: `${key}/${isTwin ? file : base}`, key, certFile, keyFile });
  }
  return sources;
}

function listFolder(key: string, folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new BallastError(
      'BAL_CERTIFICATE_FILE',
      `cannot list the folder "${folder}" of the certificates "${key}": ${why}`,
      { hint: 'it must be a folder that the user that Ballast runs as can read' },
    );
  }
}
