import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readHealthAnswer, writeHealthRequest } from './grpc-health.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('writeHealthRequest leaves the empty name out, and counts bytes of UTF-8', () => {
  assert.deepEqual(Buffer.from(writeHealthRequest('')), hex('00 00000000'));
  assert.deepEqual(Buffer.from(writeHealthRequest('ab')), hex('00 00000004 0a02 6162'));
  assert.deepEqual(Buffer.from(writeHealthRequest('ü')), hex('00 00000004 0a02 c3bc'));
  const long = writeHealthRequest('x'.repeat(300));
  assert.deepEqual(Buffer.from(long.subarray(0, 8)), hex('00 0000012f 0aac02'));
  assert.equal(long.length, 5 + 3 + 300);
});

const GOOD: readonly (readonly [string, string])[] = [
  ['00 00000002 0801', 'SERVING'],
  ['00 00000002 0802', 'NOT_SERVING'],
  ['00 00000002 0803', 'SERVICE_UNKNOWN'],
  ['00 00000002 0800', 'UNKNOWN'],
  // The default is left out.
  ['00 00000000', 'UNKNOWN'],
  ['00 00000002 0809', 'UNKNOWN'],
  // A negative enum has ten bytes.
  ['00 0000000b 08ffffffffffffffffff01', 'UNKNOWN'],
  // Unknown fields of every type, before and after; the last of one field counts.
  ['00 0000000b 1205 68656c6c6f 0802 0801', 'SERVING'],
  ['00 0000000b 11 0102030405060708 0801', 'SERVING'],
  ['00 00000007 15 01020304 0801', 'SERVING'],
];

test('readHealthAnswer reads the status and passes over fields that it does not know', () => {
  for (const [bytes, status] of GOOD) {
    assert.deepEqual(readHealthAnswer(hex(bytes)), { ok: true, status }, bytes);
  }
});

const BAD: readonly (readonly [string, RegExp])[] = [
  ['', /no message/],
  ['00 000000', /no message/],
  ['01 00000002 0801', /compressed/],
  ['00 00000003 0801', /length/],
  ['00 00000001 0801', /length/],
  ['00 00000002 0801 00 00000002 0801', /length/],
  ['00 00000001 08', /protobuf/],
  ['00 00000002 0880', /protobuf/],
  ['00 0000000c 08ffffffffffffffffffff01', /protobuf/],
  // Field 0, a group, a text that is longer than the message.
  ['00 00000002 0001', /protobuf/],
  ['00 00000002 0b0c', /protobuf/],
  ['00 00000003 12ff01', /protobuf/],
  ['00 00000002 15ff', /protobuf/],
];

test('readHealthAnswer refuses what is no answer', () => {
  for (const [bytes, why] of BAD) {
    const answer = readHealthAnswer(hex(bytes));
    assert.equal(answer.ok, false, bytes);
    assert.match((answer as { fault: string }).fault, why);
  }
});

test('readHealthAnswer ends with an answer for any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (body) => {
      const bytes = Buffer.alloc(5 + body.length);
      bytes.writeUInt32BE(body.length, 1);
      bytes.set(body, 5);
      readHealthAnswer(bytes);
      readHealthAnswer(body);
    }),
  );
});
