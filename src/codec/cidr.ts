import { isMappedIpv4, parseIp } from './ip-address.ts';

/**
 * Bytes of one network in a compiled list: the length of its prefix, then its address in 16 bytes.
 * IPv4 stands there as IPv4-mapped, its prefix 96 longer.
 */
export const CIDR_BYTES = 17;

const MAPPED_BITS = 96;

/**
 * Compiles a network ("10.0.0.0/8", "fd00::/8"; an address alone is a network of one) into
 * CIDR_BYTES bytes; null where it is none. Bits past the prefix do not count.
 */
export function parseCidr(text: string): Uint8Array | null {
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return null;
  const bits = address.length * 8;
  const prefixText = slash < 0 ? String(bits) : text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(prefixText) || Number(prefixText) > bits) return null;
  const out = new Uint8Array(CIDR_BYTES);
  out[0] = Number(prefixText) + (128 - bits);
  if (bits === 32) out.fill(0xff, 11, 13);
  out.set(address, CIDR_BYTES - address.length);
  return out;
}

/**
 * Compiles a list of networks for `cidrListContains`; null where one of them is none. For reloads;
 * the configuration has checked each with `parseCidr` before.
 */
export function compileCidrList(texts: readonly string[]): Uint8Array | null {
  const list = new Uint8Array(texts.length * CIDR_BYTES);
  for (const [index, text] of texts.entries()) {
    const cidr = parseCidr(text);
    if (cidr === null) return null;
    list.set(cidr, index * CIDR_BYTES);
  }
  return list;
}

/**
 * Whether an address of 4 or 16 bytes is in the compiled network at `at`.
 *
 * An IPv4-mapped address is its IPv4 address. IPv4 is only in IPv4 networks and in networks within
 * ::ffff:0:0/96: whoever trusts ::/0 has said nothing about IPv4.
 */
export function cidrContains(cidr: Uint8Array, address: Uint8Array, at = 0): boolean {
  const prefix = cidr[at]!;
  const v4 = address.length === 4;
  if (prefix < MAPPED_BITS && (v4 || isMappedIpv4(address))) return false;
  for (let bit = 0; bit < prefix; bit += 8) {
    const index = bit >> 3;
    const own = v4 ? (index < 10 ? 0 : index < 12 ? 0xff : address[index - 12]!) : address[index]!;
    const mask = prefix - bit >= 8 ? 0xff : (0xff00 >> (prefix - bit)) & 0xff;
    if (((own ^ cidr[at + 1 + index]!) & mask) !== 0) return false;
  }
  return true;
}

/** Whether an address of 4 or 16 bytes is in one of the compiled networks. Once per connection. */
export function cidrListContains(list: Uint8Array, address: Uint8Array): boolean {
  for (let at = 0; at < list.length; at += CIDR_BYTES) {
    if (cidrContains(list, address, at)) return true;
  }
  return false;
}
