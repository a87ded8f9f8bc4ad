import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIp } from '../ip-address.ts';
import type { Advert, AdvertCarrier } from './advert.ts';
import { decodeAdvert } from './decode.ts';
import { encodeAdvert } from './encode.ts';

const ip = (text: string): Uint8Array => parseIp(text)!;
const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

const V4: AdvertCarrier = { family: 'ipv4', source: ip('10.0.0.2'), destination: ip('224.0.0.18') };
const V6: AdvertCarrier = { family: 'ipv6', source: ip('fe80::1'), destination: ip('ff02::12') };

const ADVERT: Advert = {
  version: 3,
  vrid: 51,
  priority: 150,
  intervalMs: 20,
  addresses: [ip('10.0.0.100'), ip('10.0.0.101')],
};

const ADVERT6: Advert = { ...ADVERT, addresses: [ip('fe80::100'), ip('fd00::100')] };

test('encodeAdvert, decodeAdvert: what goes in comes out, in each form', () => {
  for (const [advert, carrier, form, seen] of [
    [ADVERT, V4, 'compat', 'pseudo'],
    [ADVERT, V4, 'rfc9568', 'plain'],
    [ADVERT6, V6, 'compat', 'pseudo'],
    [ADVERT6, V6, 'rfc9568', 'pseudo'],
    [{ ...ADVERT, version: 2, intervalMs: 3_000 }, V4, 'compat', 'plain'],
    [{ ...ADVERT, intervalMs: 40_950, priority: 0, vrid: 255 }, V4, 'compat', 'pseudo'],
  ] as const) {
    const message = encodeAdvert(advert, carrier, form);
    assert.deepEqual(decodeAdvert(message, carrier), {
      advert,
      checksum: seen,
      length: message.length,
    });
  }
});

test('decodeAdvert refuses every truncation, and tolerates padding (RFC 9568 §7.1)', () => {
  for (const [advert, carrier] of [
    [ADVERT, V4],
    [ADVERT6, V6],
    [{ ...ADVERT, version: 2, intervalMs: 1_000 }, V4],
  ] as const) {
    const message = encodeAdvert(advert, carrier);
    for (let length = 0; length < message.length; length++) {
      assert.equal(decodeAdvert(message.subarray(0, length), carrier), 'truncated');
    }
    const padded = new Uint8Array(message.length + 18);
    padded.set(message);
    const decoded = decodeAdvert(padded, carrier);
    assert.ok(typeof decoded === 'object');
    assert.deepEqual(decoded.advert, advert);
  }
});

test('decodeAdvert names what is wrong', () => {
  const change = (at: number, value: number, carrier = V4, advert = ADVERT): unknown => {
    const message = encodeAdvert(advert, carrier);
    message[at] = value;
    return decodeAdvert(message, carrier);
  };
  assert.equal(change(0, 0x41), 'version');
  assert.equal(change(0, 0x11), 'version');
  assert.equal(change(0, 0x32), 'type');
  assert.equal(change(0, 0x21, V6, ADVERT6), 'family');
  assert.equal(change(1, 0), 'vrid-zero');
  assert.equal(change(3, 0), 'count-zero');
  assert.equal(change(5, 0), 'interval-zero');
  assert.equal(change(2, 151), 'checksum');
  assert.equal(change(2, 151, V6, ADVERT6), 'checksum');
  const two: Advert = { ...ADVERT, version: 2, intervalMs: 1_000 };
  assert.equal(change(4, 1, V4, two), 'auth-type');
  assert.equal(change(5, 0, V4, two), 'interval-zero');
  assert.equal(change(2, 151, V4, two), 'checksum');
});

test('decodeAdvert finds every changed bit', () => {
  const message = encodeAdvert(ADVERT, V4);
  for (let bit = 0; bit < message.length * 8; bit++) {
    const broken = Uint8Array.from(message);
    broken[bit >> 3]! ^= 1 << (bit & 7);
    const decoded = decodeAdvert(broken, V4);
    assert.equal(typeof decoded, 'string', `bit ${bit}`);
  }
});

test('decodeAdvert takes the checksum of keepalived before 1.3.7 to one host', () => {
  const message = encodeAdvert(ADVERT, V4);
  const decoded = decodeAdvert(message, { ...V4, destination: ip('10.0.0.3') });
  assert.ok(typeof decoded === 'object');
  assert.equal(decoded.checksum, 'pseudo-group');
});

test('encodeAdvert: the bytes of RFC 9568 §5.2', () => {
  const message = encodeAdvert({ ...ADVERT, addresses: [ip('10.0.0.100')] }, V4, 'rfc9568');
  assert.deepEqual(message, bytes('31 33 96 01 00 02 2e 65 0a 00 00 64'));
});
