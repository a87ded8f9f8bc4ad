/** Frames of RFC 6455 §5.2, as far as an echo needs them. */
import { createHash, randomBytes } from 'node:crypto';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The value of Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2). */
export function acceptValue(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

/** One unfragmented binary frame; a client masks its frames. */
export function encodeFrame(payload: Buffer, isMasked: boolean): Buffer {
  const size = payload.length;
  const extended = size < 126 ? 0 : size < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + extended);
  head[0] = 0x82;
  const maskBit = isMasked ? 0x80 : 0;
  head[1] = maskBit | (extended === 0 ? size : extended === 2 ? 126 : 127);
  if (extended === 2) head.writeUInt16BE(size, 2);
  else if (extended === 8) head.writeBigUInt64BE(BigInt(size), 2);
  if (!isMasked) return Buffer.concat([head, payload]);
  const mask = randomBytes(4);
  const masked = Buffer.from(payload.map((byte, i) => byte ^ mask[i & 3]!));
  return Buffer.concat([head, mask, masked]);
}

/** Reads one frame with `read`, which gives exactly so many bytes. */
export async function decodeFrame(read: (count: number) => Promise<Buffer>): Promise<Buffer> {
  const head = await read(2);
  let size = head[1]! & 0x7f;
  if (size === 126) size = (await read(2)).readUInt16BE(0);
  else if (size === 127) size = Number((await read(8)).readBigUInt64BE(0));
  const mask = (head[1]! & 0x80) === 0 ? undefined : await read(4);
  const payload = await read(size);
  return mask === undefined ? payload : Buffer.from(payload.map((byte, i) => byte ^ mask[i & 3]!));
}
