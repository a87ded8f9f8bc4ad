/**
 * Brings the access log lines of all workers to their destination.
 *
 * Each worker writes lines into a stream of its own; whole lines are handed on as they come, in the
 * pieces they come in, so that a line costs nothing here. Lines of different workers never mix.
 */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Socket, type OnReadOpts } from 'node:net';
import { BallastError } from '../base/errors.ts';
import { LineJoiner } from './line-joiner.ts';
import { Outlet } from './outlet.ts';

/** Most bytes taken from a worker's stream at once: about what its socket holds. */
const READ_BYTES = 256 << 10;

/** The standard streams, shared with whoever else writes to them. */
export type StandardOutlets = { readonly stdout: Outlet; readonly stderr: Outlet };

/** Told when lines begin to be lost, and with null when they are taken again. */
export type LogFault = (target: string, error: Error | null) => void;

export class LogSink {
  readonly #standard: StandardOutlets;
  readonly #onFault: LogFault;
  #outlet: Outlet | null = null;
  #target = 'off';
  #linesLostBefore = 0;
  readonly #streams = new Set<Socket>();
  /** All streams are read into this one: what came is copied on before the next read. */
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);

  constructor(standard: StandardOutlets, onFault: LogFault = () => {}) {
    this.#standard = standard;
    this.#onFault = onFault;
  }

  /** Lines lost here since the start; the workers count what they lose themselves. */
  get linesLost(): number {
    return this.#linesLostBefore + (this.#outlet?.linesLost ?? 0);
  }

  /** Opens a destination without using it yet. Throws BAL_LOG_OPEN for a file. */
  open(target: string): Outlet | null {
    if (target === this.#target) return this.#outlet;
    if (target === 'off') return null;
    if (target === 'stdout') return this.#standard.stdout;
    if (target === 'stderr') return this.#standard.stderr;
    try {
      return Outlet.file(target);
    } catch (error) {
      const { message } = error as Error;
      throw new BallastError('BAL_LOG_OPEN', `cannot open the access log "${target}": ${message}`, {
        hint: 'the folder must exist and be writable for the user that Ballast runs as',
        at: ['log', 'access'],
        cause: error,
      });
    }
  }

  /** Sends lines to `outlet` from now on; the one before writes what it still has and closes. */
  use(target: string, outlet: Outlet | null): void {
    if (target === this.#target) return;
    const before = this.#outlet;
    this.#target = target;
    this.#outlet = outlet;
    if (outlet !== null) outlet.onFault = (error) => this.#onFault(outlet.name, error);
    if (before !== null && !this.#isStandard(before)) {
      this.#linesLostBefore += before.linesLost;
      void before.end(FLUSH_LIMIT_MS);
    }
  }

  /** Closes a destination that was opened and shall not be used after all. */
  discard(outlet: Outlet | null): void {
    if (outlet === null || outlet === this.#outlet || this.#isStandard(outlet)) return;
    void outlet.end(0);
  }

  /** Reads a worker's lines from its stream until the worker closes its end. Owns `fd`. */
  attach(fd: number): void {
    const lines = new LineJoiner((whole) => this.#outlet?.writeBatched(whole));
    const onread: OnReadOpts = {
      buffer: this.#buffer,
      callback: (length: number, buffer: Uint8Array): boolean => {
        if (lines.push(buffer.subarray(0, length))) this.#linesLostBefore += 1;
        return true;
      },
    };
    const stream = new Socket({ fd, readable: true, writable: false, onread });
    stream.on('error', () => {});
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
  }

  /** Opens the file anew, for log rotation. Throws the system's error; the old one stays then. */
  reopen(): void {
    this.#outlet?.reopen();
  }

  /** Reads what the workers, which are gone, have left in their streams, and writes it. */
  async end(): Promise<void> {
    const closed = [...this.#streams].map((stream) => once(stream, 'close'));
    await Promise.race([Promise.all(closed), setTimeout(FLUSH_LIMIT_MS, null, { ref: false })]);
    await this.#outlet?.flush(FLUSH_LIMIT_MS);
  }

  #isStandard(outlet: Outlet): boolean {
    return outlet === this.#standard.stdout || outlet === this.#standard.stderr;
  }
}

/** How long a closing destination may take for what it still has, in ms. */
const FLUSH_LIMIT_MS = 1_000;
