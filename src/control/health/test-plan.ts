import { createHash } from 'node:crypto';
import type { CheckPlan, HttpProbePlan, HttpStep, TcpProbePlan } from '../../config/plan-check.ts';
import type { BindPlan, Plan, PoolPlan, ServerPlan } from '../../config/plan.ts';

/** The tcp probe that only connects. */
export const TCP_PROBE: TcpProbePlan = { kind: 'tcp', tls: null, steps: [] };

/** An http probe of one request for tests: GET / with any 2xx. */
export function httpProbePlan(parts: Partial<HttpStep> = {}): HttpProbePlan {
  return { kind: 'http', tls: null, steps: [httpStep(parts)] };
}

/** One request for tests: GET / with any 2xx. */
export function httpStep(parts: Partial<HttpStep> = {}): HttpStep {
  return {
    method: 'GET',
    path: '/',
    host: '',
    fields: [],
    bodyBase64: '',
    statuses: [[200, 299]],
    body: null,
    ...parts,
  };
}

/** A check for tests: tcp each second, time limit 500 ms, rise 2, fall 2, no jitter. */
export function checkPlan(parts: Partial<CheckPlan> = {}): CheckPlan {
  const check = {
    everyMs: 1000,
    downEveryMs: 500,
    changingEveryMs: 250,
    timeoutMs: 500,
    rise: 2,
    fall: 2,
    jitterPercent: 0,
    start: 'unknown' as const,
    port: 0,
    probe: TCP_PROBE,
    ...parts,
  };
  const digest = createHash('sha256').update(JSON.stringify(check)).digest('hex');
  return { ...check, digest };
}

/** A server `<pool>/<name>` for tests. */
export function serverPlan(pool: string, name: string, address: BindPlan): ServerPlan {
  return {
    key: `${pool}/${name}`,
    name,
    slot: 0,
    address,
    weight: 1,
    maxConnections: 0,
    backup: false,
    checkAddress: null,
    tlsName: address.host,
  };
}

/** An IPv4 address for tests. */
export function ipv4(host: string, port: number): BindPlan {
  return { family: 'ipv4', host, port };
}

/** A pool for tests. */
export function poolPlan(key: string, check: CheckPlan | null, servers: ServerPlan[]): PoolPlan {
  return {
    key,
    slot: 0,
    balance: { kind: 'round-robin', hash: null, boundedLoadPercent: 0 },
    servers,
    names: [],
    check,
    verdictsOf: null,
    agent: null,
    passive: null,
    slowStartMs: 0,
    onDown: 'keep',
    connectMs: 1000,
    socket: { keepAlive: null, userTimeoutMs: 0 },
    source: null,
    sendProxy: null,
    tls: null,
    queue: { size: 0, timeoutMs: 0 },
    idle: { perServer: 0, timeoutMs: 0, maxAgeMs: 0, maxRequests: 0 },
    retry: { attempts: 0, statuses: [], budgetPercent: 0, budgetMin: 0, bufferBytes: 0 },
  };
}

/** A plan for tests that has pools only. */
export function planOf(pools: PoolPlan[]): Plan {
  return {
    version: 1,
    digest: '',
    workers: 1,
    admin: null,
    log: { access: 'off', level: 'info' },
    limits: {
      connections: 1,
      headBytes: 1,
      uriBytes: 1,
      fields: 1,
      answerHeadBytes: 1,
      bufferMemory: 1,
      handshakes: 1,
    },
    drainMs: 0,
    stateFolder: null,
    coreDumps: false,
    resolver: { servers: [], timeoutMs: 0, ttlMinMs: 0, ttlMaxMs: 0, keepMs: 0 },
    certificates: [],
    kernel: [],
    addresses: [],
    listeners: [],
    pools,
  };
}
