/**
 * Two memory BIOs that all TLS connections of a worker share: what they read from and write to. A
 * worker has one thread, and between two calls of OpenSSL neither holds anything, so that one pair is
 * enough: a connection needs no buffers of its own while nothing waits.
 *
 * Both lie over memory of ours. Records are received into it, and OpenSSL writes records into it, so
 * that they need not be copied out: what is pointed at is set by writing BUF_MEM, which costs less
 * than a call.
 *
 *   BIO ── ptr ──▶ BIO_BUF_MEM { BUF_MEM *buf; BUF_MEM *readp; }
 *                  BUF_MEM { size_t length; char *data; size_t max; unsigned long flags; }
 *
 * Must match crypto/bio/bss_mem.c and <openssl/buffer.h> of OpenSSL 3; `checkLayout` shows it.
 */
import { BallastError } from '../../base/errors.ts';
import { viewMemory } from '../libc.ts';
import {
  BIO_ctrl,
  BIO_get_data,
  BIO_new,
  BIO_new_mem_buf,
  BIO_read,
  BIO_s_mem,
  BIO_up_ref,
  BIO_write,
} from './openssl.ts';
import { SSL_set_bio } from './openssl.ts';

const BIO_C_SET_BUF_MEM_EOF_RETURN = 130;
const BUF_MEM_BYTES = 32;
/** Places in a BUF_MEM, counted in uint32: each field is 64 bits. */
const LENGTH = 0;
const DATA = 2;
const MAX = 4;
const HIGH = 2 ** 32;

/** A run of memory: its address and its size in bytes. */
export type MemoryRun = { readonly address: number; readonly bytes: number };

function words(address: number): Uint32Array {
  return new Uint32Array(viewMemory(address, BUF_MEM_BYTES));
}

function pointers(bio: number): [number, number] {
  const view = new BigUint64Array(viewMemory(BIO_get_data(bio), 16));
  return [Number(view[0]!), Number(view[1]!)];
}

function setNumber(view: Uint32Array, at: number, value: number): void {
  view[at] = value >>> 0;
  view[at + 1] = Math.floor(value / HIGH);
}

function numberAt(view: Uint32Array, at: number): number {
  return view[at]! + view[at + 1]! * HIGH;
}

export class RecordBios {
  readonly #input: number;
  readonly #output: number;
  readonly #inputWords: Uint32Array;
  readonly #outputWords: Uint32Array;
  readonly #outputReadWords: Uint32Array;
  readonly #out: MemoryRun;

  /**
   * `out`: memory for records that OpenSSL writes; no call may write more before `clearOutput`.
   * Throws BAL_TLS_LIBRARY where the library is laid out otherwise.
   */
  constructor(out: MemoryRun) {
    this.#out = out;
    this.#input = BIO_new_mem_buf(out.address, 1);
    // At its end it has nothing more for now, rather than nothing more for ever.
    BIO_ctrl(this.#input, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, 0);
    this.#output = BIO_new(BIO_s_mem());
    this.#inputWords = words(pointers(this.#input)[0]);
    const [buffer, reader] = pointers(this.#output);
    this.#outputWords = words(buffer);
    this.#outputReadWords = words(reader);
    for (const view of [this.#outputWords, this.#outputReadWords]) {
      setNumber(view, LENGTH, 0);
      setNumber(view, DATA, out.address);
      setNumber(view, MAX, out.bytes);
    }
    this.#checkLayout();
  }

  /** Gives both to a connection, which reads and writes through them from then on. */
  attach(ssl: number): void {
    BIO_up_ref(this.#input);
    BIO_up_ref(this.#output);
    SSL_set_bio(ssl, this.#input, this.#output);
  }

  /** What the next call of OpenSSL reads: `length` bytes of records at `address`. */
  setInput(address: number, length: number): void {
    const view = this.#inputWords;
    setNumber(view, DATA, address);
    view[LENGTH] = length;
    view[MAX] = length;
    view[MAX + 1] = 0;
  }

  /** Bytes of the input that were not read yet: its last ones. */
  get inputLeft(): number {
    return this.#inputWords[LENGTH]!;
  }

  /** Bytes of records that wait to be sent, at the address of the output memory. */
  get outputLength(): number {
    return this.#outputWords[LENGTH]!;
  }

  /** What was in the output is sent, or kept elsewhere. */
  clearOutput(): void {
    this.#outputWords[LENGTH] = 0;
    this.#outputReadWords[LENGTH] = 0;
  }

  /** Writes through one and reads through the other by calls, and compares with what is seen. */
  #checkLayout(): void {
    const { address } = this.#out;
    const bytes = new Uint8Array(viewMemory(address, 8));
    bytes.fill(0);
    const sample = new Uint8Array([5, 6, 7, 8]);
    bytes.set(sample, 4);
    const written = BIO_write(this.#output, address + 4, 4);
    const isOut =
      written === 4 &&
      this.outputLength === 4 &&
      numberAt(this.#outputWords, DATA) === address &&
      sample.every((byte, i) => bytes[i] === byte);
    this.clearOutput();
    this.setInput(address, 4);
    const isIn =
      BIO_read(this.#input, address + 4, 3) === 3 && this.inputLeft === 1 && bytes[6] === 7;
    this.setInput(address, 0);
    if (isOut && isIn && BIO_read(this.#input, address, 1) === -1) return;
    throw new BallastError(
      'BAL_TLS_LIBRARY',
      'cannot use the OpenSSL of this Node for TLS: its memory BIOs are laid out differently',
      { hint: 'run Ballast on the Node that it is pinned to (make install)' },
    );
  }
}
