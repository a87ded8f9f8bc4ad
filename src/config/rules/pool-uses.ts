import type { ConfigPath } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import { balanceSettings, hashOf } from '../schema/balance.ts';
import type { PoolConfig } from '../schema/pool.ts';
import { serverTlsSettings } from '../schema/server-tls.ts';
import { serverSettings } from '../schema/server.ts';
import { poolUses } from './rule.ts';
import type { PoolUse, RuleContext } from './rule.ts';

/** What a hash is made of that only HTTP has, by the kind of hash. */
const ONLY_HTTP: ReadonlyMap<string, string> = new Map([
  ['uri', 'path'],
  ['header', 'header'],
  ['cookie', 'cookie'],
  ['query', 'query'],
]);

type Use = Pick<PoolUse, 'listener' | 'protocol' | 'passesTls'>;

function listenerText({ listener, protocol }: Use): string {
  return `the ${protocol} listener ${quote(listener)} sends to this pool`;
}

function checkHash(pool: PoolConfig, uses: readonly Use[], path: ConfigPath): Finding | null {
  const settings = balanceSettings(pool.balance);
  const part = ONLY_HTTP.get(hashOf(settings)?.kind ?? '');
  const use = uses.find(({ protocol }) => protocol !== 'http');
  if (part === undefined || use === undefined) return null;
  const noun = use.protocol === 'tcp' ? 'connections' : 'datagrams';
  const message = `${settings.algorithm} needs HTTP, but ${listenerText(use)}: ${noun} have no ${part}`;
  const hint = 'use source-hash, or a pool for the http listeners alone';
  return { message, hint, path: [...path, 'balance'] };
}

type Finding = { readonly message: string; readonly hint: string; readonly path: ConfigPath };

function checkDatagrams(pool: PoolConfig, uses: readonly Use[], path: ConfigPath): Finding[] {
  const use = uses.find(({ protocol }) => protocol === 'udp');
  if (use === undefined) return [];
  const found: Finding[] = [];
  if (pool.proxyProtocol !== undefined) {
    const message = `${listenerText(use)}: datagrams cannot begin with a PROXY header`;
    const hint = 'remove proxyProtocol, or give the listener a pool of its own';
    found.push({ message, hint, path: [...path, 'proxyProtocol'] });
  }
  for (const [i, server] of pool.servers.map(serverSettings).entries()) {
    if (server.address.family !== 'unix') continue;
    const message = `${listenerText(use)}: datagrams do not go to unix sockets`;
    found.push({ message, hint: 'write an IP address and a port', path: [...path, 'servers', i] });
  }
  return found;
}

/** Why TLS of a pool cannot be spoken for all that is sent to it. */
function checkTls(pool: PoolConfig, uses: readonly Use[], path: ConfigPath): Finding[] {
  const tls = serverTlsSettings(pool.tls);
  if (tls === null) return [];
  const found: Finding[] = [];
  const refuse = (key: readonly string[], message: string, hint: string): void => {
    found.push({ message, hint, path: [...path, 'tls', ...key] });
  };
  const udp = uses.find(({ protocol }) => protocol === 'udp');
  const own = 'give the listener a pool of its own';
  if (udp !== undefined) {
    refuse([], `${listenerText(udp)}: datagrams have no TLS`, `remove tls, or ${own}`);
  }
  const passing = uses.find(({ passesTls }) => passesTls);
  if (passing !== undefined) {
    const message = `${listenerText(passing)} TLS as it came: it would be wrapped into TLS again`;
    refuse([], message, `remove tls, or ${own}`);
  }
  const http = uses.find(({ protocol }) => protocol === 'http');
  const other = tls.alpn.find((protocol) => protocol !== 'http/1.1');
  if (http !== undefined && other !== undefined) {
    const message = `${listenerText(http)}, which speaks http/1.1 to servers, not ${quote(other)}`;
    refuse(['alpn'], message, 'remove alpn, or write [http/1.1]');
  }
  return found;
}

/** What a pool asks for can be done for all listeners that send to it. */
export function checkPoolUses({ config, report }: RuleContext): void {
  const uses = new Map<string, Use[]>();
  for (const { pool, listener, protocol, passesTls } of poolUses(config)) {
    const known = uses.get(pool) ?? [];
    if (known.length === 0) uses.set(pool, known);
    const last = known.at(-1);
    const isSame = last?.listener === listener && last.passesTls === passesTls;
    if (!isSame) known.push({ listener, protocol, passesTls });
  }
  for (const [name, pool] of Object.entries(config.pools)) {
    const path = ['pools', name];
    const own = uses.get(name) ?? [];
    const hash = checkHash(pool, own, path);
    const found = [
      ...(hash === null ? [] : [hash]),
      ...checkDatagrams(pool, own, path),
      ...checkTls(pool, own, path),
    ];
    for (const finding of found) report({ code: 'BAL_CONFIG_POOL_USE', ...finding });
  }
}
