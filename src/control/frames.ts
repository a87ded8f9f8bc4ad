/**
 * Frames of the control stream between supervisor and worker: a 4-byte little-endian length and
 * that many bytes of UTF-8 JSON. The types of the messages stand in `plane/worker-protocol.ts`.
 */

/** Bytes before each frame's text. */
export const FRAME_HEAD_BYTES = 4;

/** One message as the bytes of a frame. */
export function encodeFrame(message: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(message), 'utf8');
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + text.length);
  frame.writeUInt32LE(text.length, 0);
  text.copy(frame, FRAME_HEAD_BYTES);
  return frame;
}

/**
 * Puts frames together from the pieces in which a stream delivers them.
 *
 * `push` returns the messages that became whole. It throws when a frame is longer than `bytesMax`
 * or is not JSON: the peer is then beyond trust and its process is to be replaced.
 */
export class FrameReader {
  readonly #bytesMax: number;
  #pieces: Buffer[] = [];
  #size = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  push(piece: Buffer): unknown[] {
    this.#pieces.push(piece);
    this.#size += piece.length;
    const messages: unknown[] = [];
    while (this.#size >= FRAME_HEAD_BYTES) {
      const head = this.#peekLength();
      if (head > this.#bytesMax) {
        throw new Error(`a control frame of ${head} bytes exceeds the limit of ${this.#bytesMax}`);
      }
      if (this.#size < FRAME_HEAD_BYTES + head) break;
      messages.push(this.#take(head));
    }
    return messages;
  }

  #peekLength(): number {
    if (this.#pieces[0]!.length < FRAME_HEAD_BYTES) this.#join();
    return this.#pieces[0]!.readUInt32LE(0);
  }

  #take(length: number): unknown {
    this.#join();
    const all = this.#pieces[0]!;
    const end = FRAME_HEAD_BYTES + length;
    const rest = all.subarray(end);
    this.#pieces = rest.length > 0 ? [rest] : [];
    this.#size = rest.length;
    return JSON.parse(all.toString('utf8', FRAME_HEAD_BYTES, end));
  }

  #join(): void {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces, this.#size)];
  }
}
