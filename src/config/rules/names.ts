import type { ConfigPath, Report } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import { serverAddressText } from '../schema/server-address.ts';
import type { PoolConfig } from '../schema/pool.ts';
import { serverSettings } from '../schema/server.ts';
import { Problem } from '../schema/scalar.ts';
import { parseName } from '../schema/text.ts';
import { lastRouteKey, routesOf } from './rule.ts';
import type { RuleContext } from './rule.ts';

/** Name of the route that a listener's own `pool` stands for. */
export const LAST_ROUTE = 'default';

function reportDuplicate(name: string, path: ConfigPath, report: Report): void {
  const message = `the name ${quote(name)} is there twice`;
  const hint = 'give it another name';
  report({ code: 'BAL_CONFIG_DUPLICATE_NAME', message, hint, path });
}

function checkKeys(keys: readonly string[], path: ConfigPath, report: Report): void {
  for (const key of keys) {
    const result = parseName(key);
    if (!(result instanceof Problem)) continue;
    const { code, message, hint } = result;
    report({ code, message, hint, path: [...path, key], at: 'key' });
  }
}

function checkServers(pool: PoolConfig, path: ConfigPath, report: Report): void {
  const names = new Set<string>();
  const addresses = new Set<string>();
  for (const [i, server] of pool.servers.map(serverSettings).entries()) {
    const address = serverAddressText(server.address);
    const at = [...path, 'servers', i];
    if (addresses.has(address)) {
      const message = `the server ${address} is there twice`;
      const hint = 'give it a greater weight instead';
      report({ code: 'BAL_CONFIG_DUPLICATE_SERVER', message, hint, path: at });
    } else if (names.has(server.name)) {
      reportDuplicate(server.name, [...at, 'name'], report);
    }
    names.add(server.name);
    addresses.add(address);
  }
}

/** Names are well-formed and differ from each other, and so do the addresses of a pool. */
export function checkNames({ config, names: keys, report }: RuleContext): void {
  checkKeys(keys.listeners, ['listeners'], report);
  checkKeys(keys.pools, ['pools'], report);
  checkKeys(keys.certificates, ['certificates'], report);
  for (const [name, listener] of Object.entries(config.listeners)) {
    const names = new Set<string>(lastRouteKey(listener) === null ? [] : [LAST_ROUTE]);
    for (const [i, route] of routesOf(listener).entries()) {
      if (route.name === undefined) continue;
      const path = ['listeners', name, 'routes', i, 'name'];
      if (names.has(route.name)) reportDuplicate(route.name, path, report);
      names.add(route.name);
    }
  }
  for (const [name, pool] of Object.entries(config.pools)) {
    checkServers(pool, ['pools', name], report);
  }
}
