import { digest } from '../digest.ts';
import type { CheckPlan, ProbePlan } from '../plan-check.ts';
import type { PassivePlan, PoolPlan, ServerPlan } from '../plan.ts';
import { balancePlan } from '../schema/balance.ts';
import { checkTimes } from '../schema/check.ts';
import type { CheckConfig } from '../schema/check.ts';
import { ejectMaxMs } from '../schema/passive.ts';
import type { PassiveConfig } from '../schema/passive.ts';
import type { PoolConfig } from '../schema/pool.ts';
import { proxySendPlan } from '../schema/proxy-protocol.ts';
import { serverSettings } from '../schema/server.ts';
import { keepAlivePlan } from '../schema/socket.ts';
import { fieldPairs } from './route.ts';

function probe(check: CheckConfig): ProbePlan {
  const { http } = check;
  if (http === undefined) return { kind: 'tcp', tls: null, steps: [] };
  const step = {
    method: http.method,
    path: http.path,
    host: http.host ?? '',
    fields: fieldPairs(http.headers),
    bodyBase64: '',
    statuses: http.status,
    body: http.body ?? null,
  };
  return { kind: 'http', tls: null, steps: [step] };
}

function lowerCheck(check: CheckConfig): CheckPlan {
  const plan = {
    everyMs: check.every,
    ...checkTimes(check),
    rise: check.rise,
    fall: check.fall,
    jitterPercent: check.jitter,
    start: 'unknown' as const,
    port: check.port ?? 0,
    probe: probe(check),
  };
  return { digest: digest(plan), ...plan };
}

function lowerPassive(passive: PassiveConfig): PassivePlan {
  return {
    failures: passive.failures,
    on: passive.on,
    ejectMs: passive.eject,
    ejectMaxMs: ejectMaxMs(passive),
    maxEjectedPercent: passive.maxEjected,
  };
}

function servers(pool: PoolConfig, key: string): ServerPlan[] {
  return pool.servers.map(serverSettings).map((server) => ({
    key: `${key}/${server.name}`,
    name: server.name,
    slot: 0,
    address: server.address,
    weight: server.weight,
    maxConnections: server.maxConnections ?? pool.maxConnections,
    backup: server.backup,
    checkAddress: server.checkAddress ?? null,
  }));
}

/** The plan of one pool; `key` is its name in the file. */
export function lowerPool(pool: PoolConfig, key: string): PoolPlan {
  const { idle, queue, retry } = pool;
  return {
    key,
    slot: 0,
    balance: balancePlan(pool.balance),
    servers: servers(pool, key),
    names: [],
    check: pool.check === undefined ? null : lowerCheck(pool.check),
    verdictsOf: null,
    agent: null,
    passive: pool.passive === undefined ? null : lowerPassive(pool.passive),
    slowStartMs: pool.slowStart,
    onDown: pool.onDown ?? 'keep',
    connectMs: pool.connectTimeout,
    socket: { keepAlive: keepAlivePlan(pool.keepAlive), userTimeoutMs: pool.userTimeout },
    source: pool.source ?? null,
    sendProxy: pool.proxyProtocol === undefined ? null : proxySendPlan(pool.proxyProtocol),
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
