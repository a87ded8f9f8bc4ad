/** Messages of the DNS on a TCP stream: each behind its length in two bytes (RFC 1035 §4.2.2). */

/** A message as it is sent over TCP. */
export function tcpFrame(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(2 + message.length);
  frame.writeUInt16BE(message.length);
  frame.set(message, 2);
  return frame;
}

/** Gathers one message from the pieces of a stream: at most 64 KiB, since that is all it can say. */
export class TcpFrameReader {
  readonly #head = Buffer.alloc(2);
  #headSize = 0;
  #body: Buffer | null = null;
  #bodySize = 0;

  /** The whole message once it is there; what follows it is passed over. */
  push(piece: Buffer): Buffer | null {
    let at = 0;
    while (this.#headSize < 2 && at < piece.length) this.#head[this.#headSize++] = piece[at++]!;
    if (this.#headSize < 2) return null;
    this.#body ??= Buffer.alloc(this.#head.readUInt16BE());
    this.#bodySize += piece.copy(this.#body, this.#bodySize, at);
    return this.#bodySize === this.#body.length ? this.#body : null;
  }
}
