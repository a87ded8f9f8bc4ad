/** Longest line of a chunk's size with its extensions, in bytes. */
const CHUNK_LINE_BYTES_MAX = 256;

const CR = 0x0d;
const LF = 0x0a;

/**
 * Takes the chunked coding off a body (RFC 9112 §7.1), strictly, as far as the last chunk; trailers
 * are not looked at. For checks only: it copies, and it reads sizes up to 2^28.
 */
export class ChunkDecoder {
  /** Set once the last chunk was seen. */
  isDone = false;
  /** What is wrong, or ''. */
  error = '';
  #line = '';
  #sawCr = false;
  #left = 0;
  /** In a size line, in data, or in the CRLF after data. */
  #place: 'size' | 'data' | 'after' = 'size';

  /** Passes the decoded pieces of `chunk` on to `sink`; they are views of it. */
  push(chunk: Buffer, sink: (piece: Buffer) => void): void {
    let at = 0;
    while (at < chunk.length && !this.isDone && this.error === '') {
      if (this.#place === 'data') {
        const end = Math.min(chunk.length, at + this.#left);
        sink(chunk.subarray(at, end));
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) this.#place = 'after';
      } else {
        this.#lineByte(chunk[at]!);
        at++;
      }
    }
  }

  #lineByte(byte: number): void {
    if (this.#sawCr) {
      this.#sawCr = false;
      if (byte !== LF) this.error = 'a CR without LF in the chunked framing';
      else this.#lineEnd();
    } else if (byte === CR) {
      this.#sawCr = true;
    } else if (byte === LF || this.#place === 'after') {
      this.error = 'a chunk is longer than its size, or a line ends in a bare LF';
    } else if (this.#line.length >= CHUNK_LINE_BYTES_MAX) {
      this.error = 'a chunk-size line is too long';
    } else {
      this.#line += String.fromCharCode(byte);
    }
  }

  #lineEnd(): void {
    if (this.#place === 'after') {
      this.#place = 'size';
      return;
    }
    const size = /^([0-9A-Fa-f]{1,7})[ \t]*(?:;.*)?$/.exec(this.#line);
    this.#line = '';
    if (size === null) {
      this.error = 'a chunk size is not a plain hexadecimal number';
      return;
    }
    this.#left = Number.parseInt(size[1]!, 16);
    this.#place = 'data';
    if (this.#left === 0) this.isDone = true;
  }
}
