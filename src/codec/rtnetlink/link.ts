/** Interfaces: struct ifinfomsg of <linux/rtnetlink.h>. */
import { MessageWriter, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL } from './message.ts';
import { NLM_F_REQUEST, readAttributes, RTM, type NetlinkMessage } from './message.ts';

const FIXED_BYTES = 16;
const IFLA = { address: 1, name: 3, link: 5, operState: 16, linkInfo: 18 } as const;
const IFLA_INFO = { kind: 1, data: 2 } as const;
const IFLA_MACVLAN_MODE = 1;
const MACVLAN_MODE_BRIDGE = 4;
const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;
const IFF_LOWER_UP = 0x10000;

export type SeenLink = {
  readonly index: number;
  readonly name: string;
  readonly mac: Uint8Array;
  readonly isGone: boolean;
  /** Up, with a carrier. */
  readonly isRunning: boolean;
};

function fixed(index: number, flags: number, change: number): Uint8Array {
  const bytes = Buffer.alloc(FIXED_BYTES);
  bytes.writeInt32LE(index, 4);
  bytes.writeUInt32LE(flags, 8);
  bytes.writeUInt32LE(change, 12);
  return bytes;
}

/** Asks for all interfaces. */
export function dumpLinks(sequence: number): Uint8Array {
  return new MessageWriter(RTM.getLink, NLM_F_REQUEST | NLM_F_DUMP, sequence)
    .fixed(fixed(0, 0, 0))
    .end();
}

/** Makes a macvlan in bridge mode on the interface `parent`, with a MAC of its own, and up. */
export function makeMacvlan(
  { name, parent, mac }: { name: string; parent: number; mac: Uint8Array },
  sequence: number,
): Uint8Array {
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  return new MessageWriter(RTM.newLink, flags, sequence)
    .fixed(fixed(0, IFF_UP, IFF_UP))
    .attributeText(IFLA.name, name)
    .attributeU32(IFLA.link, parent)
    .attribute(IFLA.address, mac)
    .nested(IFLA.linkInfo, (info) => {
      info.attribute(IFLA_INFO.kind, Buffer.from('macvlan', 'latin1'));
      info.nested(IFLA_INFO.data, (data) => {
        data.attributeU32(IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
      });
    })
    .end();
}

/** Removes an interface that was made. */
export function removeLink(index: number, sequence: number): Uint8Array {
  return new MessageWriter(RTM.delLink, NLM_F_REQUEST | NLM_F_ACK, sequence)
    .fixed(fixed(index, 0, 0))
    .end();
}

/** What a message says of an interface; null where it speaks of something else. */
export function readLink({ type, body }: NetlinkMessage): SeenLink | null {
  if ((type !== RTM.newLink && type !== RTM.delLink) || body.length < FIXED_BYTES) return null;
  const found = readAttributes(body, FIXED_BYTES);
  const name = found.get(IFLA.name);
  if (name === undefined) return null;
  const flags = body.readUInt32LE(8);
  return {
    index: body.readInt32LE(4),
    name: name.toString('latin1').replace(/\0.*$/s, ''),
    mac: Uint8Array.from(found.get(IFLA.address) ?? []),
    isGone: type === RTM.delLink,
    isRunning: (flags & IFF_UP) !== 0 && (flags & (IFF_RUNNING | IFF_LOWER_UP)) !== 0,
  };
}
