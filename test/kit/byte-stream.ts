/** One end of a TCP connection that a test reads and writes byte by byte. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { readMessage } from './http-message.ts';
import type { Message, MessageKind } from './http-message.ts';
import { within } from './wait.ts';

/** How the other side ended its direction. */
export type Ending = 'open' | 'end' | 'reset';

export class ByteStream {
  readonly socket: Socket;
  /** Everything received so far. */
  received = Buffer.alloc(0);
  /** How many bytes were received, kept or not. */
  receivedBytes = 0;
  /** Whether `received` grows: off, bytes are only counted. */
  isKept = true;
  /** What `received` was read up to by the reading methods. */
  position = 0;
  ending: Ending = 'open';
  private wake: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.receivedBytes += chunk.length;
      if (this.isKept) this.received = Buffer.concat([this.received, chunk]);
      this.notify();
    });
    socket.on('end', () => {
      if (this.ending === 'open') this.ending = 'end';
      this.notify();
    });
    socket.on('error', () => {
      this.ending = 'reset';
      this.notify();
    });
    socket.on('close', () => {
      if (this.ending === 'open') this.ending = 'end';
      this.notify();
    });
  }

  private notify(): void {
    const waiting = this.wake;
    this.wake = [];
    for (const wake of waiting) wake();
  }

  /** What was received and not yet read, as latin1. */
  get pending(): string {
    return this.received.toString('latin1', this.position);
  }

  /** Everything received, as latin1. */
  get text(): string {
    return this.received.toString('latin1');
  }

  /** Sends bytes (a string is latin1); resolves when the kernel has taken them. */
  write(bytes: string | Uint8Array): Promise<void> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    return new Promise((resolve) => {
      this.socket.write(data, () => {
        resolve();
      });
    });
  }

  /** Stops reading: the receive window closes. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Half-close: no more is written, reading goes on. */
  end(): void {
    this.socket.end();
  }

  /** Ends the connection with a RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Waits until `probe` gives something other than undefined on what has been received. */
  private async waitFor<T>(what: string, probe: () => T | undefined, ms?: number): Promise<T> {
    const loop = async (): Promise<T> => {
      for (;;) {
        const value = probe();
        if (value !== undefined) return value;
        if (this.ending !== 'open') {
          throw new Error(`connection ${this.ending} before ${what}: ${JSON.stringify(this.text)}`);
        }
        await new Promise<void>((resolve) => this.wake.push(resolve));
      }
    };
    return within(loop(), `${what} (got ${JSON.stringify(this.pending.slice(0, 200))})`, ms);
  }

  /** Reads up to and with `mark`. */
  async readUntil(mark: string, timeoutMs?: number): Promise<string> {
    return this.waitFor(
      `the bytes ${JSON.stringify(mark)}`,
      () => {
        const at = this.received.indexOf(mark, this.position, 'latin1');
        if (at < 0) return undefined;
        const start = this.position;
        this.position = at + mark.length;
        return this.received.toString('latin1', start, this.position);
      },
      timeoutMs,
    );
  }

  /** Reads exactly `count` bytes. */
  async readBytes(count: number, timeoutMs?: number): Promise<Buffer> {
    return this.waitFor(
      `${count} bytes`,
      () => {
        if (this.received.length < this.position + count) return undefined;
        this.position += count;
        return this.received.subarray(this.position - count, this.position);
      },
      timeoutMs,
    );
  }

  /** Reads one HTTP message; see `readMessage` for what `kind` is needed for. */
  async readMessage(kind: MessageKind, timeoutMs?: number): Promise<Message> {
    return this.waitFor(
      `a whole ${kind}`,
      () => {
        const message = readMessage(
          this.received.subarray(this.position),
          kind,
          this.ending !== 'open',
        );
        if (message === undefined) return undefined;
        this.position += message.size;
        return message;
      },
      timeoutMs,
    );
  }

  /** Waits until the other side has ended its direction, and says how. */
  async closed(timeoutMs?: number): Promise<Ending> {
    const loop = async (): Promise<Ending> => {
      while (this.ending === 'open') {
        await new Promise<void>((resolve) => this.wake.push(resolve));
      }
      return this.ending;
    };
    return within(loop(), 'the end of the connection', timeoutMs);
  }
}

function connectWith(
  options: { port: number; host: string } | { path: string },
): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(new ByteStream(socket));
    });
  });
}

/** Connects to a port of 127.0.0.1; the other side may half-close without ending ours. */
export function connectTo(port: number, host = '127.0.0.1'): Promise<ByteStream> {
  return connectWith({ port, host });
}

/** Connects to a unix socket. */
export function connectToPath(path: string): Promise<ByteStream> {
  return connectWith({ path });
}
