/** What is said of certificates in the status, at GET /certificates and in the metrics. */
import type { CertificatePlan } from '../../config/plan-tls.ts';
import { single, type MetricFamily } from '../metric-family.ts';
import type { CertificateSet } from './certificate-set.ts';
import type { OcspStaples, OcspView } from './ocsp-staples.ts';
import type { Pair } from './read-pair.ts';

/** Certificates that have a metric of their own and a row in the status: those that end first. */
export const SHOWN_MAX = 100;

const DAY_MS = 86_400_000;

/** A certificate as people see it; never its key. */
export type CertificateStatus = {
  /** Key of the configuration; of a folder's, and the name of the file: `site/shop`. */
  readonly name: string;
  readonly source: CertificatePlan['source']['kind'];
  /** `broken` serves nothing; `held` serves what was there before the files were broken. */
  readonly state: 'served' | 'expired' | 'held' | 'broken';
  readonly names: readonly string[];
  readonly issuer: string;
  readonly keyType: string;
  readonly fingerprint: string;
  readonly serialNumber: string;
  /** ISO 8601, "" where it is not known. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** Whole days until the end, below 0 after it; null where it is not known. */
  readonly daysLeft: number | null;
  /** Paths of the files. */
  readonly certFile: string;
  readonly keyFile: string;
  /** What is wrong with the files now; "" is nothing. */
  readonly problem: string;
  readonly hint: string;
  /** What is not as it should be. */
  readonly warnings: readonly string[];
  /** Stapling of OCSP responses. */
  readonly ocsp: OcspView;
};

/** Counts of all certificates. */
export type CertificateCounts = {
  readonly total: number;
  readonly expired: number;
  readonly broken: number;
};

/** The certificates part of the status: bounded, whatever their number. */
export type CertificatesStatus = CertificateCounts & {
  /** Those that are broken and those that end first. */
  readonly first: readonly CertificateStatus[];
};

export type StatusInput = {
  readonly set: CertificateSet;
  readonly plans: readonly CertificatePlan[];
  readonly staples: Pick<OcspStaples, 'view' | 'failures'>;
  /** Wall clock in ms. */
  readonly now: number;
};

/** Broken ones first, then those that end first. Called for each GET of status or certificates. */
export function certificateStatuses({
  set,
  plans,
  staples,
  now,
}: StatusInput): CertificateStatus[] {
  const kinds = new Map(plans.map(({ key, source }) => [key, source.kind]));
  const kindOf = (key: string) => kinds.get(key) ?? 'files';
  const served = [...set.pairs].sort((a, b) => a.notAfter - b.notAfter);
  const rows = served.map((pair) =>
    servedStatus(pair, { set, staples, kind: kindOf(pair.source.key), now }),
  );
  const names = new Set(rows.map(({ name }) => name));
  const broken: CertificateStatus[] = [];
  for (const { name, error } of set.problems.values()) {
    const key = name.split('/')[0]!;
    if (names.has(name) || !kinds.has(key)) continue;
    broken.push({ ...NOTHING, name, source: kindOf(key), ...wordsOf(error) });
  }
  const held = rows.filter(({ state }) => state === 'held');
  return [...broken, ...held, ...rows.filter(({ state }) => state !== 'held')];
}

/** The bounded part. */
export function certificatesStatus(input: StatusInput): CertificatesStatus {
  const first = certificateStatuses(input).slice(0, SHOWN_MAX);
  return { ...certificateCounts(input), first };
}

/** Counts alone. */
export function certificateCounts({
  set,
  now,
}: Pick<StatusInput, 'set' | 'now'>): CertificateCounts {
  const expired = set.pairs.filter(({ notAfter }) => notAfter <= now).length;
  return { total: set.pairs.length, expired, broken: set.problems.size };
}

/** The metrics. Called for each GET /metrics. */
export function certificateFamilies(input: StatusInput): MetricFamily[] {
  const { total, expired, broken } = certificateCounts(input);
  if (total + broken === 0) return [];
  const ends = [...input.set.pairs].sort((a, b) => a.notAfter - b.notAfter).slice(0, SHOWN_MAX);
  return [
    single('ballast_certificates', 'gauge', 'Certificates that are served.', total),
    single(
      'ballast_certificates_expired',
      'gauge',
      'Served certificates that are expired.',
      expired,
    ),
    single(
      'ballast_certificates_broken',
      'gauge',
      'Certificates, CAs and CRLs whose files cannot be used now.',
      broken,
    ),
    single(
      'ballast_ocsp_failures_total',
      'counter',
      'OCSP responses that could not be had or used.',
      input.staples.failures,
    ),
    {
      name: 'ballast_certificate_not_after_seconds',
      help: `When a certificate ends, in seconds since the epoch: the ${SHOWN_MAX} that end first.`,
      type: 'gauge',
      values: ends.map(({ source, notAfter }) => ({
        value: notAfter / 1_000,
        labels: { certificate: source.name },
      })),
    },
  ];
}

const NOTHING: Omit<CertificateStatus, 'name' | 'source'> = {
  state: 'broken',
  names: [],
  issuer: '',
  keyType: '',
  fingerprint: '',
  serialNumber: '',
  notBefore: '',
  notAfter: '',
  daysLeft: null,
  certFile: '',
  keyFile: '',
  problem: '',
  hint: '',
  warnings: [],
  ocsp: { state: 'off', until: '', problem: '' },
};

type Around = Pick<StatusInput, 'set' | 'staples'> & {
  readonly kind: CertificateStatus['source'];
  readonly now: number;
};

function servedStatus(pair: Pair, { set, staples, kind, now }: Around): CertificateStatus {
  const { source, notBefore, notAfter } = pair;
  const problem = set.problems.get(source.name) ?? set.problems.get(source.key);
  const { certFile, keyFile } = source;
  return {
    ...NOTHING,
    name: source.name,
    source: kind,
    state: problem !== undefined ? 'held' : notAfter <= now ? 'expired' : 'served',
    names: pair.names,
    issuer: pair.issuer,
    keyType: pair.keyType,
    fingerprint: pair.fingerprint,
    serialNumber: pair.serialNumber,
    notBefore: new Date(notBefore).toISOString(),
    notAfter: new Date(notAfter).toISOString(),
    daysLeft: Math.floor((notAfter - now) / DAY_MS),
    certFile,
    keyFile,
    ...(problem === undefined ? {} : wordsOf(problem.error)),
    warnings: pair.warnings,
    ocsp: staples.view(pair.fingerprint),
  };
}

function wordsOf({
  message,
  hint,
}: {
  readonly message: string;
  readonly hint?: string | undefined;
}) {
  return { problem: message, hint: hint ?? '' };
}
