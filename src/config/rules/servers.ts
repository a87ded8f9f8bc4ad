import type { ConfigPath } from '../diagnostic.ts';
import type { BindPlan } from '../plan.ts';
import type { PoolConfig } from '../schema/pool.ts';
import { serverSettings } from '../schema/server.ts';
import { durationText } from '../schema/units.ts';
import type { RuleContext } from './rule.ts';

const FAMILY_NAMES = { ipv4: 'IPv4', ipv6: 'IPv6' } as const;

function checkBackups(pool: PoolConfig, path: ConfigPath, { report, isWhole }: RuleContext): void {
  const servers = pool.servers.map(serverSettings);
  if (!isWhole([...path, 'servers']) || !servers.every(({ backup }) => backup)) return;
  report({
    code: 'BAL_CONFIG_ALL_BACKUP',
    message: 'all servers of the pool are backups',
    hint: 'a backup stands in for others: leave backup out for at least one',
    path: [...path, 'servers'],
    at: 'key',
  });
}

/** Why connections from `source` cannot reach a server, and what would help; null where they can. */
function sourceFault(source: BindPlan, server: BindPlan): string | null {
  if (server.family === 'unix') return 'a server on a unix socket';
  if (server.family === source.family || source.family === 'unix') return null;
  return `a server with an ${FAMILY_NAMES[server.family]} address`;
}

function checkSource(pool: PoolConfig, path: ConfigPath, { report }: RuleContext): void {
  const { source } = pool;
  if (source === undefined || source.family === 'unix') return;
  for (const [i, { address }] of pool.servers.map(serverSettings).entries()) {
    const fault = sourceFault(source, address);
    if (fault === null) continue;
    const message = `${fault} cannot be reached from the ${FAMILY_NAMES[source.family]} source ${source.host}`;
    const hint = 'give it a pool of its own';
    report({ code: 'BAL_CONFIG_CONFLICT', message, hint, path: [...path, 'servers', i] });
  }
}

function checkPassive(pool: PoolConfig, path: ConfigPath, { report, isWhole }: RuleContext): void {
  const { passive } = pool;
  const at = [...path, 'passive'];
  if (passive?.ejectMax === undefined || passive.ejectMax >= passive.eject || !isWhole(at)) return;
  const times = `${durationText(passive.ejectMax)}, less than eject of ${durationText(passive.eject)}`;
  report({
    code: 'BAL_CONFIG_CONFLICT',
    message: `ejectMax is ${times}`,
    hint: 'raise ejectMax, or lower eject',
    path: [...at, 'ejectMax'],
  });
}

function checkProxyHeader(pool: PoolConfig, path: ConfigPath, context: RuleContext): void {
  if (typeof pool.proxyProtocol !== 'object' || pool.proxyProtocol.version !== 1) return;
  for (const key of ['authority', 'uniqueId', 'checksum']) {
    const at = [...path, 'proxyProtocol', key];
    if (!context.isGiven(at)) continue;
    const message = `version 1 has no ${key}`;
    const hint = 'remove it, or write version: 2';
    context.report({ code: 'BAL_CONFIG_CONFLICT', message, hint, path: at, at: 'key' });
  }
}

/** Servers of a pool can be reached and stood in for, and what is done to them makes sense. */
export function checkServers(context: RuleContext): void {
  for (const [name, pool] of Object.entries(context.config.pools)) {
    const path = ['pools', name];
    checkBackups(pool, path, context);
    checkSource(pool, path, context);
    checkPassive(pool, path, context);
    checkProxyHeader(pool, path, context);
  }
}
