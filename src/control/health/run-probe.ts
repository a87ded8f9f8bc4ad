import type { ProbePlan } from '../../config/plan-check.ts';
import { httpProbe } from './http-probe.ts';
import type { CancelProbe, Probe, ProbeResult, ProbeTarget } from './probe.ts';
import { tcpProbe } from './tcp-probe.ts';

/** Kinds whose code is not there from the start. */
type LateKind = Exclude<ProbePlan['kind'], 'tcp' | 'http'>;

/** Probes whose code is read at the first check of their kind: most balancers need few of them. */
const LOADERS: Readonly<Record<LateKind, () => Promise<Probe>>> = {
  postgres: async () => (await import('./postgres-probe.ts')).postgresProbe,
  mysql: async () => (await import('./mysql-probe.ts')).mysqlProbe,
  redis: async () => (await import('./redis-probe.ts')).redisProbe,
  dns: async () => (await import('./dns-probe.ts')).dnsProbe,
  exec: async () => (await import('./exec-probe.ts')).execProbe,
  ldap: async () => (await import('./ldap-probe.ts')).ldapProbe,
  sip: async () => (await import('./sip-probe.ts')).sipProbe,
  smtp: async () => (await import('./smtp-probe.ts')).smtpProbe,
  grpc: async () => (await import('./grpc-probe.ts')).grpcProbe,
};

/** The code that was read. */
const loaded = new Map<LateKind, Probe>();

/** The `Probe` of a running balancer: real connections, by the kind of the check. */
export function runProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const { kind } = target.probe;
  if (kind === 'tcp') return tcpProbe(target, done);
  if (kind === 'http') return httpProbe(target, done);
  const probe = loaded.get(kind);
  if (probe !== undefined) return probe(target, done);
  const late = new LateProbe();
  void late.begin(kind, target, done);
  return () => late.cancel();
}

/** A probe that begins once its code was read. */
class LateProbe {
  #cancel: CancelProbe | null = null;
  #isCancelled = false;

  cancel(): void {
    this.#isCancelled = true;
    this.#cancel?.();
  }

  async begin(
    kind: LateKind,
    target: ProbeTarget,
    done: (result: ProbeResult) => void,
  ): Promise<void> {
    const probe = await load(kind);
    if (this.#isCancelled) return;
    if (typeof probe !== 'string') this.#cancel = probe(target, done);
    else done({ passed: false, reason: 'local-setup', detail: probe, durationMs: 0 });
  }
}

/** The probe of a kind, or why its code cannot be read. */
async function load(kind: LateKind): Promise<Probe | string> {
  try {
    const probe = await LOADERS[kind]();
    loaded.set(kind, probe);
    return probe;
  } catch (error) {
    return `the code of the ${kind} check cannot be read: ${String(error)}`;
  }
}
