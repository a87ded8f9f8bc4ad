/**
 * Brings the access log lines of all workers to their destination.
 *
 * Each worker writes lines into a stream of its own; whole lines are handed on as they come, in the
 * pieces they come in, so that a line costs nothing here. Lines of different workers never mix.
 */
import type { Socket } from 'node:net';
import { Outlet } from './outlet.ts';

/** Longest line that is put together from pieces, in bytes; a longer one is dropped. */
export const LINE_BYTES_MAX = 256 << 10;

const NEW_LINE = 10;

/** The standard streams, shared with whoever else writes to them. */
export type StandardOutlets = { readonly stdout: Outlet; readonly stderr: Outlet };

export class LogSink {
  readonly #standard: StandardOutlets;
  #outlet: Outlet | null = null;
  #target = 'off';
  #linesLostBefore = 0;

  constructor(standard: StandardOutlets) {
    this.#standard = standard;
  }

  /** Lines lost here since the start; the workers count what they lose themselves. */
  get linesLost(): number {
    return this.#linesLostBefore + (this.#outlet?.linesLost ?? 0);
  }

  /** Opens a destination without using it yet. Throws the system's error for a file. */
  open(target: string): Outlet | null {
    if (target === this.#target) return this.#outlet;
    if (target === 'off') return null;
    if (target === 'stdout') return this.#standard.stdout;
    if (target === 'stderr') return this.#standard.stderr;
    return Outlet.file(target);
  }

  /** Sends lines to `outlet` from now on; the one before writes what it still has and closes. */
  use(target: string, outlet: Outlet | null): void {
    if (target === this.#target) return;
    const before = this.#outlet;
    this.#target = target;
    this.#outlet = outlet;
    if (before !== null && !this.#isStandard(before)) {
      this.#linesLostBefore += before.linesLost;
      void before.end(FLUSH_LIMIT_MS);
    }
  }

  /** Reads a worker's lines until it closes its end. */
  attach(stream: Socket): void {
    let rest: Buffer = EMPTY;
    let isSkipping = false;
    stream.on('error', () => {});
    stream.on('data', (piece: Buffer) => {
      const end = piece.lastIndexOf(NEW_LINE) + 1;
      if (end === 0) {
        isSkipping ||= rest.length + piece.length > LINE_BYTES_MAX;
        rest = isSkipping ? EMPTY : Buffer.concat([rest, piece]);
        return;
      }
      const begin = isSkipping ? piece.indexOf(NEW_LINE) + 1 : 0;
      if (isSkipping) this.#linesLostBefore += 1;
      isSkipping = false;
      this.#write(rest, piece.subarray(begin, end));
      rest = end === piece.length ? EMPTY : Buffer.from(piece.subarray(end));
    });
  }

  /** Opens the file anew, for log rotation. Throws the system's error; the old one stays then. */
  reopen(): void {
    this.#outlet?.reopen();
  }

  /** Writes what is left. */
  async end(): Promise<void> {
    await this.#outlet?.flush(FLUSH_LIMIT_MS);
  }

  #write(rest: Buffer, whole: Buffer): void {
    if (this.#outlet === null || whole.length === 0) return;
    this.#outlet.write(rest.length === 0 ? whole : Buffer.concat([rest, whole]));
  }

  #isStandard(outlet: Outlet): boolean {
    return outlet === this.#standard.stdout || outlet === this.#standard.stderr;
  }
}

/** How long a closing destination may take for what it still has, in ms. */
const FLUSH_LIMIT_MS = 1_000;

const EMPTY = Buffer.alloc(0);
