import { EventEmitter } from 'node:events';
import type { ProbeSocket } from './probe-socket.ts';

/** Bytes that a check of a database reads in all: a login and a few small results. */
export const DATABASE_BYTES_MAX = 256 * 1024;

/**
 * What a database's library takes for its connection: the part of a stream that it uses, over a
 * ProbeSocket. What the server sends is handed on within `feed`, so that an exception of a library
 * that meets garbage comes back here instead of ending the process. Made once per connection.
 */
export class DatabaseStream extends EventEmitter {
  writable = true;
  destroyed = false;
  readonly #probe: ProbeSocket;
  #bytes = 0;

  constructor(probe: ProbeSocket) {
    super();
    this.#probe = probe;
  }

  /** Whether nothing has arrived so far. */
  get isNew(): boolean {
    return this.#bytes === 0;
  }

  /** Hands on what has arrived; ends the probe where it is too much or breaks the library. */
  feed(chunk: Buffer): void {
    const { run } = this.#probe;
    this.#bytes += chunk.length;
    if (this.#bytes > DATABASE_BYTES_MAX) {
      run.finish('too-large', `the server sent more than ${DATABASE_BYTES_MAX} bytes`);
      return;
    }
    try {
      quietly(() => this.emit('data', chunk));
    } catch {
      run.finish('protocol', 'the server sent what its protocol does not have');
    }
  }

  /** Sends bytes, unless the probe is over. */
  write(bytes: Buffer | string, ...rest: unknown[]): boolean {
    if (this.writable && !this.#probe.run.isOver) this.#probe.write(bytes);
    const then = rest.at(-1);
    if (typeof then === 'function') process.nextTick(then);
    return true;
  }

  /** The library is done with the connection; the run closes it. */
  end(): this {
    this.writable = false;
    return this;
  }

  destroy(): this {
    this.destroyed = true;
    return this.end();
  }

  // What libraries ask of a socket and has no meaning here: it is connected, and read at once.
  connect(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  pause(): this {
    return this;
  }
  resume(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

const WORDS = ['error', 'warn', 'log', 'trace'] as const;

/**
 * Calls a library that writes about garbage to the console: mysql2 prints a trace of its stack. What
 * a server sends must not fill the product's log. Nothing else runs meanwhile: the call is
 * synchronous, and the product itself does not use the console.
 */
function quietly(call: () => void): void {
  const own = WORDS.map((word) => [word, console[word]] as const);
  try {
    for (const word of WORDS) Reflect.set(console, word, () => undefined);
    call();
  } finally {
    for (const [word, method] of own) Reflect.set(console, word, method);
  }
}
