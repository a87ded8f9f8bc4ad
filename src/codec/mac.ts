/** Ethernet addresses of 6 bytes, and their text. */

export const MAC_BYTES = 6;
export const BROADCAST_MAC = Uint8Array.of(255, 255, 255, 255, 255, 255);
export const ZERO_MAC = new Uint8Array(MAC_BYTES);

/** `02:00:5e:10:00:01`. */
export function formatMac(mac: Uint8Array): string {
  return Array.from(mac.subarray(0, MAC_BYTES), (b) => b.toString(16).padStart(2, '0')).join(':');
}

/** The bytes of a text of six pairs of hexadecimal digits; null where it is something else. */
export function parseMac(text: string): Uint8Array | null {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) return null;
  return Uint8Array.from(text.split(':'), (pair) => Number.parseInt(pair, 16));
}

/** The address of a virtual router (RFC 9568 §7.3): `id` is 1 to 255. */
export function virtualMac(family: 'ipv4' | 'ipv6', id: number): Uint8Array {
  return Uint8Array.of(0, 0, 0x5e, 0, family === 'ipv4' ? 1 : 2, id);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
