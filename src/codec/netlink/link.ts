/** Interfaces: struct ifinfomsg of <linux/rtnetlink.h>. */
import { MessageWriter, NLM_F_DUMP, NLM_F_REQUEST } from './message.ts';
import { readAttributes, RTM, type NetlinkMessage } from './message.ts';

const FIXED_BYTES = 16;
const IFLA = { address: 1, name: 3, alias: 20 } as const;
export const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;
const IFF_LOWER_UP = 0x10000;

export type SeenLink = {
  readonly index: number;
  readonly name: string;
  readonly mac: Uint8Array;
  /** What somebody has written to it; empty mostly. */
  readonly alias: string;
  readonly isGone: boolean;
  /** Up, with a carrier. */
  readonly isRunning: boolean;
};

/** struct ifinfomsg: flags within `change` become those of `flags`. */
export function linkHead(index: number, flags: number, change: number): Uint8Array {
  const bytes = Buffer.alloc(FIXED_BYTES);
  bytes.writeInt32LE(index, 4);
  bytes.writeUInt32LE(flags, 8);
  bytes.writeUInt32LE(change, 12);
  return bytes;
}

/** Asks for all interfaces. */
export function dumpLinks(sequence: number): Uint8Array {
  return new MessageWriter(RTM.getLink, NLM_F_REQUEST | NLM_F_DUMP, sequence)
    .fixed(linkHead(0, 0, 0))
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
    name: textOf(name),
    alias: textOf(found.get(IFLA.alias) ?? Buffer.alloc(0)),
    mac: Uint8Array.from(found.get(IFLA.address) ?? []),
    isGone: type === RTM.delLink,
    isRunning: (flags & IFF_UP) !== 0 && (flags & (IFF_RUNNING | IFF_LOWER_UP)) !== 0,
  };
}

const textOf = (bytes: Buffer): string => bytes.toString('latin1').replace(/\0.*$/s, '');
