import { resolve } from 'node:path';
import type { TlsProbePlan } from '../plan-check.ts';
import type {
  AcmePlan,
  CertificatePlan,
  CertificateSource,
  ClientAuthPlan,
  OcspPlan,
  ServerTlsPlan,
  TerminationPlan,
} from '../plan-tls.ts';
import type { Config } from '../schema.ts';
import type { AcmeConfig } from '../schema/acme.ts';
import type { CertificateConfig } from '../schema/certificate.ts';
import type { PoolConfig } from '../schema/pool.ts';
import { serverTlsSettings } from '../schema/server-tls.ts';
import { REFUSE } from '../schema/termination.ts';
import type { TlsSettings } from '../schema/termination.ts';

/** Where relative paths start from; "" stays "", which is no file. */
function absolute(folder: string, file: string | undefined): string {
  return file === undefined ? '' : resolve(folder, file);
}

function acmePlan(acme: AcmeConfig, folder: string): AcmePlan {
  return {
    names: acme.names,
    directory: acme.directory,
    caFile: absolute(folder, acme.ca),
    email: acme.email ?? '',
    challenge: acme.challenge,
    keyType: acme.keyType,
    renewDays: acme.renew,
  };
}

function source(given: CertificateConfig, folder: string): CertificateSource {
  if (given.acme !== undefined) return { kind: 'acme', acme: acmePlan(given.acme, folder) };
  if (given.folder !== undefined) return { kind: 'folder', path: absolute(folder, given.folder) };
  const certFile = absolute(folder, given.cert);
  return { kind: 'files', certFile, keyFile: absolute(folder, given.key ?? given.cert) };
}

function ocspPlan({ ocsp }: CertificateConfig, folder: string): OcspPlan {
  return typeof ocsp === 'string'
    ? { kind: ocsp }
    : { kind: 'file', path: absolute(folder, ocsp.file) };
}

/** The plans of all certificates, in the order of the file. */
export function lowerCertificates(
  certificates: Config['certificates'],
  folder: string,
): CertificatePlan[] {
  return Object.entries(certificates).map(([key, given]) => ({
    key,
    source: source(given, folder),
    ocsp: ocspPlan(given, folder),
  }));
}

function clientAuth(
  given: NonNullable<TlsSettings['clientCertificates']>,
  folder: string,
): ClientAuthPlan {
  const headers = 'headers' in given ? given.headers : {};
  return {
    mode: given.mode,
    caFile: absolute(folder, given.ca),
    crlFile: absolute(folder, given.crl),
    fields: {
      subject: headers.subject ?? '',
      names: headers.names ?? '',
      fingerprint: headers.fingerprint ?? '',
      certificate: headers.certificate ?? '',
    },
  };
}

/** Handshakes at once, in those of a second, where `burst` is left out. */
const BURST_SECONDS = 2;

/** How a listener ends TLS; `all` are the names of the certificates of the file. */
export function terminationPlan(
  tls: TlsSettings,
  all: readonly string[],
  folder: string,
): TerminationPlan {
  const certificates = tls.certificates ?? all;
  const { handshakeRate: rate, clientCertificates: clients } = tls;
  const first = certificates[0] ?? null;
  return {
    certificates,
    defaultCertificate: tls.default === REFUSE ? null : (tls.default ?? first),
    profile: tls.profile,
    alpn: tls.alpn,
    tickets: tls.tickets,
    earlyDataBytes: 'earlyData' in tls ? tls.earlyData : 0,
    clientAuth: clients === undefined ? null : clientAuth(clients, folder),
    handshakeMs: tls.handshakeTimeout,
    rate:
      rate === undefined
        ? null
        : { perSecond: rate.perSecond, burst: rate.burst ?? rate.perSecond * BURST_SECONDS },
  };
}

/** TLS towards the servers of a pool; null speaks in the clear. */
export function serverTlsPlan(pool: PoolConfig, folder: string): ServerTlsPlan | null {
  const tls = serverTlsSettings(pool.tls);
  if (tls === null) return null;
  return {
    verify: tls.verify,
    profile: tls.profile,
    alpn: tls.alpn,
    caFile: absolute(folder, tls.ca),
    certFile: absolute(folder, tls.cert),
    keyFile: absolute(folder, tls.key),
  };
}

/** The same TLS as a check speaks it; servers have their own names. */
export function probeTls(pool: PoolConfig, folder: string): TlsProbePlan | null {
  const plan = serverTlsPlan(pool, folder);
  if (plan === null) return null;
  const { verify, caFile, certFile, keyFile } = plan;
  return { verify, serverName: '', caFile, certFile, keyFile };
}
