import type { ConfigPath } from '../diagnostic.ts';
import type { PoolConfig } from '../schema/pool.ts';
import { serverTlsSettings } from '../schema/server-tls.ts';
import { serverSettings } from '../schema/server.ts';
import { checkKeyPair, TLS_KINDS } from './check-secrets.ts';
import type { RuleContext } from './rule.ts';

/** Whether the servers of the pool are spoken to by TLS, if only by its check. */
function hasTls(pool: PoolConfig): boolean {
  const checks = TLS_KINDS.some((kind) => {
    const given = pool.check?.[kind];
    const startsTls = given !== undefined && 'startTls' in given && given.startTls;
    return startsTls || (given?.tls !== undefined && given.tls !== false);
  });
  return checks || serverTlsSettings(pool.tls) !== null;
}

function warnNames(pool: PoolConfig, path: ConfigPath, context: RuleContext): void {
  if (hasTls(pool) || !context.isWhole(path)) return;
  for (const [i, { serverName }] of pool.servers.map(serverSettings).entries()) {
    if (serverName === undefined) continue;
    context.report({
      severity: 'warning',
      code: 'BAL_CONFIG_NO_EFFECT',
      message: 'serverName changes nothing: the pool has no tls',
      hint: 'remove it, or give the pool tls',
      path: [...path, 'servers', i, 'serverName'],
      at: 'key',
    });
  }
}

function checkServices(pool: PoolConfig, path: ConfigPath, context: RuleContext): void {
  const tls = serverTlsSettings(pool.tls);
  if (tls === null || !tls.verify || tls.serverName !== undefined) return;
  if (!context.isWhole([...path, 'tls'])) return;
  for (const [i, { address, serverName }] of pool.servers.map(serverSettings).entries()) {
    if (address.family !== 'name' || address.kind !== 'srv' || serverName !== undefined) continue;
    context.report({
      code: 'BAL_CONFIG_MISSING_KEY',
      message: 'SRV records do not say what the certificates must be valid for: they can be forged',
      hint: 'write { address: …, serverName: HOST }, or serverName in the tls of the pool',
      path: [...path, 'servers', i],
    });
  }
}

/** TLS towards servers is complete, and each server has a name to be held to. */
export function checkServerTls(context: RuleContext): void {
  for (const [name, pool] of Object.entries(context.config.pools)) {
    const path = ['pools', name];
    if (typeof pool.tls === 'object') checkKeyPair(pool.tls, [...path, 'tls'], context);
    checkServices(pool, path, context);
    warnNames(pool, path, context);
  }
}
