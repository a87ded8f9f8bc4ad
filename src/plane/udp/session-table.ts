/**
 * Sessions by the addresses of their datagrams: open addressing with linear probing, no allocation
 * per datagram, nothing left behind by what is taken out.
 *
 *   key    12 words: the client's socket address (7), the address of ours that it sent to (5)
 *   slots  hash and place of the session, side by side; place 0 is an empty slot
 *
 * Source addresses can be forged, and so chosen to collide. The hash is therefore a sum of random
 * words by byte (tabulation hashing): which keys meet depends on words that only this process knows.
 */
import type { UdpSession } from './udp-session.ts';

/** Words of a key. */
export const KEY_WORDS = 12;

/** Slots of a table that holds nothing yet. A power of two. */
const SLOTS_MIN = 256;
const AF_INET = 2;
/** In a key: the address of an IPv4 client, that of an IPv6 one, and ours. */
const IPV4_WORD = 1;
const IPV6_WORD = 2;
const LOCAL_WORD = 7;
const IP_WORDS = 4;
/** Bytes of a key that are hashed at most: a port and two addresses. */
const HASHED_BYTES = 2 + 16 + 16;

const random = new Int32Array(HASHED_BYTES * 256);
for (let at = 0; at < random.length; at += 8192) {
  crypto.getRandomValues(random.subarray(at, at + 8192));
}

/** The hash of a key, a number of 32 bits. */
export function hashOfKey(key: Int32Array): number {
  const first = key[0]!;
  let hash = random[(first >>> 16) & 255]! ^ random[256 + (first >>> 24)]!;
  if ((first & 0xffff) === AF_INET) {
    hash ^= hashWord(key[IPV4_WORD]!, 512);
    const local = key[LOCAL_WORD]!;
    return local === 0 ? hash : hash ^ hashWord(local, 512 + 1024 * IP_WORDS);
  }
  for (let i = 0; i < IP_WORDS; i++) {
    hash ^= hashWord(key[IPV6_WORD + i]!, 512 + 1024 * i);
    hash ^= hashWord(key[LOCAL_WORD + i]!, 512 + 1024 * (IP_WORDS + i));
  }
  return hash;
}

function hashWord(word: number, base: number): number {
  return (
    random[base + (word & 255)]! ^
    random[base + 256 + ((word >>> 8) & 255)]! ^
    random[base + 512 + ((word >>> 16) & 255)]! ^
    random[base + 768 + (word >>> 24)]!
  );
}

function isSame(a: Int32Array, b: Int32Array): boolean {
  for (let i = 0; i < KEY_WORDS; i++) if (a[i] !== b[i]) return false;
  return true;
}

export class SessionTable {
  /** Sessions in it. */
  count = 0;
  #slots = new Int32Array(SLOTS_MIN * 2);
  #mask = SLOTS_MIN - 1;
  /** By place - 1. */
  #sessions: (UdpSession | null)[] = [];
  #free: number[] = [];

  /** The session with a key whose hash is `hash`, or null. */
  find(key: Int32Array, hash: number): UdpSession | null {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const place = slots[i * 2 + 1]!;
      if (place === 0) return null;
      if (slots[i * 2] !== hash) continue;
      const session = this.#sessions[place - 1]!;
      if (isSame(session.key, key)) return session;
    }
  }

  /** Adds a session under its key, which must not be there, and its hash. */
  add(session: UdpSession): void {
    if ((this.count + 1) * 2 > this.#mask) this.#grow();
    const place = this.#free.pop() ?? this.#sessions.length + 1;
    this.#sessions[place - 1] = session;
    this.count++;
    put(this.#slots, this.#mask, session.hash, place);
  }

  /** Takes a session out that is there. */
  remove(session: UdpSession): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let hole = session.hash & mask;
    for (;;) {
      const place = slots[hole * 2 + 1]!;
      if (this.#sessions[place - 1] === session) {
        this.#sessions[place - 1] = null;
        this.#free.push(place);
        break;
      }
      hole = (hole + 1) & mask;
    }
    this.count--;
    // What stands behind the hole moves up, unless it would get in front of where it belongs.
    for (let i = (hole + 1) & mask; slots[i * 2 + 1] !== 0; i = (i + 1) & mask) {
      const home = slots[i * 2]! & mask;
      if (((i - home) & mask) < ((i - hole) & mask)) continue;
      slots[hole * 2] = slots[i * 2]!;
      slots[hole * 2 + 1] = slots[i * 2 + 1]!;
      hole = i;
    }
    slots[hole * 2 + 1] = 0;
    if (this.count === 0) this.#shrink();
  }

  #grow(): void {
    const before = this.#slots;
    this.#mask = this.#mask * 2 + 1;
    this.#slots = new Int32Array((this.#mask + 1) * 2);
    for (let i = 0; i < before.length; i += 2) {
      if (before[i + 1] !== 0) put(this.#slots, this.#mask, before[i]!, before[i + 1]!);
    }
  }

  /** After a flood its memory is given back. */
  #shrink(): void {
    if (this.#mask + 1 === SLOTS_MIN) return;
    this.#mask = SLOTS_MIN - 1;
    this.#slots = new Int32Array(SLOTS_MIN * 2);
    this.#sessions = [];
    this.#free = [];
  }
}

function put(slots: Int32Array, mask: number, hash: number, place: number): void {
  let i = hash & mask;
  while (slots[i * 2 + 1] !== 0) i = (i + 1) & mask;
  slots[i * 2] = hash;
  slots[i * 2 + 1] = place;
}
