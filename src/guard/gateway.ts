import { readFileSync } from 'node:fs';

/** A route of /proc/net/route that has a gateway (RTF_GATEWAY of <linux/route.h>). */
const RTF_UP_GATEWAY = 0x3;

/**
 * The gateway of the default route through an interface, which others reach us by; null where there
 * is none. /proc/net/route: numbers in the byte order of the machine, in hexadecimal.
 */
export function defaultGateway(name: string): Uint8Array | null {
  let table: string;
  try {
    table = readFileSync('/proc/net/route', 'latin1');
  } catch {
    return null;
  }
  for (const line of table.split('\n').slice(1)) {
    const [iface, destination, gateway, flags] = line.split('\t');
    if (iface !== name || destination !== '00000000' || gateway === undefined) continue;
    if ((Number.parseInt(flags ?? '0', 16) & RTF_UP_GATEWAY) !== RTF_UP_GATEWAY) continue;
    return Uint8Array.from(Buffer.from(gateway, 'hex')).toReversed();
  }
  return null;
}
