/** A stream of frames between two processes, read one message at a time. */
import { Socket } from 'node:net';
import { encodeFrame, FrameReader } from '../frames.ts';

export class FrameLink<In, Out> {
  readonly #socket: Socket;
  readonly #frames: FrameReader;
  readonly #waiting: In[] = [];
  #reader: ((message: In | null) => void) | null = null;
  #isGone = false;
  /** Resolves once the other end is gone, or speaks nonsense, or this end was closed. */
  readonly gone: Promise<void>;
  #markGone: () => void = () => {};

  /** Owns `fd`, a connected stream socket. */
  constructor(fd: number, bytesMax: number) {
    this.gone = new Promise((resolve) => (this.#markGone = resolve));
    this.#frames = new FrameReader(bytesMax);
    this.#socket = new Socket({ fd, readable: true, writable: true });
    this.#socket.on('data', (piece: Buffer) => this.#received(piece));
    this.#socket.on('error', () => {});
    this.#socket.once('end', () => this.#end());
    this.#socket.once('close', () => this.#end());
  }

  /** Sends a message; one to somebody who is gone is lost. */
  send(message: Out): void {
    if (!this.#isGone) this.#socket.write(encodeFrame(message));
  }

  /** The next message; null once there is none to come. One call at a time. */
  next(): Promise<In | null> {
    const message = this.#waiting.shift();
    if (message !== undefined) return Promise.resolve(message);
    if (this.#isGone) return Promise.resolve(null);
    return new Promise((resolve) => (this.#reader = resolve));
  }

  /** Sends what waits and closes. */
  close(): void {
    this.#socket.end(() => this.#socket.destroy());
    this.#end();
  }

  #received(piece: Buffer): void {
    try {
      for (const message of this.#frames.push(piece)) this.#take(message as In);
    } catch {
      this.#socket.destroy();
    }
  }

  #take(message: In): void {
    const reader = this.#reader;
    this.#reader = null;
    if (reader === null) this.#waiting.push(message);
    else reader(message);
  }

  #end(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#reader?.(null);
    this.#reader = null;
    this.#markGone();
  }
}
