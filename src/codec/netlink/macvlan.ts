/** Interfaces with an address of their own on top of others: macvlan, by <linux/if_link.h>. */
import { IFF_UP, linkHead } from './link.ts';
import { attributeBytes, MessageWriter, NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL } from './message.ts';
import { NLM_F_REQUEST, RTM } from './message.ts';

const IFLA = { address: 1, link: 5, name: 3, linkInfo: 18, alias: 20, afSpec: 26 } as const;
const INFO = { kind: 1, data: 2 } as const;
const MACVLAN_MODE = 1;
/** They do not speak to each other. */
const MODE_PRIVATE = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const INET_CONF = 1;
const INET6_ADDRESS_MODE = 8;
/** IPv6 addresses are set by us alone: the link-local ones of two nodes would be the same. */
const ADDRESS_MODE_NONE = 1;

/** Numbers of the settings below /proc/sys/net/ipv4/conf, by <linux/ip.h>. */
export const INET = { rpFilter: 8, arpAnnounce: 18, arpIgnore: 19 } as const;

export type Macvlan = {
  readonly name: string;
  /** Index of the interface below. */
  readonly base: number;
  readonly mac: Uint8Array;
};

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
};

/** Makes one, which is down. */
export function createMacvlan({ name, base, mac }: Macvlan, sequence: number): Uint8Array {
  const info = Buffer.concat([
    attributeBytes(INFO.kind, Buffer.from('macvlan')),
    attributeBytes(INFO.data, attributeBytes(MACVLAN_MODE, u32(MODE_PRIVATE))),
  ]);
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  return new MessageWriter(RTM.newLink, flags, sequence)
    .fixed(linkHead(0, 0, 0))
    .attribute(IFLA.name, Buffer.from(`${name}\0`))
    .attribute(IFLA.address, mac)
    .attributeU32(IFLA.link, base)
    .attribute(IFLA.linkInfo, info)
    .end();
}

/** Writes to an interface whose it is. */
export function setAlias(index: number, alias: string, sequence: number): Uint8Array {
  return new MessageWriter(RTM.setLink, NLM_F_REQUEST | NLM_F_ACK, sequence)
    .fixed(linkHead(index, 0, 0))
    .attribute(IFLA.alias, Buffer.from(alias))
    .end();
}

/** Puts an interface up or down. */
export function setLinkUp(index: number, isUp: boolean, sequence: number): Uint8Array {
  return new MessageWriter(RTM.newLink, NLM_F_REQUEST | NLM_F_ACK, sequence)
    .fixed(linkHead(index, isUp ? IFF_UP : 0, IFF_UP))
    .end();
}

/** Sets numbers of INET for an interface. */
export function setInet(
  index: number,
  settings: readonly (readonly [number, number])[],
  sequence: number,
): Uint8Array {
  const list = settings.map(([number, value]) => attributeBytes(number, u32(value)));
  const conf = attributeBytes(INET_CONF, Buffer.concat(list));
  return afSpec(index, attributeBytes(AF_INET, conf), sequence);
}

/** The kernel gives an interface no addresses of IPv6 by itself. */
export function withoutOwnSix(index: number, sequence: number): Uint8Array {
  const mode = attributeBytes(INET6_ADDRESS_MODE, Uint8Array.of(ADDRESS_MODE_NONE));
  return afSpec(index, attributeBytes(AF_INET6, mode), sequence);
}

function afSpec(index: number, value: Uint8Array, sequence: number): Uint8Array {
  return new MessageWriter(RTM.setLink, NLM_F_REQUEST | NLM_F_ACK, sequence)
    .fixed(linkHead(index, 0, 0))
    .attribute(IFLA.afSpec, value)
    .end();
}

/** Removes an interface, with its addresses. */
export function removeLink(index: number, sequence: number): Uint8Array {
  return new MessageWriter(RTM.delLink, NLM_F_REQUEST | NLM_F_ACK, sequence)
    .fixed(linkHead(index, 0, 0))
    .end();
}
