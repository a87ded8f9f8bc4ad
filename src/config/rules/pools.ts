import type { ConfigPath } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import { hasNestedRepeat } from '../schema/regex.ts';
import { checkTimes } from '../schema/check.ts';
import type { CheckConfig } from '../schema/check.ts';
import type { PoolConfig } from '../schema/pool.ts';
import { serverSettings } from '../schema/server.ts';
import { durationText } from '../schema/units.ts';
import { poolUses } from './rule.ts';
import type { RuleContext } from './rule.ts';

/** Names of all pools that some route of the configuration sends to. */
function usedPools({ config }: RuleContext): ReadonlySet<string> {
  return new Set([...poolUses(config)].map(({ pool }) => pool));
}

function checkProbe(check: CheckConfig, path: ConfigPath, context: RuleContext): void {
  const { report } = context;
  const hint = 'write check: { tcp: {} } or check: { http: { path: /healthz } }';
  if (check.tcp !== undefined && check.http !== undefined) {
    const message = 'a check has both tcp and http';
    report({ code: 'BAL_CONFIG_CONFLICT', message, hint, path: [...path, 'http'], at: 'key' });
  }
  if (check.tcp === undefined && check.http === undefined && context.isWhole(path)) {
    const message = 'the check does not say how to check';
    report({ code: 'BAL_CONFIG_MISSING_KEY', message, hint, path, at: 'key' });
  }
  const body = check.http?.body;
  if (body === undefined) return;
  const at = [...path, 'http', 'body'];
  if (check.http?.method === 'HEAD') {
    const message = 'the answer to HEAD has no body';
    const remedy = 'remove body, or ask with GET';
    report({ code: 'BAL_CONFIG_BODY', message, hint: remedy, path: at, at: 'key' });
  }
  if (body.kind === 'regex' && hasNestedRepeat(body.value)) {
    const message = `${quote(`~${body.value}`)} can take very long on hostile input`;
    const remedy = 'do not repeat a group that itself repeats without limit';
    report({ severity: 'warning', code: 'BAL_CONFIG_SLOW_REGEX', message, hint: remedy, path: at });
  }
}

function warnTimes(check: CheckConfig, path: ConfigPath, { report, isWhole }: RuleContext): void {
  const isKnown = isWhole([...path, 'timeout']) && isWhole([...path, 'every']);
  const { timeoutMs } = checkTimes(check);
  if (timeoutMs <= check.every || !isKnown) return;
  const timeout = durationText(timeoutMs);
  const every = durationText(check.every);
  report({
    severity: 'warning',
    code: 'BAL_CONFIG_CHECK_TIMES',
    message: `a check may take ${timeout}, longer than the ${every} from one to the next`,
    hint: `a timeout of at most ${every} fits`,
    path: [...path, 'timeout'],
  });
}

function checkServers(pool: PoolConfig, path: ConfigPath, context: RuleContext): void {
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
  if (pool.check?.port === undefined) return;
  if (!servers.some((server) => server.address.family === 'unix')) return;
  context.report({
    code: 'BAL_CONFIG_CONFLICT',
    message: 'a check of a server on a unix socket has no port',
    hint: 'remove port',
    path: [...path, 'check', 'port'],
    at: 'key',
  });
}

/** Pools are used, and their checks and servers make sense. */
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
    checkServers(pool, path, context);
    if (pool.check === undefined) continue;
    checkProbe(pool.check, [...path, 'check'], context);
    warnTimes(pool.check, [...path, 'check'], context);
  }
}
