import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { parseIp } from '../ip-address.ts';
import { decodeTrailer, encodeTrailer, isLater, isSignedBy, sequenceAt } from './auth-hmac.ts';
import { TRAILER_BYTES, type Hmac, type SignedFrom } from './auth-hmac.ts';

const hmac: Hmac = (key, bytes) => createHmac('sha256', key).update(bytes).digest();
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
const SEQUENCE = (1_750_000_000n << 32n) | 0x8000_0003n;
const V4: SignedFrom = { family: 'ipv4', source: parseIp('10.0.0.2')! };
const V6: SignedFrom = { family: 'ipv6', source: parseIp('fe80::1')! };
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

// Made by Python's hmac from the layout in the file's head.
const CASES: readonly [advert: Uint8Array, from: SignedFrom, trailer: string][] = [
  [
    bytes('313396020002abcd0a0000640a000065'),
    V4,
    '01070000684ee180800000030bf147c4976bcbedc7e6e88e3b48b7f6',
  ],
  [
    bytes('3133960100020000fe800000000000000000000000000100'),
    V6,
    '01070000684ee1808000000355163ca2524ff2dff0c73797036dd24b',
  ],
];

test('auth-hmac: trailers are those of another implementation of the layout', () => {
  for (const [advert, from, hex] of CASES) {
    const trailer = encodeTrailer(advert, { keyId: 7, sequence: SEQUENCE }, from, {
      key: KEY,
      hmac,
    });
    assert.equal(Buffer.from(trailer).toString('hex'), hex);
    assert.deepEqual(decodeTrailer(trailer), { keyId: 7, sequence: SEQUENCE });
    assert.ok(isSignedBy(advert, trailer, from, { key: KEY, hmac }));
  }
});

test('auth-hmac: one changed bit, another source or another key is noticed', () => {
  for (const [advert, from, hex] of CASES) {
    const trailer = bytes(hex);
    for (let bit = 0; bit < advert.length * 8; bit++) {
      const changed = advert.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      // The lower half of the first byte is its type; the checksum is not signed.
      const isUnsigned = bit >> 3 === 6 || bit >> 3 === 7;
      assert.equal(
        isSignedBy(changed, trailer, from, { key: KEY, hmac }),
        isUnsigned,
        `bit ${bit}`,
      );
    }
    for (let bit = 0; bit < TRAILER_BYTES * 8; bit++) {
      const changed = trailer.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      assert.ok(!isSignedBy(advert, changed, from, { key: KEY, hmac }), `trailer bit ${bit}`);
    }
    const other = { ...from, source: from.source.map((byte) => byte ^ 1) };
    assert.ok(!isSignedBy(advert, trailer, other, { key: KEY, hmac }));
    assert.ok(!isSignedBy(advert, trailer, from, { key: KEY.slice().fill(1), hmac }));
  }
});

test('auth-hmac: what is no trailer is none', () => {
  const good = bytes(CASES[0]![2]);
  for (let length = 0; length < TRAILER_BYTES; length++) {
    assert.equal(decodeTrailer(good.subarray(0, length)), null);
  }
  for (const [at, value] of [
    [0, 2],
    [2, 1],
    [3, 1],
  ] as const) {
    const bad = good.slice();
    bad[at] = value;
    assert.equal(decodeTrailer(bad), null);
  }
});

test('auth-hmac: sequence numbers follow time, and go on past their end', () => {
  assert.equal(sequenceAt(1_750_000_000_500), (1_750_000_000n << 32n) | 0x8000_0000n);
  assert.ok(isLater(sequenceAt(2_000), sequenceAt(1_999)));
  assert.ok(!isLater(5n, 5n));
  assert.ok(isLater(3n, 0xffff_ffff_ffff_fffen));
  assert.ok(!isLater(0xffff_ffff_ffff_fffen, 3n));
});
