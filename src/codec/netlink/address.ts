/** Addresses of interfaces: struct ifaddrmsg of <linux/if_addr.h>. */
import { MessageWriter, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_REPLACE } from './message.ts';
import { NLM_F_REQUEST, readAttributes, RTM, type NetlinkMessage } from './message.ts';

const FIXED_BYTES = 8;
const IFA = { address: 1, local: 2, broadcast: 4, cacheInfo: 6, flags: 8, proto: 11 } as const;
/** No duplicate address detection: the address must serve at once (RFC 4429 is no help). */
const IFA_F_NODAD = 0x02;
const IFA_F_DADFAILED = 0x08;
const IFA_F_NOPREFIXROUTE = 0x200;
/** IFA_PROTO: who made an address. Any number above 3 is free to use. */
export const ADDRESS_MAKER = 0x42;
const FOR_EVER = 0xffffffff;

export const SCOPE = { global: 0, link: 253, host: 254 } as const;

const FAMILY = { ipv4: 2, ipv6: 10 } as const;

export type InterfaceAddress = {
  readonly family: 'ipv4' | 'ipv6';
  readonly index: number;
  readonly ip: Uint8Array;
  readonly prefix: number;
  readonly scope: keyof typeof SCOPE;
};

export type AddressToSet = InterfaceAddress & {
  /** Whole seconds after which the kernel removes it; 0 is never. */
  readonly validS: number;
  /** Whether the route to its network is somebody else's. */
  readonly hasPrefixRoute: boolean;
};

export type SeenAddress = Omit<InterfaceAddress, 'scope'> & {
  readonly isGone: boolean;
  /** Null is for ever. */
  readonly validS: number | null;
  readonly maker: number;
  readonly hasDadFailed: boolean;
};

function writer(type: number, flags: number, sequence: number, a: InterfaceAddress): MessageWriter {
  const fixed = Buffer.alloc(FIXED_BYTES);
  fixed.set([FAMILY[a.family], a.prefix, 0, SCOPE[a.scope]]);
  fixed.writeUInt32LE(a.index, 4);
  const message = new MessageWriter(type, NLM_F_REQUEST | NLM_F_ACK | flags, sequence);
  return message.fixed(fixed).attribute(IFA.local, a.ip).attribute(IFA.address, a.ip);
}

/** Sets an address, or the lifetime of one that is there. */
export function setAddress(address: AddressToSet, sequence: number): Uint8Array {
  const valid = address.validS === 0 ? FOR_EVER : address.validS;
  const isSix = address.family === 'ipv6';
  const message = writer(RTM.newAddress, NLM_F_CREATE | NLM_F_REPLACE, sequence, address);
  // IPv6: deprecated from the start (RFC 4862 §5.5.4), so that it is no source of what we begin.
  message.attributeU32(IFA.cacheInfo, isSix ? 0 : valid, valid, 0, 0);
  const route = address.hasPrefixRoute ? IFA_F_NOPREFIXROUTE : 0;
  message.attributeU32(IFA.flags, (isSix ? IFA_F_NODAD : 0) | route);
  message.attribute(IFA.proto, Uint8Array.of(ADDRESS_MAKER));
  return message.end();
}

/** Removes an address. */
export function removeAddress(address: InterfaceAddress, sequence: number): Uint8Array {
  return writer(RTM.delAddress, 0, sequence, address).end();
}

/** Asks for all addresses of all interfaces. */
export function dumpAddresses(sequence: number): Uint8Array {
  const message = new MessageWriter(RTM.getAddress, NLM_F_REQUEST | NLM_F_DUMP, sequence);
  return message.fixed(Buffer.alloc(FIXED_BYTES)).end();
}

/** What a message says of an address; null where it speaks of something else. */
export function readAddress({ type, body }: NetlinkMessage): SeenAddress | null {
  if ((type !== RTM.newAddress && type !== RTM.delAddress) || body.length < FIXED_BYTES)
    return null;
  const family = body[0] === FAMILY.ipv4 ? 'ipv4' : body[0] === FAMILY.ipv6 ? 'ipv6' : null;
  if (family === null) return null;
  const found = readAttributes(body, FIXED_BYTES);
  const ip = found.get(IFA.local) ?? found.get(IFA.address);
  if (ip === undefined) return null;
  const valid = found.get(IFA.cacheInfo)?.readUInt32LE(4) ?? FOR_EVER;
  const flags = found.get(IFA.flags)?.readUInt32LE(0) ?? body[2]!;
  return {
    family,
    index: body.readUInt32LE(4),
    ip: Uint8Array.from(ip),
    prefix: body[1]!,
    isGone: type === RTM.delAddress,
    validS: valid === FOR_EVER ? null : valid,
    maker: found.get(IFA.proto)?.[0] ?? 0,
    hasDadFailed: (flags & IFA_F_DADFAILED) !== 0,
  };
}
