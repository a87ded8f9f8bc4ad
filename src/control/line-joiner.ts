/** Longest line that is put together from pieces, in bytes; a longer one is dropped. */
export const LINE_BYTES_MAX = 256 << 10;

const NEW_LINE = 10;
const EMPTY = new Uint8Array(0);

/**
 * Hands on whole lines from a stream that is cut anywhere. The common case, a piece that begins and
 * ends at a line's border, is handed on as it is.
 */
export class LineJoiner {
  readonly #onLines: (lines: Uint8Array) => void;
  /** The beginning of a line whose end has not come. */
  #rest: Uint8Array = EMPTY;
  /** Within a line that is too long. */
  #isSkipping = false;

  /** `onLines` gets one or more whole lines; the bytes are the caller's again when it returns. */
  constructor(onLines: (lines: Uint8Array) => void) {
    this.#onLines = onLines;
  }

  /** Takes the next piece, which stays the caller's. Returns whether a line was dropped. */
  push(piece: Uint8Array): boolean {
    const end = piece.lastIndexOf(NEW_LINE) + 1;
    if (end === 0) {
      this.#isSkipping ||= this.#rest.length + piece.length > LINE_BYTES_MAX;
      this.#rest = this.#isSkipping ? EMPTY : Buffer.concat([this.#rest, piece]);
      return false;
    }
    const wasSkipping = this.#isSkipping;
    const begin = wasSkipping ? piece.indexOf(NEW_LINE) + 1 : 0;
    this.#isSkipping = false;
    const whole = piece.subarray(begin, end);
    if (this.#rest.length > 0) this.#onLines(Buffer.concat([this.#rest, whole]));
    else if (whole.length > 0) this.#onLines(whole);
    this.#rest = end === piece.length ? EMPTY : piece.slice(end);
    return wasSkipping;
  }
}
