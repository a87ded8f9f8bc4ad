/** CRC-32C (Castagnoli), reflected: RFC 9260 Appendix A, as the PROXY protocol asks for. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++)
    rest = (rest & 1) === 0 ? rest >>> 1 : (rest >>> 1) ^ POLYNOMIAL;
  TABLE[byte] = rest;
}

/**
 * The checksum of `bytes[at … at+length)` as an unsigned number of 32 bits, in which the four bytes
 * from `zeroAt` on count as zero: the place of the checksum itself. Once per connection.
 */
export function crc32c(bytes: Uint8Array, at: number, length: number, zeroAt = -4): number {
  let rest = -1;
  for (let i = at, end = at + length; i < end; i++) {
    const byte = i >= zeroAt && i < zeroAt + 4 ? 0 : bytes[i]!;
    rest = TABLE[(rest ^ byte) & 255]! ^ (rest >>> 8);
  }
  return ~rest >>> 0;
}
