import type { ConfigPath } from '../diagnostic.ts';
import { durationText } from '../schema/units.ts';
import { serverSettings } from '../schema/server.ts';
import type { ServerConfig } from '../schema/server.ts';
import type { RuleContext } from './rule.ts';

function checkServer(server: ServerConfig, path: ConfigPath, context: RuleContext): void {
  const { address, checkAddress } = serverSettings(server);
  const refuse = (key: string, message: string, hint: string): void => {
    const at = [...path, key];
    context.report({ code: 'BAL_CONFIG_CONFLICT', message, hint, path: at, at: 'key' });
  };
  const isName = address.family === 'name';
  if (isName && checkAddress !== undefined) {
    const message = 'all servers of the name would be checked at one address';
    refuse('checkAddress', message, 'remove it; the check can have a port of its own');
  }
  if (isName || !context.isGiven([...path, 'family'])) return;
  refuse('family', 'family chooses among the addresses of a name', 'remove it');
}

/** Servers by name have settings that names can have, and times to live have room. */
export function checkServerNames(context: RuleContext): void {
  for (const [name, pool] of Object.entries(context.config.pools)) {
    for (const [i, server] of pool.servers.entries()) {
      checkServer(server, ['pools', name, 'servers', i], context);
    }
  }
  const { ttlMin, ttlMax } = context.config.resolver;
  if (ttlMin <= ttlMax || !context.isWhole(['resolver'])) return;
  const given = context.isGiven(['resolver', 'ttlMin']) ? 'ttlMin' : 'ttlMax';
  context.report({
    code: 'BAL_CONFIG_CONFLICT',
    message: `ttlMin is ${durationText(ttlMin)}, more than ttlMax of ${durationText(ttlMax)}`,
    hint: 'lower ttlMin, or raise ttlMax',
    path: ['resolver', given],
  });
}
