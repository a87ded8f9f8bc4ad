const START_BYTES = 1024;

/**
 * Bytes of a server that were read and not yet used up, at most `bytesMax`. It grows by doubling,
 * so that a server that sends byte by byte costs no more than one that sends at once.
 */
export class ByteStore {
  readonly #bytesMax: number;
  #buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What is there; a view that holds until the next call. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  get isFull(): boolean {
    return this.#end - this.#start === this.#bytesMax;
  }

  /** Takes as much of `chunk` as there is room for and returns how many bytes those are. */
  append(chunk: Buffer): number {
    const size = this.#end - this.#start;
    const taken = Math.min(chunk.length, this.#bytesMax - size);
    this.#makeRoom(size, taken);
    chunk.copy(this.#buffer, this.#end, 0, taken);
    this.#end += taken;
    return taken;
  }

  /** The first `count` bytes are used up. */
  consume(count: number): void {
    this.#start += count;
  }

  #makeRoom(size: number, more: number): void {
    if (this.#end + more <= this.#buffer.length) return;
    let length = Math.max(START_BYTES, this.#buffer.length);
    while (length < size + more) length *= 2;
    const next = Buffer.allocUnsafe(Math.min(length, this.#bytesMax));
    this.#buffer.copy(next, 0, this.#start, this.#end);
    this.#buffer = next;
    this.#start = 0;
    this.#end = size;
  }
}
