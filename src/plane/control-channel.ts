/** The worker's end of the control stream. When the supervisor is gone, the worker goes on. */
import { EPOLLET, EPOLLIN, EPOLLRDHUP } from '../sys/event-loop.ts';
import { EAGAIN } from '../sys/errno.ts';
import * as libc from '../sys/libc.ts';
import { mapPrivate } from '../sys/shared-memory.ts';
import { ROLE, Watched } from './connection.ts';
import { FRAME_BYTES_MAX, WORKER_FD } from './worker-protocol.ts';
import type { FromWorker, ToWorker } from './worker-protocol.ts';
import { worker } from './worker-state.ts';

const PIECE_BYTES = 1 << 20;
const HEAD_BYTES = 4;
/** What may wait to be sent to a supervisor that does not read; events past it are dropped. */
const OUTGOING_BYTES_MAX = 1 << 20;

const piece = mapPrivate(PIECE_BYTES);

export class ControlChannel extends Watched {
  #incoming: Buffer[] = [];
  #incomingBytes = 0;
  #outgoing: Buffer[] = [];
  #outgoingBytes = 0;
  readonly #onMessage: (message: ToWorker) => void;
  readonly #onLost: () => void;
  isOpen = true;
  /** Who gets the events of control sockets once the supervisor is gone. */
  heir: { receive(): void } | null = null;

  constructor(onMessage: (message: ToWorker) => void, onLost: () => void) {
    super(ROLE.control, WORKER_FD.control);
    this.#onMessage = onMessage;
    this.#onLost = onLost;
    worker.watch(this, EPOLLIN | EPOLLRDHUP | EPOLLET);
  }

  /** Reads all that is there and hands over the messages that are complete. */
  receive(): void {
    if (this.heir !== null) this.heir.receive();
    while (this.isOpen) {
      const got = libc.read(this.fd, piece.address, PIECE_BYTES);
      if (got < 0 && libc.errno() === EAGAIN) return;
      if (got <= 0) {
        this.#lost();
        return;
      }
      this.#incoming.push(Buffer.from(piece.bytes.subarray(0, got)));
      this.#incomingBytes += got;
      this.#takeFrames();
    }
  }

  #takeFrames(): void {
    while (this.#incomingBytes >= HEAD_BYTES) {
      if (this.#incoming[0]!.length < HEAD_BYTES) this.#join();
      const length = this.#incoming[0]!.readUInt32LE(0);
      if (length > FRAME_BYTES_MAX) throw new Error(`a control frame of ${length} bytes`);
      const end = HEAD_BYTES + length;
      if (this.#incomingBytes < end) return;
      this.#join();
      const all = this.#incoming[0]!;
      this.#incoming = all.length > end ? [all.subarray(end)] : [];
      this.#incomingBytes -= end;
      this.#onMessage(JSON.parse(all.toString('utf8', HEAD_BYTES, end)) as ToWorker);
    }
  }

  #join(): void {
    if (this.#incoming.length > 1) this.#incoming = [Buffer.concat(this.#incoming)];
  }

  /** The supervisor is gone: what is known stays in force. */
  #lost(): void {
    this.isOpen = false;
    worker.loop.remove(this.fd);
    worker.forget(this);
    this.#onLost();
  }

  /** Sends a message; one that the supervisor does not take waits for the next turn. */
  send(message: FromWorker): void {
    if (!this.isOpen) return;
    const text = Buffer.from(JSON.stringify(message), 'utf8');
    if (this.#outgoingBytes + text.length > OUTGOING_BYTES_MAX) return;
    const frame = Buffer.alloc(HEAD_BYTES + text.length);
    frame.writeUInt32LE(text.length, 0);
    text.copy(frame, HEAD_BYTES);
    this.#outgoing.push(frame);
    this.#outgoingBytes += frame.length;
    this.flush();
  }

  /** Called each turn; does nothing when nothing waits. */
  flush(): void {
    while (this.#outgoing.length > 0) {
      const frame = this.#outgoing[0]!;
      const sent = libc.send(this.fd, libc.addressOf(frame), frame.length, MSG_NOSIGNAL);
      if (sent < 0) return;
      this.#outgoingBytes -= sent;
      if (sent < frame.length) {
        this.#outgoing[0] = frame.subarray(sent);
        return;
      }
      this.#outgoing.shift();
    }
  }
}

const MSG_NOSIGNAL = 0x4000;
