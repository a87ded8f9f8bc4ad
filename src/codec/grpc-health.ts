/*
 * grpc.health.v1.Health/Check, as a client speaks it.
 *
 *   message of gRPC    compressed (1 byte, 0) · length (4 bytes, big endian) · protobuf
 *   HealthCheckRequest   1: string service
 *   HealthCheckResponse  1: enum status
 */

/** Bytes of a whole answer; a HealthCheckResponse has 7. */
export const GRPC_ANSWER_BYTES_MAX = 1024;

const PREFIX_BYTES = 5;
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;

/** The state of a service; a number that this version of the protocol does not have is UNKNOWN. */
export type ServingStatus = (typeof STATUSES)[number];

/** The message of a request with its prefix. `service` may be "". Called once per probe. */
export function writeHealthRequest(service: string): Uint8Array {
  const name = new TextEncoder().encode(service);
  // Protobuf leaves out what has its default.
  const field = name.length === 0 ? [] : [0x0a, ...varint(name.length)];
  const size = field.length + name.length;
  const bytes = new Uint8Array(PREFIX_BYTES + size);
  new DataView(bytes.buffer).setUint32(1, size);
  bytes.set(field, PREFIX_BYTES);
  bytes.set(name, PREFIX_BYTES + field.length);
  return bytes;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

export type HealthAnswer =
  | { readonly ok: true; readonly status: ServingStatus }
  | { readonly ok: false; readonly fault: string };

/**
 * Reads all the bytes of an answer: exactly one message, not compressed. Fields that this version
 * does not know are passed over, as protobuf wants it. Called once per probe.
 */
export function readHealthAnswer(bytes: Uint8Array): HealthAnswer {
  if (bytes.length < PREFIX_BYTES) return fault('the answer holds no message');
  if (bytes[0] !== 0) return fault('the message is compressed, which was not asked for');
  const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(1);
  if (size !== bytes.length - PREFIX_BYTES) return fault('the length of the message is wrong');
  const reader = new FieldReader(bytes, PREFIX_BYTES);
  let status = 0;
  while (!reader.isAtEnd) {
    const key = reader.varint();
    const value = reader.value(key % 8);
    if (reader.isBroken || key < 8) return fault('the message is no protobuf');
    // Field 1 as a varint; the last one counts.
    if (key === 8) status = value;
  }
  return { ok: true, status: STATUSES[status] ?? 'UNKNOWN' };
}

function fault(text: string): HealthAnswer {
  return { ok: false, fault: text };
}

/** Goes through the fields of a protobuf message. */
class FieldReader {
  isBroken = false;
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.isBroken || this.#at >= this.#bytes.length;
  }

  /** A number below 2^53; greater ones lose precision, which matters to no field here. */
  varint(): number {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    this.isBroken = true;
    return 0;
  }

  /** The value of a field if it is a varint; other types are passed over. */
  value(wireType: number): number {
    if (wireType === 0) return this.varint();
    if (wireType === 1) this.#skip(8);
    else if (wireType === 2) this.#skip(this.varint());
    else if (wireType === 5) this.#skip(4);
    else this.isBroken = true;
    return 0;
  }

  #skip(size: number): void {
    this.#at += size;
    if (this.#at > this.#bytes.length) this.isBroken = true;
  }
}
