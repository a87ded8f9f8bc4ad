import { digest } from '../digest.ts';
import type { CheckPlan, PoolPlan, ProbePlan, ServerPlan } from '../plan.ts';
import { checkTimes } from '../schema/check.ts';
import type { CheckConfig } from '../schema/check.ts';
import type { PoolConfig } from '../schema/pool.ts';
import { serverSettings } from '../schema/pool.ts';
import { fieldPairs } from './route.ts';

function probe(check: CheckConfig): ProbePlan {
  const { http } = check;
  if (http === undefined) return { kind: 'tcp' };
  return {
    kind: 'http',
    method: http.method,
    path: http.path,
    host: http.host ?? '',
    fields: fieldPairs(http.headers),
    statuses: http.status,
    body: http.body ?? null,
  };
}

function lowerCheck(check: CheckConfig): CheckPlan {
  const plan = {
    everyMs: check.every,
    ...checkTimes(check),
    rise: check.rise,
    fall: check.fall,
    jitterPercent: check.jitter,
    port: check.port ?? 0,
    probe: probe(check),
  };
  return { digest: digest(plan), ...plan };
}

function servers(pool: PoolConfig, key: string): ServerPlan[] {
  return pool.servers.map(serverSettings).map((server) => ({
    key: `${key}/${server.name}`,
    name: server.name,
    slot: 0,
    address: server.address,
    weight: server.weight,
    maxConnections: server.maxConnections ?? pool.maxConnections,
  }));
}

/** The plan of one pool; `key` is its name in the file. */
export function lowerPool(pool: PoolConfig, key: string): PoolPlan {
  const { idle, queue, retry } = pool;
  return {
    key,
    slot: 0,
    balance: pool.balance,
    servers: servers(pool, key),
    check: pool.check === undefined ? null : lowerCheck(pool.check),
    connectMs: pool.connectTimeout,
    queue: { size: queue.size, timeoutMs: queue.timeout },
    idle: {
      perServer: idle.perServer,
      timeoutMs: idle.timeout,
      maxAgeMs: idle.maxAge,
      maxRequests: idle.maxRequests,
    },
    retry: {
      attempts: retry.attempts,
      statuses: retry.statuses,
      budgetPercent: retry.budget,
      budgetMin: retry.budgetMin,
      bufferBytes: retry.buffer,
    },
  };
}
