import { canonicalDnsName, writeDnsName } from '../../codec/dns-name.ts';
import { formatIp, parseIp } from '../../codec/ip-address.ts';

/** Addresses by canonical name, both families, in the order of the file. */
export type Hosts = ReadonlyMap<string, readonly string[]>;

/** Addresses of one name in the file; further ones are passed over. */
const ADDRESSES_MAX = 1_024;

/** Reads a hosts(5). Lines that make no sense are passed over, as everybody does. */
export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const words = line.replace(/#[^\n]*/, '').split(/[ \t\r]+/);
    const [address, ...names] = words.filter((word) => word !== '');
    const bytes = address === undefined ? null : parseIp(address);
    if (bytes === null) continue;
    const formatted = formatIp(bytes);
    for (const name of names) {
      if (writeDnsName(name) === null) continue;
      const key = canonicalDnsName(name);
      const known = hosts.get(key);
      if (known === undefined) hosts.set(key, [formatted]);
      else if (known.length < ADDRESSES_MAX && !known.includes(formatted)) known.push(formatted);
    }
  }
  return hosts;
}
