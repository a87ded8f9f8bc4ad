import { REASON } from '../base/reasons.ts';
import * as ascii from './ascii.ts';
import * as charClass from './char-class.ts';
import { TRAILER_NAME_MAX, isTrailerForwarded } from './trailer-fields.ts';

// The compiler folds a module's own constants, not imported ones: measured, a sixth of the time.
const { COLON, CR, HTAB, LF, SEMICOLON, SP } = ascii;
const { FIELD_VALUE, HEX_VALUE, TOKEN } = charClass;

/** What a filter puts out. */
export const CHUNKED_MODE = {
  /** Chunks without extensions, and the trailers that may be forwarded. */
  forward: 0,
  /** The payload alone: for a recipient that does not know chunks. */
  dechunk: 1,
  /** Chunks without extensions and without trailers. */
  forwardWithoutTrailers: 2,
} as const;

/**
 * Bytes before `start` that the caller leaves free for each call of `filter`: the start of a
 * trailer's name that was held back may be put there.
 */
export const CHUNKED_HEADROOM = TRAILER_NAME_MAX;

/** Most bytes of chunk extensions in one body, their white space included. */
export const CHUNK_EXTENSION_BYTES_MAX = 4096;
/** Most bytes of the trailer section in one body, and most fields in it. */
export const TRAILER_BYTES_MAX = 8192;
export const TRAILER_FIELDS_MAX = 64;

/** Digits of a chunk size, leading zeros included. */
const SIZE_DIGITS_MAX = 16;

/**
 *        ┌───────────────────────────────────────────────────────────┐
 *        ▼                                                           │
 *      size ──;──► extension ──CR──► sizeLf ──► data ──► dataCr ──► dataLf
 *        └──SP──► space ──;──▲          │ size 0
 *                                       ▼
 *   done ◄── finalLf ◄──CR── trailerStart ──► trailerName ──:──► trailerValue ──CR──► trailerLf
 *                                 ▲                                                       │
 *                                 └───────────────────────────────────────────────────────┘
 */
const STATE = {
  size: 0,
  space: 1,
  extension: 2,
  sizeLf: 3,
  data: 4,
  dataCr: 5,
  dataLf: 6,
  trailerStart: 7,
  trailerName: 8,
  trailerValue: 9,
  trailerLf: 10,
  finalLf: 11,
  done: 12,
} as const;

/**
 * Checks a chunked body (RFC 9112 §7.1) as it passes and closes up in place what is forwarded.
 *
 * Bytes are put out as soon as they are known to be good: digits of a size, data, line ends. Only
 * the name of a trailer is held back until its colon, because the name decides whether the field
 * is forwarded. Where nothing is left out, the output is the input and no byte moves. Put end to
 * end, the outputs of a whole body are a chunked body again however its bytes were split; where a
 * body is refused, what was put out before is the beginning of one, without its end.
 *
 * One object per body in flight, used again after `reset`; its memory does not depend on the body.
 */
export class ChunkedFilter {
  /** One of CHUNKED_MODE. */
  mode: number = CHUNKED_MODE.forward;
  /** Output of the last call: `bytes[outStart..outEnd)`; outStart ≥ start - CHUNKED_HEADROOM. */
  outStart = 0;
  outEnd = 0;
  /** Index just past the body's last byte once it is done, else the `end` of the last call. */
  consumedEnd = 0;
  done = false;
  /** Bytes of payload seen so far. */
  payloadBytes = 0;
  /** REASON id of what is wrong with the body, or 0. After that every call fails. */
  error = 0;
  /** The rest is the filter's own. */
  /** One of STATE. */
  state: number = STATE.size;
  /** Size of the current chunk while its line is read, then what remains of its data. */
  remaining = 0;
  digits = 0;
  extensionBytes = 0;
  trailerBytes = 0;
  trailerFields = 0;
  /** Whether the current byte belongs to the output, and where in this call that began, or -1. */
  keeping = true;
  runStart = -1;
  /** Bytes of a trailer's name in `held`, how many of them came before this call, and its start. */
  heldBytes = 0;
  heldBefore = 0;
  nameStart = 0;
  readonly held = new Uint8Array(TRAILER_NAME_MAX + 1);

  /** Makes the filter ready for a new body. `mode` is one of CHUNKED_MODE. */
  reset(mode: number): void {
    this.mode = mode;
    this.outStart = 0;
    this.outEnd = 0;
    this.consumedEnd = 0;
    this.done = false;
    this.payloadBytes = 0;
    this.error = 0;
    this.state = STATE.size;
    this.remaining = 0;
    this.digits = 0;
    this.extensionBytes = 0;
    this.trailerBytes = 0;
    this.trailerFields = 0;
    this.keeping = mode !== CHUNKED_MODE.dechunk;
    this.runStart = -1;
    this.heldBytes = 0;
    this.heldBefore = 0;
    this.nameStart = 0;
  }

