import type { ConfigPath } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import { poolUses, type RuleContext } from './rule.ts';

/** Keys that ask for what only a program does that reads the bytes, or opens connections itself. */
const OF_LISTENERS = [
  'timeouts',
  'keepAlive',
  'userTimeout',
  'maxSessions',
  'accessLog',
  'freebind',
] as const;
const OF_POOLS = [
  'balance',
  'maxConnections',
  'queue',
  'passive',
  'slowStart',
  'retry',
  'idle',
  'keepAlive',
  'userTimeout',
  'proxyProtocol',
] as const;

/** What is written and does not count, since the kernel carries it. */
export function warnKernelUnheard(context: RuleContext): void {
  const { config } = context;
  const isKernel = (name: string): boolean => {
    const listener = config.listeners[name];
    return listener !== undefined && listener.protocol !== 'http' && listener.mode === 'kernel';
  };
  for (const name of Object.keys(config.listeners)) {
    if (isKernel(name)) warn(context, ['listeners', name], OF_LISTENERS, 'the listener');
  }
  const uses = Map.groupBy(poolUses(config), ({ pool }) => pool);
  for (const [name, own] of uses) {
    if (!own.every(({ listener }) => isKernel(listener))) continue;
    warn(context, ['pools', name], OF_POOLS, `the listener ${quote(own[0]!.listener)}`);
  }
}

function warn(
  { isGiven, report }: RuleContext,
  path: ConfigPath,
  keys: readonly string[],
  what: string,
): void {
  for (const key of keys) {
    if (!isGiven([...path, key])) continue;
    report({
      severity: 'warning',
      code: 'BAL_CONFIG_NO_EFFECT',
      message: `${key} changes nothing: the kernel carries ${what}`,
      hint: 'remove it, or write mode: proxy',
      path: [...path, key],
      at: 'key',
    });
  }
}
