/**
 * A place where lines go (standard output, standard error, a file) that never makes its writer wait.
 *
 * What the destination does not take at once is kept up to `OUTLET_BYTES_MAX`; past that, whole
 * chunks are dropped and their lines counted. One write is under way at a time, so that lines of
 * several writers never mix.
 */
import {
  close,
  closeSync,
  constants,
  fstatSync,
  openSync,
  write,
  type NoParamCallback,
} from 'node:fs';

/** Bytes kept for a destination that does not keep up. */
export const OUTLET_BYTES_MAX = 4 << 20;

/** How a destination takes bytes: calls back once, with the number of bytes taken. */
type Write = (bytes: Buffer, done: (error: Error | null, written: number) => void) => void;

const NEW_LINE = 10;

export class Outlet {
  readonly name: string;
  #write: Write;
  #close: () => void;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #isWriting = false;
  #linesLost = 0;
  #idleWaiters: (() => void)[] = [];
  #lastError: Error | null = null;

  private constructor(name: string, take: Write, release: () => void) {
    this.name = name;
    this.#write = take;
    this.#close = release;
  }

  /** Descriptor 1 or 2 of this process. */
  static standard(fd: 1 | 2): Outlet {
    const name = fd === 1 ? 'stdout' : 'stderr';
    if (fstatSync(fd).isFile()) return new Outlet(name, fileWrite(fd), () => {});
    const stream = fd === 1 ? process.stdout : process.stderr;
    // Node writes to pipes and terminals synchronously; a reader that stalls would stop us.
    const handle = (stream as { _handle?: { setBlocking?: (on: boolean) => void } })._handle;
    handle?.setBlocking?.(false);
    stream.on('error', () => {});
    return new Outlet(name, streamWrite(stream), () => {});
  }

  /** A file, made if absent, only ever appended to. Throws the system's error. */
  static file(path: string): Outlet {
    const fd = openForAppend(path);
    return new Outlet(path, fileWrite(fd), () => close(fd, ignore));
  }

  /** Lines that could not be kept since the start. */
  get linesLost(): number {
    return this.#linesLost;
  }

  /** Why the last failed write failed. */
  get lastError(): Error | null {
    return this.#lastError;
  }

  /** Takes whole lines, each ending in a line feed. Never waits. */
  write(lines: Buffer): void {
    if (this.#queuedBytes + lines.length > OUTLET_BYTES_MAX) {
      this.#lose(lines);
      return;
    }
    this.#queue.push(lines);
    this.#queuedBytes += lines.length;
    if (!this.#isWriting) this.#next();
  }

  /** Opens the file anew under its name (after it was renamed). Keeps the old one on failure. */
  reopen(): void {
    if (!this.name.startsWith('/')) return;
    const fd = openForAppend(this.name);
    const closeOld = this.#close;
    this.#write = fileWrite(fd);
    this.#close = () => close(fd, ignore);
    void this.#whenWritten().then(closeOld);
  }

  /** Resolves when nothing waits to be written any more, or after `limitMs`. */
  async flush(limitMs: number): Promise<void> {
    if (!this.#isWriting) return;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs);
    });
    await Promise.race([new Promise<void>((resolve) => this.#idleWaiters.push(resolve)), limit]);
    clearTimeout(timer);
  }

  /** Writes what is left, for at most `limitMs`, and closes the file. */
  async end(limitMs: number): Promise<void> {
    await this.flush(limitMs);
    this.#close();
    this.#close = () => {};
  }

  #whenWritten(): Promise<void> {
    if (!this.#isWriting) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  #next(): void {
    const batch = this.#queue.length === 1 ? this.#queue[0]! : Buffer.concat(this.#queue);
    this.#queue = [];
    this.#isWriting = true;
    this.#send(batch);
  }

  #send(bytes: Buffer): void {
    this.#write(bytes, (error, written) => {
      if (error === null && written < bytes.length) {
        this.#queuedBytes -= written;
        this.#send(bytes.subarray(written));
        return;
      }
      if (error !== null) {
        this.#lastError = error;
        this.#lose(bytes);
      }
      this.#queuedBytes -= bytes.length;
      if (this.#queue.length > 0) this.#next();
      else this.#rest();
    });
  }

  #rest(): void {
    this.#isWriting = false;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }

  #lose(lines: Buffer): void {
    for (const byte of lines) if (byte === NEW_LINE) this.#linesLost += 1;
  }
}

const ignore: NoParamCallback = () => {};

function openForAppend(path: string): number {
  // O_NONBLOCK: a FIFO without a reader is then an error instead of a wait without end.
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
  const fd = openSync(path, flags, 0o640);
  if (fstatSync(fd).isDirectory()) {
    closeSync(fd);
    throw new Error(`"${path}" is a folder`);
  }
  return fd;
}

function fileWrite(fd: number): Write {
  return (bytes, done) => write(fd, bytes, 0, bytes.length, null, done);
}

function streamWrite(stream: NodeJS.WritableStream): Write {
  return (bytes, done) => {
    stream.write(bytes, (error?: Error | null) => done(error ?? null, bytes.length));
  };
}
