/**
 * What `ballast check` finds in the files of certificates, with the place in the configuration: what
 * would refuse a start is an error, what would be served in spite of it a warning.
 */
import { BallastError, BallastErrors } from '../base/errors.ts';
import type { ConfigPath, DiagnosticCode, Finding } from '../config/diagnostic.ts';
import type { CertificateSource } from '../config/plan-tls.ts';
import type { Plan } from '../config/plan.ts';
import { EMPTY_SET, loadCertificateSet } from '../control/certificates/certificate-set.ts';
import type { CertificateSet, Problem } from '../control/certificates/certificate-set.ts';
import { fileStamp } from '../control/certificates/read-pem-file.ts';
import type { Pair } from '../control/certificates/read-pair.ts';
import { uncoveredNames } from './uncovered-names.ts';

const DAY_MS = 86_400_000;
/** Days ahead at which the end of a certificate is worth a warning. */
const WARN_DAYS = 30;

/** Reads all files of TLS that a plan names; `now` is in ms since the epoch. */
export async function inspectCertificates(plan: Plan, now: number): Promise<Finding[]> {
  const acmeFiles = (): null => null;
  const kinds: Kinds = new Map(plan.certificates.map(({ key, source }) => [key, source.kind]));
  const set = await loadCertificateSet({ plan, before: EMPTY_SET, acmeFiles, isStrict: false });
  return [
    ...[...set.problems.values()].flatMap((problem) => problemFindings(problem, kinds, plan)),
    ...set.pairs.flatMap((pair) => pairFindings(pair, kinds, now)),
    ...emptyFolders(plan, set),
    ...missingResponses(plan),
    ...uncoveredNames(plan, set.pairs),
  ];
}

/**
 * The error of a start that failed: where it was for a certificate, everything that is wrong with
 * the files of certificates, each with its place; else `error` itself.
 */
export async function startError(error: unknown, plan: Plan): Promise<unknown> {
  if (!(error instanceof BallastError) || !error.code.startsWith('BAL_CERTIFICATE_')) return error;
  const findings = await inspectCertificates(plan, Date.now());
  const errors = findings
    .filter(({ severity }) => severity !== 'warning')
    .map(
      ({ code, message, hint = '', path }) => new BallastError(code, message, { hint, at: path }),
    );
  return errors.length === 0 ? error : BallastErrors.of(errors);
}

/** Where certificates come from, by their keys. */
type Kinds = ReadonlyMap<string, CertificateSource['kind']>;

/** The entry of the configuration that a pair comes from. */
function entryPath(key: string, kinds: Kinds): ConfigPath {
  const kind = kinds.get(key) ?? 'files';
  return ['certificates', key, kind === 'files' ? 'cert' : kind];
}

function problemFindings({ name, error }: Problem, kinds: Kinds, plan: Plan): Finding[] {
  const { message, hint = '' } = error;
  const code = error.code as DiagnosticCode;
  const key = name.split('/')[0]!;
  const kind = kinds.get(key);
  if (kind === undefined) {
    return fileUses(name, plan).map((path) => ({ code, message, hint, path }));
  }
  // A broken pair of a folder is left out; a folder that cannot be listed stops the start.
  const isLeftOut = kind === 'folder' && name !== key;
  const isKey = code === 'BAL_CERTIFICATE_KEY' && kind === 'files';
  const path = isKey ? ['certificates', key, 'key'] : entryPath(key, kinds);
  const text = isLeftOut ? `${message}: it would be left out` : message;
  return [{ severity: isLeftOut ? 'warning' : 'error', code, message: text, hint, path }];
}

/** Where the configuration names a CA, a CRL, or what is shown to servers. */
function fileUses(file: string, plan: Plan): ConfigPath[] {
  const uses: ConfigPath[] = [];
  for (const listener of plan.listeners) {
    const auth = 'tls' in listener ? (listener.tls?.clientAuth ?? null) : null;
    const at = ['listeners', listener.key, 'tls', 'clientCertificates'];
    if (auth?.caFile === file) uses.push([...at, 'ca']);
    if (auth?.crlFile === file) uses.push([...at, 'crl']);
  }
  for (const { key, tls } of plan.pools) {
    const at = ['pools', key, 'tls'];
    if (tls?.caFile === file) uses.push([...at, 'ca']);
    if (tls?.certFile === file) uses.push([...at, 'cert']);
    if (tls?.keyFile === file) uses.push([...at, 'key']);
  }
  return uses;
}

function pairFindings(pair: Pair, kinds: Kinds, now: number): Finding[] {
  const { source, warnings, notBefore, notAfter } = pair;
  const path = entryPath(source.key, kinds);
  const warn = (code: DiagnosticCode, message: string, hint = ''): Finding => {
    return { severity: 'warning', code, message, hint, path };
  };
  const found = warnings.map((warning) => warn('BAL_CERTIFICATE_WARNING', warning));
  const end = new Date(notAfter).toISOString();
  const name = `the certificate in "${source.certFile}"`;
  if (now < notBefore) {
    const message = `${name} is not valid before ${new Date(notBefore).toISOString()}`;
    found.push(warn('BAL_CERTIFICATE_EXPIRED', message, 'until then clients refuse it'));
  } else if (now >= notAfter) {
    const message = `${name} has expired on ${end}`;
    found.push(warn('BAL_CERTIFICATE_EXPIRED', message, 'clients refuse it: renew it'));
  } else if (notAfter - now < Math.min(WARN_DAYS * DAY_MS, (notAfter - notBefore) / 2)) {
    found.push(warn('BAL_CERTIFICATE_EXPIRES', `${name} expires on ${end}`, 'renew it'));
  }
  return found;
}

/** Files of OCSP responses that are not there: the certificate is served without. */
function missingResponses({ certificates }: Plan): Finding[] {
  return certificates.flatMap(({ key, ocsp }): Finding[] => {
    if (ocsp.kind !== 'file' || fileStamp(ocsp.path) !== '') return [];
    const message = `there is no OCSP response "${ocsp.path}"`;
    const hint = 'the certificate is served without one';
    const path = ['certificates', key, 'ocsp', 'file'];
    return [{ severity: 'warning', code: 'BAL_CERTIFICATE_WARNING', message, hint, path }];
  });
}

function emptyFolders(plan: Plan, set: CertificateSet): Finding[] {
  const filled = new Set(set.pairs.map(({ source }) => source.key));
  const broken = new Set([...set.problems.keys()].map((name) => name.split('/')[0]!));
  const empty = plan.certificates.filter(
    ({ key, source }) => source.kind === 'folder' && !filled.has(key) && !broken.has(key),
  );
  return empty.map(({ key }) => ({
    severity: 'warning',
    code: 'BAL_CERTIFICATE_WARNING',
    message: 'the folder holds no certificates',
    hint: 'put NAME.crt and NAME.key there, or both in NAME.pem',
    path: ['certificates', key, 'folder'],
  }));
}
