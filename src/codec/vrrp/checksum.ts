/** The Internet checksum (RFC 1071) with and without the pseudo-headers that VRRP knows. */
import { IPPROTO_VRRP, type AdvertCarrier } from './advert.ts';

/** Adds up 16-bit words; an odd byte at the end counts as the upper half of one. */
function sumWords(bytes: Uint8Array, length: number): number {
  let sum = 0;
  for (let i = 0; i + 1 < length; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  if (length % 2 === 1) sum += bytes[length - 1]! << 8;
  return sum;
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded ^ 0xffff;
}

/** Of the first `length` bytes of `message`; 0 where the checksum in it is right. */
export function plainChecksum(message: Uint8Array, length: number): number {
  return fold(sumWords(message, length));
}

/** The same with the pseudo-header of RFC 5798 §5.2.8, for IPv6 that of RFC 8200 §8.1. */
export function pseudoChecksum(
  message: Uint8Array,
  length: number,
  { source, destination }: Pick<AdvertCarrier, 'source' | 'destination'>,
): number {
  const pseudo = sumWords(source, source.length) + sumWords(destination, destination.length);
  return fold(sumWords(message, length) + pseudo + IPPROTO_VRRP + length);
}

/** Writes the checksum with pseudo-header over all of `message` into it. */
export function setPseudoChecksum(
  message: Uint8Array,
  carrier: Pick<AdvertCarrier, 'source' | 'destination'>,
): void {
  message[6] = message[7] = 0;
  const sum = pseudoChecksum(message, message.length, carrier);
  message[6] = sum >> 8;
  message[7] = sum & 0xff;
}
