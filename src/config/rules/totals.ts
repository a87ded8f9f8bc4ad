import { SLOTS_MAX } from '../../base/meters.ts';
import { uriBytes } from '../schema/limits.ts';
import { sizeText } from '../schema/units.ts';
import { routesOf } from './rule.ts';
import type { RuleContext } from './rule.ts';

/** The file has something to do, and no more of it than the counters have room for. */
export function checkTotals({ config, report, isWhole }: RuleContext): void {
  const listeners = Object.values(config.listeners);
  const pools = Object.values(config.pools);
  const routes = listeners.reduce((sum, listener) => sum + routesOf(listener).length + 1, 0);
  const servers = pools.reduce((sum, pool) => sum + pool.servers.length, 0);
  const total = 1 + listeners.length + routes + pools.length + servers;
  if (total > SLOTS_MAX) {
    const message = `the file has ${total} listeners, routes, pools and servers`;
    report({ code: 'BAL_CONFIG_TOO_LARGE', message, hint: `at most ${SLOTS_MAX}`, path: [] });
  }
  if (listeners.length === 0 && isWhole(['listeners'])) {
    const message = 'there are no listeners';
    const hint = 'add one: listeners: { web: { bind: 0.0.0.0:8080, pool: web } }';
    report({ code: 'BAL_CONFIG_EMPTY', message, hint, path: ['listeners'], at: 'key' });
  }
  const { head } = config.limits;
  const uri = uriBytes(config.limits);
  if (uri <= head || !isWhole(['limits'])) return;
  report({
    code: 'BAL_CONFIG_CONFLICT',
    message: `a target of ${sizeText(uri)} does not fit into a head of ${sizeText(head)}`,
    hint: 'lower limits.uri, or raise limits.head',
    path: ['limits', 'uri'],
  });
}
