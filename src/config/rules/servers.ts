import type { ConfigPath } from '../diagnostic.ts';
import type { PoolConfig } from '../schema/pool.ts';
import { serverSettings } from '../schema/server.ts';
import type { ServerSettings } from '../schema/server.ts';
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

type Source = { readonly family: 'ipv4' | 'ipv6'; readonly host: string };

type SourceFault = { readonly what: string; readonly hint: string };

/** Why connections from `source` cannot reach a server, and what would help; null where they can. */
function sourceFault(source: Source, { address, family }: ServerSettings): SourceFault | null {
  const hint = 'give it a pool of its own';
  if (address.family === 'unix') return { what: 'a server on a unix socket', hint };
  if (address.family === 'name') {
    if (family === source.family) return null;
    const other = FAMILY_NAMES[source.family === 'ipv4' ? 'ipv6' : 'ipv4'];
    const what = `a name that ${family === 'any' ? 'may stand' : 'stands'} for ${other} addresses`;
    return { what, hint: `write { address: …, family: ${source.family} }` };
  }
  if (address.family === source.family) return null;
  return { what: `a server with an ${FAMILY_NAMES[address.family]} address`, hint };
}

function checkSource(pool: PoolConfig, path: ConfigPath, { report }: RuleContext): void {
  if (pool.source === undefined || pool.source.family === 'unix') return;
  const source = { family: pool.source.family, host: pool.source.host };
  const shown = `the ${FAMILY_NAMES[source.family]} source ${source.host}`;
  for (const [i, server] of pool.servers.map(serverSettings).entries()) {
    const fault = sourceFault(source, server);
    if (fault === null) continue;
    const message = `${fault.what} cannot be reached from ${shown}`;
    const { hint } = fault;
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
