import type { ConfigPath } from '../diagnostic.ts';
import { quote } from '../quote.ts';
import { suggestion } from '../suggest.ts';
import type { RuleContext } from './rule.ts';

/** Reports the name of a pool that the file does not have; true where it has it. */
export function checkPoolName(name: string, path: ConfigPath, context: RuleContext): boolean {
  const { pools, poolSet } = context.names;
  if (poolSet.has(name)) return true;
  // Where there are no pools, a misspelt "pools" says it all.
  if (pools.length === 0 && !context.isWhole([])) return false;
  const hint = pools.length === 0 ? 'the file has no pools' : suggestion(name, pools);
  const message = `unknown pool ${quote(name)}`;
  context.report({ code: 'BAL_CONFIG_UNKNOWN_POOL', message, hint, path });
  return false;
}
