/**
 * A place where lines go (standard output, standard error, a file) that never makes its writer
 * wait.
 *
 * Lines are copied into one of two buffers while the other one is being written, so that nothing is
 * allocated for a line. What does not fit is dropped, whole pieces at a time, and its lines are
 * counted. One write is under way at a time, so that lines of several writers never mix.
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

/** Bytes of each of the two buffers: what is kept for a destination that does not keep up. */
export const OUTLET_BYTES_MAX = 2 << 20;
/** Lines that need not be seen at once are written when so many bytes wait … */
export const BATCH_BYTES = 256 << 10;
/** … or when the first of them has waited for this long, in ms. */
export const BATCH_MS = 25;

/** How a destination takes bytes: calls back once, with the number of bytes taken. */
type Write = (bytes: Buffer, done: (error: Error | null, written: number) => void) => void;

const NEW_LINE = 10;
const LINE_END = Buffer.from('\n');

export class Outlet {
  readonly name: string;
  #write: Write;
  #close: () => void;
  /** Takes lines; made when the first one comes. */
  #filling: Buffer | null = null;
  #filled = 0;
  /** The other buffer: being written, or free. */
  #other: Buffer | null = null;
  #isWriting = false;
  #batchTimer: NodeJS.Timeout | null = null;
  #linesLost = 0;
  #idleWaiters: (() => void)[] = [];
  #lastError: Error | null = null;
  /** Whether the destination ends within a line, of which the rest was lost. */
  #isTorn = false;
  /** Called when lines begin to be lost, with the error, and when they are taken again, with null. */
  onFault: (error: Error | null) => void = () => {};

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

  /** Why lines are lost now; null while they are taken. */
  get lastError(): Error | null {
    return this.#lastError;
  }

  /** Takes whole lines, each ending in a line feed, and writes them soon. Never waits. */
  write(lines: Uint8Array): void {
    this.#keep(lines);
    this.#begin();
  }

  /** The same for lines that may wait for others, so that fewer writes are needed. */
  writeBatched(lines: Uint8Array): void {
    this.#keep(lines);
    if (this.#filled >= BATCH_BYTES) this.#begin();
    else this.#batchTimer ??= setTimeout(() => this.#begin(), BATCH_MS);
  }

  /** Opens the file anew under its name (after it was renamed). Keeps the old one on failure. */
  reopen(): void {
    if (!this.name.startsWith('/')) return;
    const fd = openForAppend(this.name);
    const closeOld = this.#close;
    this.#write = fileWrite(fd);
    this.#isTorn = false;
    this.#close = () => close(fd, ignore);
    void this.#whenWritten().then(closeOld);
  }

  /** Resolves when nothing waits to be written any more, or after `limitMs`. */
  async flush(limitMs: number): Promise<void> {
    this.#begin();
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

  #keep(lines: Uint8Array): void {
    this.#filling ??= Buffer.allocUnsafeSlow(OUTLET_BYTES_MAX);
    if (this.#filled + lines.length > OUTLET_BYTES_MAX) {
      this.#lose(lines);
      return;
    }
    this.#filling.set(lines, this.#filled);
    this.#filled += lines.length;
  }

  /** Writes what waits, unless a write is under way: its end begins the next. */
  #begin(): void {
    if (this.#isWriting || this.#filling === null || this.#filled === 0) return;
    if (this.#batchTimer !== null) clearTimeout(this.#batchTimer);
    this.#batchTimer = null;
    const full = this.#filling;
    const batch = full.subarray(0, this.#filled);
    this.#filling = this.#other;
    this.#other = full;
    this.#filled = 0;
    this.#isWriting = true;
    this.#mend(() => this.#send(batch));
  }

  /** Ends a line that was begun before the destination was full: the next one is its own. */
  #mend(next: () => void): void {
    if (!this.#isTorn) {
      next();
      return;
    }
    this.#write(LINE_END, (error, written) => {
      if (error === null && written > 0) this.#isTorn = false;
      next();
    });
  }

  #send(bytes: Buffer): void {
    this.#write(bytes, (error, written) => {
      if (error === null && written < bytes.length) {
        if (written > 0) this.#isTorn = bytes[written - 1] !== NEW_LINE;
        this.#send(bytes.subarray(written));
        return;
      }
      if (error === null) this.#isTorn = false;
      else this.#lose(bytes);
      this.#note(error);
      this.#isWriting = false;
      if (this.#filled > 0) this.#begin();
      else this.#rest();
    });
  }

  /** Tells of the first of several faults in a row, and of their end. */
  #note(error: Error | null): void {
    const isNew = (this.#lastError === null) !== (error === null);
    this.#lastError = error;
    if (isNew) this.onFault(error);
  }

  #rest(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }

  #lose(lines: Uint8Array): void {
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