  /** Payload including the rest of the chunk that has begun: refuses a large body early. */
  get announcedBytes(): number {
    return this.state === STATE.data ? this.payloadBytes + this.remaining : this.payloadBytes;
  }

  /**
   * Takes the next bytes of the body, `bytes[start..end)`, and sets `outStart`, `outEnd`,
   * `consumedEnd`, `done`, `payloadBytes` and `error`. Returns 0 while the body goes on, 1 when it
   * is done (what follows `consumedEnd` belongs to the next message), or minus a REASON id:
   * badChunk, chunkExtensionTooLong or badTrailer, with nothing put out.
   *
   * Overwrites parts of `bytes` from `start - CHUNKED_HEADROOM` to `consumedEnd`. Once per read.
   */
  filter(bytes: Uint8Array, start: number, end: number): number {
    this.outStart = start;
    this.outEnd = start;
    this.consumedEnd = this.done ? start : end;
    if (this.error !== 0) return -this.error;
    if (this.done) return 1;
    this.runStart = this.keeping ? start : -1;
    this.heldBefore = this.heldBytes;
    let i = start;
    while (i < end) {
      i = this.state === STATE.data ? takeData(this, bytes, i, end) : step(this, bytes, i, end);
      if (this.error !== 0) {
        this.outStart = start;
        this.outEnd = start;
        return -this.error;
      }
      if (this.done) break;
    }
    this.consumedEnd = i;
    if (this.runStart >= 0) put(this, bytes, this.runStart, i);
    return this.done ? 1 : 0;
  }
}

/** Data of a chunk: the bulk of every body. */
function takeData(filter: ChunkedFilter, bytes: Uint8Array, from: number, end: number): number {
  const room = end - from;
  const size = room < filter.remaining ? room : filter.remaining;
  filter.payloadBytes += size;
  filter.remaining -= size;
  if (filter.remaining === 0) {
    filter.state = STATE.dataCr;
    if (filter.mode === CHUNKED_MODE.dechunk) leaveOut(filter, bytes, from + size);
  }
  return from + size;
}

/** Everything else: takes one byte or a run of them that mean the same. Returns the next index. */
function step(filter: ChunkedFilter, bytes: Uint8Array, from: number, end: number): number {
  const byte = bytes[from]!;
  switch (filter.state) {
    case STATE.size:
      return takeSize(filter, bytes, from, end);
    case STATE.space:
      if (byte !== SEMICOLON && byte !== SP && byte !== HTAB) return fail(filter, REASON.badChunk);
      return takeExtension(filter, bytes, from, byte === SEMICOLON ? end : from + 1);
    case STATE.extension:
      return takeExtension(filter, bytes, from, end);
    case STATE.sizeLf:
      return byte === LF ? endSize(filter, from + 1) : fail(filter, REASON.badChunk);
    case STATE.dataCr:
      if (byte !== CR) return fail(filter, REASON.badChunk);
      filter.state = STATE.dataLf;
      return from + 1;
    case STATE.dataLf:
      if (byte !== LF) return fail(filter, REASON.badChunk);
      filter.state = STATE.size;
      filter.digits = 0;
      return from + 1;
    case STATE.trailerStart:
      return startTrailer(filter, bytes, from);
    case STATE.trailerName:
      return takeTrailerName(filter, bytes, from, end);
    case STATE.trailerValue:
      return takeTrailerValue(filter, bytes, from, end);
    case STATE.trailerLf:
      if (byte !== LF) return fail(filter, REASON.badTrailer);
      filter.state = STATE.trailerStart;
      return from + 1;
    default: // STATE.finalLf
      if (byte !== LF) return fail(filter, REASON.badTrailer);
      filter.state = STATE.done;
      filter.done = true;
      return from + 1;
  }
}

function takeSize(filter: ChunkedFilter, bytes: Uint8Array, from: number, end: number): number {
  let i = from;
  for (; i < end; i++) {
    const digit = HEX_VALUE[bytes[i]!]!;
    if (digit > 15) break;
    const size = filter.remaining * 16 + digit;
    if (filter.digits === SIZE_DIGITS_MAX || size > Number.MAX_SAFE_INTEGER) {
      return fail(filter, REASON.badChunk);
    }
    filter.remaining = size;
    filter.digits++;
  }
  if (i === end) return i;
  if (filter.digits === 0) return fail(filter, REASON.badChunk);
  const byte = bytes[i]!;
  if (byte === CR) {
    filter.state = STATE.sizeLf;
    return i + 1;
  }
  // Slow path: an extension, or white space before one.
  if (byte !== SEMICOLON && byte !== SP && byte !== HTAB) return fail(filter, REASON.badChunk);
  leaveOut(filter, bytes, i);
  filter.state = STATE.space;
  return i;
}

