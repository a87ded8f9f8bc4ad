import type { ConfigPath } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import type { ListenerConfig } from '../schema/listener.ts';
import { lastRouteKey, poolUses, routesOf } from './rule.ts';
import type { RuleContext } from './rule.ts';
import { checkPoolName } from './unknown-pool.ts';

const ACTIONS: readonly string[] = ['pool', 'pools', 'redirect', 'respond'];
const POOL_ACTIONS: readonly string[] = ['pool', 'pools'];

type RouteActions = {
  readonly route: { readonly [key: string]: unknown };
  /** Keys of which a route has exactly one. */
  readonly actions: readonly string[];
};

function checkOneAction(
  { route, actions }: RouteActions,
  path: ConfigPath,
  context: RuleContext,
): void {
  const given = actions.filter((action) => route[action] !== undefined);
  if (given.length === 1 || (given.length === 0 && !context.isWhole(path))) return;
  const message =
    given.length === 0 ? 'the route does nothing' : `the route has both ${given.join(' and ')}`;
  const hint = `give it exactly one of ${actions.join(', ')}`;
  const at = given[1] === undefined ? path : [...path, given[1]];
  context.report({ code: 'BAL_CONFIG_ACTION', message, hint, path: at, at: 'key' });
}

function checkShares(
  shares: readonly { readonly pool: string; readonly weight: number }[],
  path: ConfigPath,
  context: RuleContext,
): void {
  const seen = new Set<string>();
  for (const [i, share] of shares.entries()) {
    if (seen.has(share.pool)) {
      const message = `the pool ${quote(share.pool)} is there twice`;
      const at = [...path, 'pools', i, 'pool'];
      const hint = 'add the weights up';
      context.report({ code: 'BAL_CONFIG_CONFLICT', message, hint, path: at });
    }
    seen.add(share.pool);
  }
  if (shares.length === 0 || shares.some((share) => share.weight > 0)) return;
  if (!context.isWhole([...path, 'pools'])) return;
  context.report({
    code: 'BAL_CONFIG_ZERO_WEIGHT',
    message: 'all pools of the route have weight 0',
    hint: 'give at least one a weight above 0',
    path: [...path, 'pools'],
    at: 'key',
  });
}

function checkRoutes(name: string, listener: ListenerConfig, context: RuleContext): void {
  const path: ConfigPath = ['listeners', name];
  const actions = listener.protocol === 'http' ? ACTIONS : POOL_ACTIONS;
  for (const [i, route] of routesOf(listener).entries()) {
    const at = [...path, 'routes', i];
    checkOneAction({ route, actions }, at, context);
    checkShares(route.pools ?? [], at, context);
  }
  const hasRoutes = routesOf(listener).length > 0 || lastRouteKey(listener) !== null;
  if (hasRoutes || !context.isWhole(path)) return;
  const isUdp = listener.protocol === 'udp';
  context.report({
    code: 'BAL_CONFIG_NO_ROUTE',
    message: `the listener ${quote(name)} has no ${isUdp ? 'pool' : 'routes'}`,
    hint: isUdp ? 'add pool: NAME' : 'add routes, or the short form pool: NAME',
    path,
    at: 'key',
  });
}

/** Every route does exactly one thing, and the pools that it sends to exist. */
export function checkRouteActions(context: RuleContext): void {
  for (const { pool, path } of poolUses(context.config)) checkPoolName(pool, path, context);
  for (const [name, listener] of Object.entries(context.config.listeners)) {
    checkRoutes(name, listener, context);
  }
}
