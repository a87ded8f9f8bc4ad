import { HEAD_BYTES, TYPE_ADVERTISEMENT, V2_AUTH_BYTES } from './advert.ts';
import type { Advert, AdvertCarrier, ChecksumForm } from './advert.ts';
import { plainChecksum, setPseudoChecksum } from './checksum.ts';

/**
 * The bytes of an advertisement. `carrier` gives the addresses of the pseudo-header. The interval of
 * version 3 has hundredths of a second, that of version 2 seconds: others are rounded.
 */
export function encodeAdvert(
  advert: Advert,
  carrier: AdvertCarrier,
  form: ChecksumForm = 'compat',
): Uint8Array {
  const { version, addresses } = advert;
  const size = carrier.family === 'ipv4' ? 4 : 16;
  const tail = version === 2 ? V2_AUTH_BYTES : 0;
  const out = new Uint8Array(HEAD_BYTES + addresses.length * size + tail);
  out[0] = (version << 4) | TYPE_ADVERTISEMENT;
  out[1] = advert.vrid;
  out[2] = advert.priority;
  out[3] = addresses.length;
  if (version === 2) {
    out[5] = Math.max(1, Math.round(advert.intervalMs / 1000));
  } else {
    const interval = Math.max(1, Math.round(advert.intervalMs / 10));
    out[4] = (interval >> 8) & 0x0f;
    out[5] = interval & 0xff;
  }
  addresses.forEach((address, i) => out.set(address, HEAD_BYTES + i * size));
  if (version === 2 || (carrier.family === 'ipv4' && form === 'rfc9568')) {
    const sum = plainChecksum(out, out.length);
    out[6] = sum >> 8;
    out[7] = sum & 0xff;
  } else setPseudoChecksum(out, carrier);
  return out;
}