/** White space (up to `end`, one byte) and, from the semicolon on, the extensions themselves. */
function takeExtension(
  filter: ChunkedFilter,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  if (bytes[from] === SEMICOLON) filter.state = STATE.extension;
  let i = from;
  for (; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === CR) {
      if (filter.mode !== CHUNKED_MODE.dechunk) keep(filter, i);
      filter.state = STATE.sizeLf;
      return i + 1;
    }
    if (FIELD_VALUE[byte] === 0) return fail(filter, REASON.badChunk);
    if (++filter.extensionBytes > CHUNK_EXTENSION_BYTES_MAX) {
      return fail(filter, REASON.chunkExtensionTooLong);
    }
  }
  return i;
}

/** The size line has ended; `i` is the index just past it. */
function endSize(filter: ChunkedFilter, i: number): number {
  if (filter.remaining === 0) {
    filter.state = STATE.trailerStart;
    return i;
  }
  if (filter.payloadBytes + filter.remaining > Number.MAX_SAFE_INTEGER) {
    return fail(filter, REASON.badChunk);
  }
  filter.state = STATE.data;
  if (filter.mode === CHUNKED_MODE.dechunk) keep(filter, i);
  return i;
}

function startTrailer(filter: ChunkedFilter, bytes: Uint8Array, i: number): number {
  if (bytes[i] === CR) {
    if (filter.mode !== CHUNKED_MODE.dechunk) keep(filter, i);
    filter.state = STATE.finalLf;
    return i + 1;
  }
  if (++filter.trailerFields > TRAILER_FIELDS_MAX) return fail(filter, REASON.badTrailer);
  leaveOut(filter, bytes, i);
  filter.state = STATE.trailerName;
  filter.heldBytes = 0;
  filter.heldBefore = 0;
  filter.nameStart = i;
  return i;
}

function takeTrailerName(
  filter: ChunkedFilter,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const held = filter.held;
  let i = from;
  for (; i < end; i++) {
    const byte = bytes[i]!;
    if (TOKEN[byte] === 0) break;
    if (++filter.trailerBytes > TRAILER_BYTES_MAX) return fail(filter, REASON.badTrailer);
    if (filter.heldBytes < held.length) held[filter.heldBytes++] = byte;
  }
  if (i === end) return i;
  if (bytes[i] !== COLON || filter.heldBytes === 0) return fail(filter, REASON.badTrailer);
  filter.state = STATE.trailerValue;
  if (filter.mode === CHUNKED_MODE.forward && isTrailerForwarded(held, 0, filter.heldBytes)) {
    if (filter.heldBefore === 0) {
      keep(filter, filter.nameStart);
    } else {
      // The name began in an earlier call: it is the first output of this one.
      const start = filter.outStart;
      filter.outStart = start - filter.heldBefore;
      for (let k = 0; k < filter.heldBefore; k++) bytes[filter.outStart + k] = held[k]!;
      keep(filter, start);
    }
  }
  return i + 1;
}

function takeTrailerValue(
  filter: ChunkedFilter,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  let i = from;
  for (; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === CR) {
      filter.state = STATE.trailerLf;
      return i + 1;
    }
    if (FIELD_VALUE[byte] === 0 || ++filter.trailerBytes > TRAILER_BYTES_MAX) {
      return fail(filter, REASON.badTrailer);
    }
  }
  return i;
}

function fail(filter: ChunkedFilter, reason: number): number {
  filter.error = reason;
  return 0;
}

/** The bytes from `i` on belong to the output. */
function keep(filter: ChunkedFilter, i: number): void {
  if (filter.keeping) return;
  filter.keeping = true;
  filter.runStart = i;
}

/** The bytes from `i` on do not belong to the output; those before it are put out. */
function leaveOut(filter: ChunkedFilter, bytes: Uint8Array, i: number): void {
  if (!filter.keeping) return;
  filter.keeping = false;
  put(filter, bytes, filter.runStart, i);
  filter.runStart = -1;
}

/** Joins `bytes[from..to)` to the output; moves it only where something before it was left out. */
function put(filter: ChunkedFilter, bytes: Uint8Array, from: number, to: number): void {
  if (filter.outStart === filter.outEnd) {
    filter.outStart = from;
    filter.outEnd = to;
    return;
  }
  if (filter.outEnd !== from) bytes.copyWithin(filter.outEnd, from, to);
  filter.outEnd += to - from;
}
