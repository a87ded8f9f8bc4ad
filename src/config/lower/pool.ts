import type { CheckPlan } from '../plan-check.ts';
import type { NamePlan, PassivePlan, PoolPlan, ServerPlan } from '../plan.ts';
import type { Config } from '../schema.ts';
import { balancePlan } from '../schema/balance.ts';
import { ejectMaxMs } from '../schema/passive.ts';
import type { PassiveConfig } from '../schema/passive.ts';
import type { PoolConfig } from '../schema/pool.ts';
import { proxySendPlan } from '../schema/proxy-protocol.ts';
import { serverTlsSettings } from '../schema/server-tls.ts';
import { serverSettings } from '../schema/server.ts';
import type { ServerSettings } from '../schema/server.ts';
import { keepAlivePlan } from '../schema/socket.ts';
import { lowerAgent, lowerCheck } from './check.ts';
import type { LowerContext } from './route.ts';
import { probeTls, serverTlsPlan } from './tls.ts';

/** Kinds of checks of servers to which a client stays connected: see `onDown`. */
const CLOSING_CHECKS = ['postgres', 'mysql', 'redis'] as const;

function onDown(pool: PoolConfig, pools: Config['pools']): PoolPlan['onDown'] {
  const { check } = pool;
  const own = check?.sameAs === undefined ? check : pools[check.sameAs]?.check;
  const closes = CLOSING_CHECKS.some((kind) => own?.[kind] !== undefined);
  return pool.onDown ?? (closes ? 'close' : 'keep');
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

/** Name of the servers of unix sockets that are given none. */
const SOCKET_NAME = 'localhost';

/** What the certificates of a server must be valid for. */
function tlsName(pool: PoolConfig, { address, serverName }: ServerSettings): string {
  const given = serverName ?? serverTlsSettings(pool.tls)?.serverName;
  if (given !== undefined) return given;
  if (address.family === 'unix') return SOCKET_NAME;
  // Whoever can forge an answer of DNS could otherwise choose the name of an SRV record's target.
  const isService = address.family === 'name' && address.kind === 'srv';
  return isService ? '' : address.host;
}

function servers(pool: PoolConfig, key: string): ServerPlan[] {
  return pool.servers.map(serverSettings).flatMap((server) => {
    const { address } = server;
    if (address.family === 'name') return [];
    const { checkAddress = null, maxConnections = pool.maxConnections } = server;
    return [
      {
        key: `${key}/${server.name}`,
        name: server.name,
        slot: 0,
        address,
        weight: server.weight,
        maxConnections,
        backup: server.backup,
        checkAddress,
        tlsName: tlsName(pool, server),
      },
    ];
  });
}

function names(pool: PoolConfig, key: string): NamePlan[] {
  return pool.servers.map(serverSettings).flatMap((server) => {
    const { address } = server;
    if (address.family !== 'name') return [];
    const { kind, host, port } = address;
    return [
      {
        key: `${key}/${server.name}`,
        name: server.name,
        kind,
        host,
        port,
        family: server.family,
        weight: server.weight,
        maxConnections: server.maxConnections ?? pool.maxConnections,
        backup: server.backup,
        tlsName: tlsName(pool, server),
      },
    ];
  });
}

/** The check of a pool that does not take its verdicts from another one. */
function ownCheck(pool: PoolConfig, folder: string): CheckPlan | null {
  const { check } = pool;
  if (check === undefined || check.sameAs !== undefined) return null;
  const isSamePort = check.port === undefined;
  return lowerCheck(check, { folder, poolTls: probeTls(pool, folder), isSamePort });
}

/** The plan of one pool; `key` is its name in the file. */
export function lowerPool(
  pool: PoolConfig,
  key: string,
  context: LowerContext & { readonly config: Config },
): PoolPlan {
  const { agent, check, idle, queue, retry } = pool;
  const sameAs = check?.sameAs;
  return {
    key,
    slot: 0,
    balance: balancePlan(pool.balance),
    servers: servers(pool, key),
    names: names(pool, key),
    check: ownCheck(pool, context.folder),
    verdictsOf: sameAs === undefined ? null : (context.pools.get(sameAs) ?? null),
    agent: agent === undefined ? null : lowerAgent(agent),
    passive: pool.passive === undefined ? null : lowerPassive(pool.passive),
    slowStartMs: pool.slowStart,
    onDown: onDown(pool, context.config.pools),
    connectMs: pool.connectTimeout,
    socket: { keepAlive: keepAlivePlan(pool.keepAlive), userTimeoutMs: pool.userTimeout },
    source: pool.source ?? null,
    sendProxy: pool.proxyProtocol === undefined ? null : proxySendPlan(pool.proxyProtocol),
    tls: serverTlsPlan(pool, context.folder),
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
