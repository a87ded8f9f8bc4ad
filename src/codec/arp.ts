/** ARP over Ethernet (RFC 826), as whole frames: gratuitous in both forms, and probes (RFC 5227). */
import { BROADCAST_MAC, MAC_BYTES, ZERO_MAC } from './mac.ts';

export const ETHERTYPE_ARP = 0x0806;
/** Bytes of a frame; the link pads it. */
export const ARP_FRAME_BYTES = 42;

const BODY_AT = 14;
const ZERO_IP = new Uint8Array(4);

export type Arp = {
  readonly operation: 'request' | 'reply';
  readonly senderMac: Uint8Array;
  readonly senderIp: Uint8Array;
  readonly targetMac: Uint8Array;
  readonly targetIp: Uint8Array;
};

/** A frame to `destination`. */
export function encodeArp(arp: Arp, destination: Uint8Array): Uint8Array {
  const out = new Uint8Array(ARP_FRAME_BYTES);
  out.set(destination, 0);
  out.set(arp.senderMac, 6);
  out.set([ETHERTYPE_ARP >> 8, ETHERTYPE_ARP & 255, 0, 1, 8, 0, MAC_BYTES, 4, 0], 12);
  out[21] = arp.operation === 'request' ? 1 : 2;
  out.set(arp.senderMac, 22);
  out.set(arp.senderIp, 28);
  out.set(arp.targetMac, 32);
  out.set(arp.targetIp, 38);
  return out;
}

/** Both forms that tell neighbours where `ip` is: gear heeds one, or the other (RFC 5227 §3). */
export function gratuitousArp(mac: Uint8Array, ip: Uint8Array): readonly Uint8Array[] {
  const same = { senderMac: mac, senderIp: ip, targetIp: ip };
  return [
    encodeArp({ ...same, operation: 'request', targetMac: ZERO_MAC }, BROADCAST_MAC),
    encodeArp({ ...same, operation: 'reply', targetMac: BROADCAST_MAC }, BROADCAST_MAC),
  ];
}

/** Asks who has `ip` without saying who asks, so that no neighbour learns anything (RFC 5227 §2.1). */
export function arpProbe(mac: Uint8Array, ip: Uint8Array): Uint8Array {
  const from = { senderMac: mac, senderIp: ZERO_IP, targetMac: ZERO_MAC, targetIp: ip };
  return encodeArp({ ...from, operation: 'request' }, BROADCAST_MAC);
}

/** Reads a frame; null where it is not ARP for IPv4 over Ethernet. */
export function decodeArp(frame: Uint8Array): Arp | null {
  if (frame.length < ARP_FRAME_BYTES) return null;
  const body = frame.subarray(BODY_AT);
  if (((frame[12]! << 8) | frame[13]!) !== ETHERTYPE_ARP) return null;
  if (body[0] !== 0 || body[1] !== 1 || body[2] !== 8 || body[3] !== 0) return null;
  if (body[4] !== MAC_BYTES || body[5] !== 4 || body[6] !== 0) return null;
  if (body[7] !== 1 && body[7] !== 2) return null;
  return {
    operation: body[7] === 1 ? 'request' : 'reply',
    senderMac: body.slice(8, 14),
    senderIp: body.slice(14, 18),
    targetMac: body.slice(18, 24),
    targetIp: body.slice(24, 28),
  };
}
