/**
 * Messages of netlink(7): a head of 16 bytes, a fixed part by type, then attributes, all in the
 * byte order of the machine (little endian here) and padded to 4 bytes.
 */

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_DUMP = 0x300;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export const RTM = {
  newLink: 16,
  delLink: 17,
  getLink: 18,
  setLink: 19,
  newAddress: 20,
  delAddress: 21,
  getAddress: 22,
  newRoute: 24,
  delRoute: 25,
  getRoute: 26,
} as const;

const HEAD_BYTES = 16;
const ATTRIBUTE_HEAD_BYTES = 4;
/** The upper two bits of an attribute's type are flags. */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

const align = (bytes: number): number => (bytes + 3) & ~3;

/** One attribute by itself, to stand in another. */
export function attributeBytes(type: number, value: Uint8Array): Buffer {
  const bytes = Buffer.alloc(align(ATTRIBUTE_HEAD_BYTES + value.length));
  bytes.writeUInt16LE(ATTRIBUTE_HEAD_BYTES + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(value, ATTRIBUTE_HEAD_BYTES);
  return bytes;
}

/** Builds one message; grows as it is written. */
export class MessageWriter {
  #bytes = Buffer.alloc(256);
  #length = HEAD_BYTES;

  constructor(type: number, flags: number, sequence: number) {
    this.#bytes.writeUInt16LE(type, 4);
    this.#bytes.writeUInt16LE(flags, 6);
    this.#bytes.writeUInt32LE(sequence, 8);
  }

  /** The fixed part. */
  fixed(bytes: Uint8Array): this {
    this.#append(bytes);
    return this;
  }

  attribute(type: number, value: Uint8Array): this {
    this.#append(attributeBytes(type, value));
    return this;
  }

  attributeU32(type: number, ...values: number[]): this {
    const bytes = Buffer.alloc(4 * values.length);
    values.forEach((value, i) => bytes.writeUInt32LE(value, 4 * i));
    return this.attribute(type, bytes);
  }

  end(): Uint8Array {
    this.#bytes.writeUInt32LE(this.#length, 0);
    return this.#bytes.subarray(0, this.#length);
  }

  #append(bytes: Uint8Array): void {
    const end = this.#length + align(bytes.length);
    if (end > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(Math.max(end, this.#bytes.length))]);
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = end;
  }
}

export type NetlinkMessage = {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Buffer;
};

/** The messages of one receive; what is cut off at the end is left out. */
export function* splitMessages(bytes: Buffer): Generator<NetlinkMessage> {
  let at = 0;
  while (at + HEAD_BYTES <= bytes.length) {
    const length = bytes.readUInt32LE(at);
    if (length < HEAD_BYTES || at + length > bytes.length) return;
    yield {
      type: bytes.readUInt16LE(at + 4),
      flags: bytes.readUInt16LE(at + 6),
      sequence: bytes.readUInt32LE(at + 8),
      body: bytes.subarray(at + HEAD_BYTES, at + length),
    };
    at += align(length);
  }
}

/** The attributes after a fixed part of `from` bytes, by type; of one type the last counts. */
export function readAttributes(body: Buffer, from: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  let at = align(from);
  while (at + ATTRIBUTE_HEAD_BYTES <= body.length) {
    const length = body.readUInt16LE(at);
    if (length < ATTRIBUTE_HEAD_BYTES || at + length > body.length) break;
    const type = body.readUInt16LE(at + 2) & ATTRIBUTE_TYPE_MASK;
    found.set(type, body.subarray(at + ATTRIBUTE_HEAD_BYTES, at + length));
    at += align(length);
  }
  return found;
}

/** The error number of an NLMSG_ERROR, 0 for an acknowledgement. */
export function errorNumber({ body }: NetlinkMessage): number {
  return body.length < 4 ? 0 : -body.readInt32LE(0);
}
