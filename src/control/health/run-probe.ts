import { assert } from '../../base/errors.ts';
import type { ProbePlan } from '../../config/plan-check.ts';
import { httpProbe } from './http-probe.ts';
import type { CancelProbe, Probe, ProbeResult, ProbeTarget } from './probe.ts';
import { tcpProbe } from './tcp-probe.ts';

type Kind = ProbePlan['kind'];

/** Probes whose code is read at the first check of their kind: most balancers need few of them. */
const LOADERS: Partial<Record<Kind, () => Promise<Probe>>> = {
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

/** The code that is there. */
const loaded = new Map<Kind, Probe>([
  ['tcp', tcpProbe],
  ['http', httpProbe],
]);

/** The `Probe` of a running balancer: real connections, by the kind of the check. */
export function runProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const probe = loaded.get(target.probe.kind);
  if (probe !== undefined) return probe(target, done);
  const late = new LateProbe(target, done);
  return () => late.cancel();
}

/** A probe that begins once its code was read. */
class LateProbe {
  #cancel: CancelProbe | null = null;
  #isCancelled = false;

  constructor(target: ProbeTarget, done: (result: ProbeResult) => void) {
    void this.#begin(target, done);
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#cancel?.();
  }

  async #begin(target: ProbeTarget, done: (result: ProbeResult) => void): Promise<void> {
    const { kind } = target.probe;
    try {
      const probe = await load(kind);
      if (!this.#isCancelled) this.#cancel = probe(target, done);
    } catch (error) {
      const detail = `the code of the ${kind} check cannot be read: ${String(error)}`;
      if (!this.#isCancelled) done({ passed: false, reason: 'local-setup', detail, durationMs: 0 });
    }
  }
}

async function load(kind: Kind): Promise<Probe> {
  const loader = LOADERS[kind];
  assert(loader !== undefined, `the kind ${kind} has a loader`);
  const probe = await loader();
  loaded.set(kind, probe);
  return probe;
}
