/**
 * MurmurHash3, the 32-bit variant for x86 (Austin Appleby, public domain): fast, well mixed, and the
 * same in every worker and on every node. Not against an adversary: who knows it can choose keys
 * that meet one server.
 */
const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/**
 * Hash of `bytes[start … end - 1]`, an unsigned 32-bit integer. `seed`: any 32 bits. Called for each
 * request of a pool that hashes; allocates nothing.
 */
export function hashBytes(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  let h = seed | 0;
  let at = start;
  for (const last = end - 3; at < last; at += 4) {
    const block =
      bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    h = addBlock(h, block);
  }
  let tail = 0;
  for (let i = end - 1; i >= at; i--) tail = (tail << 8) | bytes[i]!;
  return finish(h, tail, end - start);
}

/** Hash of a text: that of its bytes in UTF-8. */
export function hashText(text: string, seed = 0): number {
  for (let i = 0; i < text.length; i++) {
    // Slow path: what is not ASCII has other bytes than characters.
    if (text.charCodeAt(i) > 0x7f) {
      const bytes = new TextEncoder().encode(text);
      return hashBytes(bytes, 0, bytes.length, seed);
    }
  }
  let h = seed | 0;
  let at = 0;
  for (const last = text.length - 3; at < last; at += 4) {
    const low = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 8);
    h = addBlock(h, low | (text.charCodeAt(at + 2) << 16) | (text.charCodeAt(at + 3) << 24));
  }
  let tail = 0;
  for (let i = text.length - 1; i >= at; i--) tail = (tail << 8) | text.charCodeAt(i);
  return finish(h, tail, text.length);
}

/** Mixes 32 bits so that each of them depends on all: a bijection. Unsigned. */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function addBlock(h: number, block: number): number {
  const mixed = h ^ scramble(block);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function scramble(block: number): number {
  const k = Math.imul(block, C1);
  return Math.imul((k << 15) | (k >>> 17), C2);
}

function finish(h: number, tail: number, length: number): number {
  // A tail of no bytes, or of zeros, scrambles to 0.
  return mix32(h ^ scramble(tail) ^ length);
}
