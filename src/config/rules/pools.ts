import type { ConfigPath } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import type { PoolConfig } from '../schema/pool.ts';
import { serverSettings } from '../schema/server.ts';
import { poolUses } from './rule.ts';
import type { RuleContext } from './rule.ts';

/** Names of all pools that some route sends to, or whose verdicts count for another one. */
function usedPools({ config }: RuleContext): ReadonlySet<string> {
  const used = new Set([...poolUses(config)].map(({ pool }) => pool));
  for (const { check } of Object.values(config.pools)) {
    if (check?.sameAs !== undefined) used.add(check.sameAs);
  }
  return used;
}

function checkWeights(pool: PoolConfig, path: ConfigPath, context: RuleContext): void {
  const servers = pool.servers.map(serverSettings);
  if (context.isWhole(path) && servers.every((server) => server.weight === 0)) {
    context.report({
      severity: 'warning',
      code: 'BAL_CONFIG_ZERO_WEIGHT',
      message: 'all servers of the pool have weight 0',
      hint: 'the pool takes no requests: give at least one a weight above 0',
      path: [...path, 'servers'],
      at: 'key',
    });
  }
}

/** Pools are used, and take requests. */
export function checkPools(context: RuleContext): void {
  const used = usedPools(context);
  const isSure = context.isWhole(['listeners']);
  for (const [name, pool] of Object.entries(context.config.pools)) {
    const path = ['pools', name];
    if (isSure && !used.has(name)) {
      const message = `no route sends to the pool ${quote(name)}`;
      const hint = 'remove it, or name it in a route';
      context.report({
        severity: 'warning',
        code: 'BAL_CONFIG_UNUSED_POOL',
        message,
        hint,
        path,
        at: 'key',
      });
    }
    checkWeights(pool, path, context);
  }
}
