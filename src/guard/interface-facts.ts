import { networkInterfaces } from 'node:os';
import { parseIp } from '../codec/ip-address.ts';
import { MAC_BYTES, parseMac } from '../codec/mac.ts';
import { interfaceIndex } from '../sys/packet-sockets.ts';

export type InterfaceFacts = {
  /** 0 where there is no such interface. */
  readonly index: number;
  readonly mac: Uint8Array;
  /** The first address of its own; null where it has none, or is down. */
  readonly ipv4: Uint8Array | null;
  /** The first link-local address. */
  readonly linkLocal: Uint8Array | null;
  /** Networks of its own addresses, as first bytes and prefix. */
  readonly networks: readonly { readonly ip: Uint8Array; readonly prefix: number }[];
};

/** What an interface has now; `floating` are the texts of addresses that do not count as its own. */
export function interfaceFacts(name: string, floating: ReadonlySet<string>): InterfaceFacts {
  const all = networkInterfaces()[name] ?? [];
  const own = all.filter(({ address }) => !floating.has(address));
  const four = own.find(({ family }) => family === 'IPv4');
  const local = own.find(({ family, address }) => family === 'IPv6' && address.startsWith('fe80'));
  return {
    index: interfaceIndex(name),
    mac: parseMac(all[0]?.mac ?? '') ?? new Uint8Array(MAC_BYTES),
    ipv4: four === undefined ? null : parseIp(four.address),
    linkLocal: local === undefined ? null : parseIp(local.address),
    networks: own
      .filter(({ cidr }) => cidr !== null)
      .map(({ address, cidr }) => ({
        ip: parseIp(address)!,
        prefix: Number(cidr!.split('/')[1]),
      })),
  };
}
