import { parseIp } from '../../codec/ip-address.ts';
import type { BindPlan } from '../../config/plan.ts';

/** Name servers that are used; further ones are passed over. */
export const NAME_SERVERS_MAX = 8;

/** Where a file without name servers leads to, as resolv.conf(5) has it. */
const LOCAL: BindPlan = { family: 'ipv4', host: '127.0.0.1', port: 53 };

/**
 * The name servers of a resolv.conf(5), port 53. Everything else in it is passed over: names are
 * looked up as they are written, without a search list.
 */
export function parseResolvConf(text: string): BindPlan[] {
  const servers: BindPlan[] = [];
  for (const line of text.split('\n')) {
    const match = /^[ \t]*nameserver[ \t]+([^ \t#;]+)/.exec(line);
    if (match === null || servers.length === NAME_SERVERS_MAX) continue;
    const server = nameServer(match[1]!);
    if (server !== null) servers.push(server);
  }
  return servers.length === 0 ? [LOCAL] : servers;
}

/** An address, for a link-local one with its zone. */
function nameServer(text: string): BindPlan | null {
  const [address = '', zone] = text.split('%');
  const bytes = parseIp(address);
  if (bytes === null) return null;
  const family = bytes.length === 4 ? 'ipv4' : 'ipv6';
  if (zone !== undefined && (family === 'ipv4' || !/^[\w.:-]{1,32}$/.test(zone))) return null;
  return { family, host: text, port: 53 };
}
