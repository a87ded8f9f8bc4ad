/**
 * The worker's buffer memory: one map, used by offset.
 *
 *   ┌───────────┬─────────┬────────┬─────────┬──────────────────────────────┐
 *   │ head room │ receive │ gather │ regions │ blocks, a zone for each size │
 *   └───────────┴─────────┴────────┴─────────┴──────────────────────────────┘
 *
 * Everything is in one ArrayBuffer so that a copy is `copyWithin` (20 ns, no view is made) and an
 * address is a sum. Data is received once into the shared receive region and sent on from there;
 * a connection has a block of its own only while something waits: a head that is not complete, an
 * answer that its reader does not take, a request that may have to be sent again.
 */
import { assert } from '../base/errors.ts';
import { mapPrivate, releasePages } from '../sys/shared-memory.ts';

/** Room before the receive region into which an answer's head may grow. */
export const HEAD_ROOM_BYTES = 96 << 10;
/** Bytes of one receive. */
export const RECEIVE_BYTES = 128 << 10;
/** A received block may follow a saved incomplete head. */
const RECEIVE_REGION_BYTES = RECEIVE_BYTES + (96 << 10);
const GATHER_BYTES = 192 << 10;

export const RECEIVE_AT = HEAD_ROOM_BYTES;
export const GATHER_AT = RECEIVE_AT + RECEIVE_REGION_BYTES;
/** Room for regions that a module reserves once, such as the access log's buffer. */
const REGIONS_BYTES = 2 << 20;
const REGIONS_AT = GATHER_AT + GATHER_BYTES;
const BLOCKS_AT = REGIONS_AT + REGIONS_BYTES;

/** Sizes of blocks. The largest holds a whole receive with a grown head. */
const BLOCK_SIZES = [512, 2048, 8192, 32_768, 262_144] as const;
export const BLOCK_BYTES_MAX = 262_144;
/** Address space of each zone. Untouched pages cost nothing. */
const ZONE_BYTES = 384 << 20;
/** Free blocks of a page or more that keep their pages; the pages of further ones are given back. */
const WARM_BLOCKS = 16;
const PAGE_BYTES = 4096;

const memory = mapPrivate(BLOCKS_AT + BLOCK_SIZES.length * ZONE_BYTES);

/** All buffer memory. A Buffer for its fast text writers; the plane uses it by index. */
export const bytes: Buffer = Buffer.from(memory.bytes.buffer);
/** Address of `bytes[0]`. */
export const BASE: number = memory.address;

class Zone {
  readonly size: number;
  readonly start: number;
  next: number;
  readonly end: number;
  readonly free: number[] = [];

  constructor(size: number, start: number) {
    this.size = size;
    this.start = start;
    this.next = start;
    this.end = start + ZONE_BYTES;
  }

  take(): number {
    const reused = this.free.pop();
    if (reused !== undefined) return reused;
    if (this.next + this.size > this.end) return -1;
    const at = this.next;
    this.next += this.size;
    return at;
  }

  give(at: number): void {
    if (this.size >= PAGE_BYTES && this.free.length >= WARM_BLOCKS) {
      releasePages(BASE + at, this.size);
    }
    this.free.push(at);
  }
}

const zones = BLOCK_SIZES.map((size, i) => new Zone(size, BLOCKS_AT + i * ZONE_BYTES));

/** What buffer memory is in use, and how much may be. */
export const bufferUse = { bytes: 0, limitBytes: 256 << 20 };

/** Bytes of one receive while buffer memory runs short: many readers are slow. */
const SHORT_RECEIVE_BYTES = 8 << 10;

/** Bytes to receive at once where what the other side does not take must be kept. */
export function receiveBytes(): number {
  return bufferUse.bytes * 2 > bufferUse.limitBytes ? SHORT_RECEIVE_BYTES : RECEIVE_BYTES;
}

function zoneIndex(size: number): number {
  let index = 0;
  while (BLOCK_SIZES[index]! < size) index++;
  return index;
}

/**
 * Takes a block of at least `size` bytes (≤ BLOCK_BYTES_MAX); returns its offset, or -1 when the
 * limit on buffer memory is reached or `size` is too large.
 */
export function takeBlock(size: number): number {
  if (size > BLOCK_BYTES_MAX) return -1;
  const zone = zones[zoneIndex(size)]!;
  if (bufferUse.bytes + zone.size > bufferUse.limitBytes) return -1;
  const at = zone.take();
  if (at >= 0) bufferUse.bytes += zone.size;
  return at;
}

/** Bytes of the block at `at`. */
export function sizeOfBlock(at: number): number {
  return BLOCK_SIZES[Math.floor((at - BLOCKS_AT) / ZONE_BYTES)]!;
}

/** Gives a block back. */
export function giveBlock(at: number): void {
  const zone = zones[Math.floor((at - BLOCKS_AT) / ZONE_BYTES)]!;
  bufferUse.bytes -= zone.size;
  zone.give(at);
}

let regionsNext = REGIONS_AT;

/** Reserves a region for the life of the worker; returns its offset. */
export function reserveRegion(size: number): number {
  const at = regionsNext;
  regionsNext += size;
  assert(regionsNext <= BLOCKS_AT, 'the regions of buffer memory fit into their room');
  return at;
}

/** Writes the bytes `start` to `end` at `at`; returns the offset after them. */
export function putRun(at: number, start: number, end: number): number {
  bytes.copyWithin(at, start, end);
  return at + (end - start);
}

/** Writes a string of Latin-1 characters (a byte each) at `at`; returns the offset after it. */
export function putText(at: number, text: string): number {
  const { length } = text;
  if (length > 24) return at + bytes.write(text, at, 'latin1');
  for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + length;
}

/** Writes a whole number ≥ 0 in decimal at `at`; returns the offset after it. */
export function putNumber(at: number, value: number): number {
  if (value < 10) {
    bytes[at] = 48 + value;
    return at + 1;
  }
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const quotient = Math.floor(rest / 10);
    bytes[i] = 48 + (rest - quotient * 10);
    rest = quotient;
  }
  return at + digits;
}

/** The bytes `start` to `end` as a string of Latin-1 characters. For slow paths. */
export function textOf(start: number, end: number): string {
  return bytes.toString('latin1', start, end);
}
