/**
 * Neighbour Discovery for IPv6 (RFC 4861), as whole frames: unsolicited advertisements, and
 * solicitations that ask without saying who asks (RFC 4862 §5.4.2).
 */
import { equalBytes, MAC_BYTES } from './mac.ts';

export const ETHERTYPE_IPV6 = 0x86dd;
export const ICMPV6_SOLICITATION = 135;
export const ICMPV6_ADVERTISEMENT = 136;

const IPPROTO_ICMPV6 = 58;
const ETHERNET_BYTES = 14;
const IPV6_BYTES = 40;
const ICMP_AT = ETHERNET_BYTES + IPV6_BYTES;
const BODY_BYTES = 24;
const OPTION_BYTES = 8;
const OPTION_TARGET_MAC = 2;
const FLAG_SOLICITED = 0x40;
const FLAG_OVERRIDE = 0x20;
const UNSPECIFIED = new Uint8Array(16);
const ALL_NODES = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

export type NeighbourMessage = {
  readonly kind: 'solicitation' | 'advertisement';
  /** Source of the IPv6 packet, and the Ethernet source. */
  readonly source: Uint8Array;
  readonly mac: Uint8Array;
  readonly target: Uint8Array;
  readonly isSolicited: boolean;
};

/** ff02::1:ff00:0/104 with the last three bytes of `ip` (RFC 4291 §2.7.1). */
export function solicitedNode(ip: Uint8Array): Uint8Array {
  const out = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0);
  out.set(ip.subarray(13), 13);
  return out;
}

const groupMac = (group: Uint8Array): Uint8Array =>
  Uint8Array.of(0x33, 0x33, group[12]!, group[13]!, group[14]!, group[15]!);

function checksum(out: Uint8Array, length: number): number {
  let sum = length + IPPROTO_ICMPV6;
  for (let i = ETHERNET_BYTES + 8; i + 1 < out.length; i += 2) sum += (out[i]! << 8) | out[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum ^ 0xffff;
}

type Packet = {
  readonly mac: Uint8Array;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly type: number;
  readonly flags: number;
  readonly target: Uint8Array;
  /** Whether the sender's MAC follows as the target's. */
  readonly tellsMac: boolean;
};

function encode(packet: Packet): Uint8Array {
  const length = BODY_BYTES + (packet.tellsMac ? OPTION_BYTES : 0);
  const out = new Uint8Array(ICMP_AT + length);
  out.set(groupMac(packet.destination), 0);
  out.set(packet.mac, 6);
  out.set([ETHERTYPE_IPV6 >> 8, ETHERTYPE_IPV6 & 255, 0x60], 12);
  out.set([0, length, IPPROTO_ICMPV6, 255], ETHERNET_BYTES + 4);
  out.set(packet.source, ETHERNET_BYTES + 8);
  out.set(packet.destination, ETHERNET_BYTES + 24);
  out[ICMP_AT] = packet.type;
  out[ICMP_AT + 4] = packet.flags;
  out.set(packet.target, ICMP_AT + 8);
  if (packet.tellsMac) {
    out.set([OPTION_TARGET_MAC, 1], ICMP_AT + BODY_BYTES);
    out.set(packet.mac, ICMP_AT + BODY_BYTES + 2);
  }
  const sum = checksum(out, length);
  out[ICMP_AT + 2] = sum >> 8;
  out[ICMP_AT + 3] = sum & 255;
  return out;
}

/** Tells all nodes that `ip` is at `mac` now (RFC 4861 §7.2.6, with Override). */
export function unsolicitedAdvertisement(mac: Uint8Array, ip: Uint8Array): Uint8Array {
  return encode({
    mac,
    source: ip,
    destination: ALL_NODES,
    type: ICMPV6_ADVERTISEMENT,
    flags: FLAG_OVERRIDE,
    target: ip,
    tellsMac: true,
  });
}

/** Asks who has `ip`, from the unspecified address: the answer goes to all nodes. */
export function neighbourProbe(mac: Uint8Array, ip: Uint8Array): Uint8Array {
  return encode({
    mac,
    source: UNSPECIFIED,
    destination: solicitedNode(ip),
    type: ICMPV6_SOLICITATION,
    flags: 0,
    target: ip,
    tellsMac: false,
  });
}

/** Reads a frame; null where it is neither message, or one that RFC 4861 §7.1 refuses. */
export function decodeNeighbour(frame: Uint8Array): NeighbourMessage | null {
  if (frame.length < ICMP_AT + BODY_BYTES) return null;
  if (((frame[12]! << 8) | frame[13]!) !== ETHERTYPE_IPV6) return null;
  if (frame[ETHERNET_BYTES + 6] !== IPPROTO_ICMPV6 || frame[ETHERNET_BYTES + 7] !== 255)
    return null;
  const type = frame[ICMP_AT];
  if (type !== ICMPV6_SOLICITATION && type !== ICMPV6_ADVERTISEMENT) return null;
  if (frame[ICMP_AT + 1] !== 0) return null;
  const length = (frame[ETHERNET_BYTES + 4]! << 8) | frame[ETHERNET_BYTES + 5]!;
  if (length < BODY_BYTES || frame.length < ICMP_AT + length) return null;
  if (checksum(frame.subarray(0, ICMP_AT + length), length) !== 0) return null;
  return {
    kind: type === ICMPV6_SOLICITATION ? 'solicitation' : 'advertisement',
    source: frame.slice(ETHERNET_BYTES + 8, ETHERNET_BYTES + 24),
    mac: frame.slice(6, 6 + MAC_BYTES),
    target: frame.slice(ICMP_AT + 8, ICMP_AT + 24),
    isSolicited: (frame[ICMP_AT + 4]! & FLAG_SOLICITED) !== 0,
  };
}

/** Whether a message claims `ip` for its sender: an advertisement of it, or a packet from it. */
export function claims(message: NeighbourMessage, ip: Uint8Array): boolean {
  if (message.kind === 'advertisement') return equalBytes(message.target, ip);
  return equalBytes(message.source, ip);
}
