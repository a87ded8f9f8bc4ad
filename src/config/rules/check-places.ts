import type { ConfigPath } from '../diagnostic.ts';
import type { CheckConfig } from '../schema/check.ts';
import type { PoolConfig } from '../schema/pool.ts';
import { serverSettings } from '../schema/server.ts';
import type { RuleContext } from './rule.ts';

const NO_PORT = 'a server on a unix socket has no port';

function sendsDatagrams(check: CheckConfig | undefined): boolean {
  return check?.dns?.transport === 'udp' || check?.sip?.transport === 'udp';
}

function checkSockets(pool: PoolConfig, path: ConfigPath, { report, isGiven }: RuleContext): void {
  const servers = pool.servers.map(serverSettings);
  const refuse = (message: string, hint: string, at: ConfigPath): void => {
    report({ code: 'BAL_CONFIG_CONFLICT', message, hint, path: at, at: 'key' });
  };
  const places = servers.map(({ address, checkAddress }) => checkAddress ?? address);
  if (places.some(({ family }) => family === 'unix')) {
    const at = [...path, 'check'];
    if (isGiven([...at, 'port'])) refuse(NO_PORT, 'remove port', [...at, 'port']);
    if (sendsDatagrams(pool.check)) {
      const kind = pool.check?.dns === undefined ? 'sip' : 'dns';
      const message = 'datagrams do not go to the unix socket of a server';
      refuse(message, 'write transport: tcp, or give the server a checkAddress', [...at, kind]);
    }
  }
  if (pool.agent === undefined) return;
  if (!servers.some(({ address }) => address.family === 'unix')) return;
  refuse(NO_PORT, 'remove agent, or give the server a pool of its own', [...path, 'agent', 'port']);
}

function warnUnused(pool: PoolConfig, path: ConfigPath, { report, isWhole }: RuleContext): void {
  if (!isWhole([...path, 'check'])) return;
  if (pool.check !== undefined && pool.check.sameAs === undefined) return;
  for (const [i, { address, checkAddress }] of pool.servers.map(serverSettings).entries()) {
    if (checkAddress === undefined || address.family === 'name') continue;
    const message = 'checkAddress changes nothing: the pool has no check of its own';
    const at = [...path, 'servers', i, 'checkAddress'];
    const hint = 'remove it, or give the pool a check';
    const finding = { code: 'BAL_CONFIG_NO_EFFECT', message, hint, path: at, at: 'key' } as const;
    report({ severity: 'warning', ...finding });
  }
}

/** Checks and agents can be reached where they are looked for. */
export function checkCheckPlaces(context: RuleContext): void {
  for (const [name, pool] of Object.entries(context.config.pools)) {
    const path = ['pools', name];
    checkSockets(pool, path, context);
    warnUnused(pool, path, context);
  }
}
