/**
 * One end of a stream of frames: a 4-byte little-endian length and a JSON text each. For programs with
 * an event loop of their own.
 */
import { EAGAIN, EINTR } from './errno.ts';
import * as libc from './libc.ts';

const MSG_NOSIGNAL = 0x4000;
const HEAD_BYTES = 4;
const PIECE_BYTES = 64 << 10;
/** What may wait for a peer that does not read; frames past it are dropped. */
const OUTGOING_BYTES_MAX = 1 << 20;

const piece = Buffer.from(new ArrayBuffer(PIECE_BYTES));
const pieceAddress = libc.lastingAddressOf(piece);

export class FrameStream<Incoming, Outgoing> {
  readonly fd: number;
  readonly #bytesMax: number;
  #incoming = Buffer.alloc(0);
  #outgoing: Buffer[] = [];
  #outgoingBytes = 0;
  isOpen = true;

  /** `bytesMax`: the longest frame that is taken. */
  constructor(fd: number, bytesMax: number) {
    this.fd = fd;
    this.#bytesMax = bytesMax;
  }

  /** Hands over the frames that are complete. Afterwards `isOpen` says whether the peer lives. */
  receive(onFrame: (frame: Incoming) => void): void {
    while (this.isOpen) {
      const got = libc.recv(this.fd, pieceAddress, PIECE_BYTES, 0);
      if (got < 0 && libc.errno() === EINTR) continue;
      if (got < 0 && libc.errno() === EAGAIN) return;
      if (got <= 0) {
        this.isOpen = false;
        return;
      }
      this.#incoming = Buffer.concat([this.#incoming, piece.subarray(0, got)]);
      this.#takeFrames(onFrame);
    }
  }

  #takeFrames(onFrame: (frame: Incoming) => void): void {
    let at = 0;
    while (this.#incoming.length - at >= HEAD_BYTES) {
      const length = this.#incoming.readUInt32LE(at);
      if (length > this.#bytesMax) {
        this.isOpen = false;
        return;
      }
      const end = at + HEAD_BYTES + length;
      if (this.#incoming.length < end) break;
      onFrame(JSON.parse(this.#incoming.toString('utf8', at + HEAD_BYTES, end)) as Incoming);
      at = end;
    }
    this.#incoming = this.#incoming.subarray(at);
  }

  /** Sends a frame, or keeps it until `flush`. */
  send(frame: Outgoing): void {
    if (!this.isOpen) return;
    const text = Buffer.from(JSON.stringify(frame), 'utf8');
    if (this.#outgoingBytes + text.length > OUTGOING_BYTES_MAX) return;
    const bytes = Buffer.alloc(HEAD_BYTES + text.length);
    bytes.writeUInt32LE(text.length, 0);
    text.copy(bytes, HEAD_BYTES);
    this.#outgoing.push(bytes);
    this.#outgoingBytes += bytes.length;
    this.flush();
  }

  /** Called each turn; does nothing where nothing waits. */
  flush(): void {
    while (this.isOpen && this.#outgoing.length > 0) {
      const first = this.#outgoing[0]!;
      const sent = libc.send(this.fd, libc.addressOf(first), first.length, MSG_NOSIGNAL);
      if (sent < 0) return;
      this.#outgoingBytes -= sent;
      if (sent < first.length) {
        this.#outgoing[0] = first.subarray(sent);
        return;
      }
      this.#outgoing.shift();
    }
  }
}
