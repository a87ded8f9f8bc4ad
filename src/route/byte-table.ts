/**
 * A table from byte strings to numbers, built once and then only read: open addressing over one
 * Int32Array, so that a look-up makes no string and follows no pointer.
 *
 * A key is a scope (a number) and a text. The caller feeds the text's bytes through `hashByte` in an
 * order of its own choice, so that the hash of every segment border or label border falls out of one
 * pass over a path or a host. All keys come from a configuration, never from a client, so the hash
 * needs no secret: a client can choose what to look up, but not what collides in the table.
 */
export const HASH_START = 0x811c9dc5 | 0;

/** FNV-1a: the hash of a text with one more byte. */
export function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

/** Key and value of one entry; `hash` as described above. `value` is 0 or more. */
export type ByteTableEntry = {
  readonly scope: number;
  readonly hash: number;
  readonly text: Uint8Array;
  readonly value: number;
};

/** Numbers per slot: mixed hash, scope, text start, text length, value + 1 (0 is empty). */
const STRIDE = 8;

/** See the head of the file. */
export class ByteTable {
  private readonly slots: Int32Array;
  private readonly mask: number;
  private readonly texts: Uint8Array;

  /** `entries`: no two with the same scope and text. */
  constructor(entries: readonly ByteTableEntry[]) {
    let capacity = 8;
    while (capacity * 2 < entries.length * 3) capacity *= 2;
    let textBytes = 0;
    for (const entry of entries) textBytes += entry.text.length;
    this.mask = capacity - 1;
    this.slots = new Int32Array(capacity * STRIDE);
    this.texts = new Uint8Array(textBytes);
    let textEnd = 0;
    for (const entry of entries) {
      this.texts.set(entry.text, textEnd);
      this.insert(entry, textEnd);
      textEnd += entry.text.length;
    }
  }

  /** The value of the key `scope`, `bytes[start … end - 1]`, whose hash is `hash`; else -1. */
  // oxlint-disable-next-line max-params -- several calls per request: an object would be allocated.
  find(scope: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const { slots, mask } = this;
    const mixed = mix(scope, hash);
    for (let place = mixed & mask; ; place = (place + 1) & mask) {
      const at = place * STRIDE;
      const value = slots[at + 4]!;
      if (value === 0) return -1;
      if (slots[at]! !== mixed || slots[at + 1]! !== scope) continue;
      if (slots[at + 3]! !== end - start) continue;
      if (this.hasText(slots[at + 2]!, bytes, start, end)) return value - 1;
    }
  }

  private hasText(textStart: number, bytes: Uint8Array, start: number, end: number): boolean {
    const { texts } = this;
    for (let i = start, t = textStart; i < end; i++, t++) {
      if (texts[t]! !== bytes[i]!) return false;
    }
    return true;
  }

  private insert(entry: ByteTableEntry, textStart: number): void {
    const { slots, mask } = this;
    const mixed = mix(entry.scope, entry.hash);
    let place = mixed & mask;
    while (slots[place * STRIDE + 4]! !== 0) place = (place + 1) & mask;
    const at = place * STRIDE;
    slots[at] = mixed;
    slots[at + 1] = entry.scope;
    slots[at + 2] = textStart;
    slots[at + 3] = entry.text.length;
    slots[at + 4] = entry.value + 1;
  }
}

function mix(scope: number, hash: number): number {
  let mixed = Math.imul(hash ^ Math.imul(scope, 0x9e3779b1), 0x85ebca6b);
  mixed ^= mixed >>> 15;
  return Math.imul(mixed, 0xc2b2ae35) ^ (mixed >>> 13);
}
