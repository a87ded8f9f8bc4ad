import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashBytes, hashText, mix32 } from './hash.ts';

/** Vectors that implementations of MurmurHash3_x86_32 are commonly tested with. */
const TEXTS: readonly (readonly [string, number, number])[] = [
  ['', 0, 0],
  ['', 1, 0x514e28b7],
  ['', 0xffffffff, 0x81f16f39],
  ['\0\0\0\0', 0, 0x2362f9de],
  ['\0\0\0', 0, 0x85f0b427],
  ['\0\0', 0, 0x30f4c306],
  ['\0', 0, 0x514e28b7],
  ['a', 0x9747b28c, 0x7fa09ea6],
  ['aa', 0x9747b28c, 0x5d211726],
  ['aaa', 0x9747b28c, 0x283e0130],
  ['aaaa', 0x9747b28c, 0x5a97808a],
  ['abc', 0, 0xb3dd93fa],
  ['abcd', 0x9747b28c, 0xf0478627],
  ['Hello, world!', 0x9747b28c, 0x24884cba],
  ['ππππππππ', 0x9747b28c, 0xd58063c1],
  ['a'.repeat(256), 0x9747b28c, 0x37405bdc],
  ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', 0, 0xee925b90],
  ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
];

const BYTES: readonly (readonly [readonly number[], number, number])[] = [
  [[0xff, 0xff, 0xff, 0xff], 0, 0x76293b50],
  [[0x21, 0x43, 0x65, 0x87], 0, 0xf55b516b],
  [[0x21, 0x43, 0x65, 0x87], 0x5082edee, 0x2362f9de],
  [[0x21, 0x43, 0x65], 0, 0x7e4a8634],
  [[0x21, 0x43], 0, 0xa0f7b07a],
  [[0x21], 0, 0x72661cf4],
];

describe('hash', () => {
  it('gives what MurmurHash3_x86_32 is known to give', () => {
    for (const [text, seed, expected] of TEXTS) {
      const bytes = new TextEncoder().encode(text);
      assert.equal(hashText(text, seed), expected, text);
      assert.equal(hashBytes(bytes, 0, bytes.length, seed), expected, text);
    }
    for (const [bytes, seed, expected] of BYTES) {
      assert.equal(hashBytes(Uint8Array.from(bytes), 0, bytes.length, seed), expected);
    }
  });

  it('looks at the given range of the bytes alone', () => {
    const bytes = new TextEncoder().encode('xxHello, world!yy');
    assert.equal(hashBytes(bytes, 2, 15, 0x9747b28c), 0x24884cba);
    assert.equal(hashBytes(bytes, 5, 5), 0);
  });

  it('changes about half of the bits of its result with one bit of the text', () => {
    const bytes = new TextEncoder().encode('10.0.0.17:40000');
    const before = hashBytes(bytes, 0, bytes.length);
    let changed = 0;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      const difference = (hashBytes(bytes, 0, bytes.length) ^ before) >>> 0;
      changed += difference.toString(2).replaceAll('0', '').length;
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    const mean = changed / (bytes.length * 8);
    assert.ok(mean > 15 && mean < 17, `${mean} bits`);
  });

  it('mixes neighbouring numbers evenly over 64 places', () => {
    const counts = Array.from({ length: 64 }, () => 0);
    for (let i = 0; i < 640_000; i++) counts[mix32(i) >>> 26]!++;
    for (const n of counts) assert.ok(Math.abs(n - 10_000) < 500, `${n}`);
  });
});
