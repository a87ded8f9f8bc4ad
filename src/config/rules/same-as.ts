import type { ConfigPath } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import type { PoolConfig } from '../schema/pool.ts';
import { serverSettings } from '../schema/server.ts';
import { checkPoolName } from './unknown-pool.ts';
import type { RuleContext } from './rule.ts';

/** Why the pool `other` cannot lend its verdicts to the pool `own`; null where it can. */
function lendingFault(
  own: string,
  other: string,
  pool: PoolConfig,
): { readonly message: string; readonly hint: string } | null {
  if (own === other) {
    return { message: 'a pool cannot take its own verdicts', hint: 'name another pool' };
  }
  const further = pool.check?.sameAs;
  if (further !== undefined) {
    const message = `the pool ${quote(other)} takes its verdicts from elsewhere`;
    return {
      message,
      hint: further === own ? 'give one of them a check' : `write sameAs: ${further}`,
    };
  }
  if (pool.check !== undefined) return null;
  const message = `the pool ${quote(other)} has no check`;
  return { message, hint: 'give it one, or name another pool' };
}

type Pair = { readonly own: PoolConfig; readonly other: PoolConfig; readonly otherName: string };

function checkServers(
  { own, other, otherName }: Pair,
  path: ConfigPath,
  context: RuleContext,
): void {
  const lenders = other.servers.map(serverSettings);
  // Which addresses a name stands for is known only while it runs.
  if (lenders.some(({ address }) => address.family === 'name')) return;
  const names = new Set(lenders.map(({ name }) => name));
  const hosts = new Set(lenders.map(({ address }) => address.host));
  for (const [i, { name, address }] of own.servers.map(serverSettings).entries()) {
    if (address.family === 'name' || names.has(name) || hosts.has(address.host)) continue;
    const message = `the server ${quote(name)} has no counterpart in the pool ${quote(otherName)}`;
    const hint = 'its name or its host must stand there too';
    const at = [...path, 'servers', i];
    context.report({ code: 'BAL_CONFIG_SAME_AS', message, hint, path: at });
  }
}

/** A pool that takes the verdicts of another one can: that one checks each of its servers. */
export function checkSameAs(context: RuleContext): void {
  const { pools } = context.config;
  for (const [name, own] of Object.entries(pools)) {
    const otherName = own.check?.sameAs;
    if (otherName === undefined) continue;
    const at: ConfigPath = ['pools', name, 'check', 'sameAs'];
    const other = Object.hasOwn(pools, otherName) ? pools[otherName] : undefined;
    if (!checkPoolName(otherName, at, context) || other === undefined) continue;
    if (!context.isWhole(['pools', otherName])) continue;
    const fault = lendingFault(name, otherName, other);
    if (fault !== null) context.report({ code: 'BAL_CONFIG_SAME_AS', ...fault, path: at });
    else checkServers({ own, other, otherName }, ['pools', name], context);
  }
}
