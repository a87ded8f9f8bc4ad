/** Plans of checks that speak the protocols of databases and of gRPC, for tests. */
import type {
  GrpcProbePlan,
  MysqlProbePlan,
  PostgresProbePlan,
  ProbePlan,
  RedisProbePlan,
  SecretPlan,
} from '../../config/plan-check.ts';
import type { BindPlan } from '../../config/plan.ts';
import type { ProbeResult } from './probe.ts';
import { runProbe } from './run-probe.ts';

/** A password as a plan has it. */
export function secret(text: string): SecretPlan {
  return { kind: 'text', text };
}

const MONITOR = { user: 'monitor', password: secret('secret of monitor'), tls: null } as const;
const ANY_ROLE = { role: 'any', maxLagMs: 0 } as const;

/** A check of PostgreSQL: only the login, as `monitor`. */
export function postgresPlan(parts: Partial<PostgresProbePlan> = {}): PostgresProbePlan {
  const query = null;
  return { kind: 'postgres', ...MONITOR, ...ANY_ROLE, database: 'postgres', query, ...parts };
}

/** A check of MySQL: only the login, as `monitor`. */
export function mysqlPlan(parts: Partial<MysqlProbePlan> = {}): MysqlProbePlan {
  return { kind: 'mysql', ...MONITOR, ...ANY_ROLE, database: '', query: null, ...parts };
}

/** A check of Redis: only PING. */
export function redisPlan(parts: Partial<RedisProbePlan> = {}): RedisProbePlan {
  return { kind: 'redis', ...ANY_ROLE, user: '', password: null, tls: null, ...parts };
}

/** A check of gRPC: the server as a whole, in clear text. */
export function grpcPlan(parts: Partial<GrpcProbePlan> = {}): GrpcProbePlan {
  return { kind: 'grpc', service: '', authority: '', tls: null, ...parts };
}

/** Runs one probe to its result. */
export async function probeOnce(
  address: BindPlan,
  probe: ProbePlan,
  timeoutMs = 5000,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    runProbe({ address, tlsName: address.host, probe, timeoutMs, server: 'a', pool: 'p' }, resolve);
  });
}
