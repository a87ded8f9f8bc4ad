import { HEAD_BYTES, TYPE_ADVERTISEMENT, V2_AUTH_BYTES, VRRP_GROUP } from './advert.ts';
import type { Advert, AdvertCarrier } from './advert.ts';
import { plainChecksum, pseudoChecksum } from './checksum.ts';
import { parseIp } from '../ip-address.ts';

/** Why a message is no advertisement, one word for each kind. */
export type AdvertFault =
  | 'truncated'
  | 'version'
  | 'type'
  | 'vrid-zero'
  | 'count-zero'
  | 'interval-zero'
  | 'checksum'
  /** Version 2 has no authentication since RFC 3768; what says otherwise is not understood. */
  | 'auth-type'
  /** Version 2 is for IPv4 alone. */
  | 'family'
  /** Of `auth-hmac.ts`: a trailer that is missing, wrong, or was seen before. */
  | 'auth-missing'
  | 'auth-wrong'
  | 'auth-replay';

/** Which of the forms that are around the checksum has. */
export type SeenChecksum =
  | 'plain'
  | 'pseudo'
  /** With the group as destination, though sent to one host: keepalived before 1.3.7. */
  | 'pseudo-group';

export type DecodedAdvert = {
  readonly advert: Advert;
  readonly checksum: SeenChecksum;
  /** Bytes of the advertisement: what follows is padding, or a trailer. */
  readonly length: number;
};

const GROUP_BYTES = parseIp(VRRP_GROUP.ipv4)!;

/**
 * Reads the message that an IP packet carried. Bytes after it are left alone: a short Ethernet frame is
 * padded, and keepalived 2.4 has a trailer there.
 */
export function decodeAdvert(
  message: Uint8Array,
  carrier: AdvertCarrier,
): DecodedAdvert | AdvertFault {
  if (message.length < HEAD_BYTES) return 'truncated';
  const version = message[0]! >> 4;
  if (version !== 2 && version !== 3) return 'version';
  if ((message[0]! & 0x0f) !== TYPE_ADVERTISEMENT) return 'type';
  if (version === 2 && carrier.family === 'ipv6') return 'family';
  const size = carrier.family === 'ipv4' ? 4 : 16;
  const count = message[3]!;
  const length = HEAD_BYTES + count * size + (version === 2 ? V2_AUTH_BYTES : 0);
  if (message.length < length) return 'truncated';
  if (message[1] === 0) return 'vrid-zero';
  // RFC 9568, errata 8299 and 8301.
  if (count === 0) return 'count-zero';
  const intervalMs =
    version === 2 ? message[5]! * 1000 : (((message[4]! & 0x0f) << 8) | message[5]!) * 10;
  if (intervalMs === 0) return 'interval-zero';
  if (version === 2 && message[4] !== 0) return 'auth-type';
  const checksum = seenChecksum(message, length, version, carrier);
  if (checksum === null) return 'checksum';
  const addresses: Uint8Array[] = [];
  for (let at = HEAD_BYTES; addresses.length < count; at += size) {
    addresses.push(message.slice(at, at + size));
  }
  const advert: Advert = {
    version,
    vrid: message[1]!,
    priority: message[2]!,
    intervalMs,
    addresses,
  };
  return { advert, checksum, length };
}

function seenChecksum(
  message: Uint8Array,
  length: number,
  version: 2 | 3,
  carrier: AdvertCarrier,
): SeenChecksum | null {
  if (version === 3) {
    if (pseudoChecksum(message, length, carrier) === 0) return 'pseudo';
    // Of IPv6 the kernel of the sender makes it, over a trailer too.
    if (pseudoChecksum(message, message.length, carrier) === 0) return 'pseudo';
    if (carrier.family === 'ipv6') return null;
  }
  if (plainChecksum(message, length) === 0) return 'plain';
  if (version === 2) return null;
  const old = { source: carrier.source, destination: GROUP_BYTES };
  return pseudoChecksum(message, length, old) === 0 ? 'pseudo-group' : null;
}
