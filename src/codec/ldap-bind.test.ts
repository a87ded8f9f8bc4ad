import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LDAP_MESSAGE_BYTES_MAX, encodeBind, encodeUnbind, readBindAnswer } from './ldap-bind.ts';

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('encodeBind writes an anonymous bind (RFC 4511 §4.2)', () => {
  assert.equal(hexOf(encodeBind('', '')), '300c020101600702010304008000');
});

test('encodeBind writes a name and a password', () => {
  const wanted = '30 16 02 01 01 60 11 02 01 03 04 06 63 6e 3d c3 bc 78 80 04 70 61 73 73';
  assert.equal(hexOf(encodeBind('cn=üx', 'pass')), hexOf(bytesOf(wanted)));
});

test('encodeBind writes long names with a length of two bytes', () => {
  const bytes = encodeBind('x'.repeat(300), '');
  assert.equal(
    hexOf(bytes.subarray(0, 4)),
    `3082${(bytes.length - 4).toString(16).padStart(4, '0')}`,
  );
  assert.equal(hexOf(bytes.subarray(14, 18)), '0482012c');
});

test('encodeUnbind writes the end of a session (RFC 4511 §4.3)', () => {
  assert.equal(hexOf(encodeUnbind()), '30050201024200');
});

/** What OpenLDAP answers to a good bind. */
const SUCCESS = '30 0c 02 01 01 61 07 0a 01 00 04 00 04 00';
/** What Active Directory answers: lengths of four bytes. */
const WIDE = '30 84 00 00 00 10 02 01 01 61 84 00 00 00 07 0a 01 00 04 00 04 00';
/** invalidCredentials with a text and an unknown element behind it. */
const INVALID = '30 11 02 01 01 61 0c 0a 01 31 04 00 04 02 6e 6f 87 01 ff';
/** Notice of Disconnection: unavailable, with its object identifier. */
const NOTICE_OID = hexOf(Buffer.from('1.3.6.1.4.1.1466.20036'));
const NOTICE = `30 24 02 01 00 78 1f 0a 01 34 04 00 04 00 8a 16 ${NOTICE_OID}`;

const GOOD: readonly (readonly [string, string, object])[] = [
  ['success', SUCCESS, { kind: 'answer', code: 0, diagnostic: '' }],
  ['lengths with leading zeros', WIDE, { kind: 'answer', code: 0, diagnostic: '' }],
  ['a refusal', INVALID, { kind: 'answer', code: 49, diagnostic: 'no' }],
  ['a notice of disconnection', NOTICE, { kind: 'disconnect', code: 52, diagnostic: '' }],
];

for (const [name, hex, answer] of GOOD) {
  test(`readBindAnswer reads ${name}, and asks for more at every cut`, () => {
    const bytes = bytesOf(hex);
    assert.deepEqual(readBindAnswer(bytes), answer);
    for (let size = 0; size < bytes.length; size++) {
      assert.deepEqual(readBindAnswer(bytes.subarray(0, size)), { kind: 'more' }, `${size} bytes`);
    }
  });
}

const BAD: readonly (readonly [string, string])[] = [
  ['text', hexOf(Buffer.from('HTTP/1.1 400'))],
  ['an indefinite length', '30 80 02 01 01'],
  ['a length of five bytes', '30 85 00 00 00 00 0c'],
  ['another message id', '30 0c 02 01 02 61 07 0a 01 00 04 00 04 00'],
  ['a negative message id', '30 0c 02 01 ff 61 07 0a 01 00 04 00 04 00'],
  ['an empty message id', '30 0b 02 00 61 07 0a 01 00 04 00 04 00'],
  ['another operation', '30 0c 02 01 01 65 07 0a 01 00 04 00 04 00'],
  ['a bind response unasked', '30 0c 02 01 00 61 07 0a 01 00 04 00 04 00'],
  ['an operation beyond its message', '30 0c 02 01 01 61 08 0a 01 00 04 00 04 00'],
  ['a text beyond its operation', '30 0c 02 01 01 61 07 0a 01 00 04 00 04 01'],
  ['a missing diagnostic', '30 0a 02 01 01 61 05 0a 01 00 04 00'],
  ['a result code of another tag', '30 0c 02 01 01 61 07 02 01 00 04 00 04 00'],
  ['a huge result code', '30 10 02 01 01 61 0b 0a 05 01 00 00 00 00 04 00 04 00'],
  ['bytes behind the answer', `${SUCCESS} 30`],
  ['an empty message', '30 00'],
];

for (const [name, hex] of BAD) {
  test(`readBindAnswer refuses ${name}`, () => {
    assert.equal(readBindAnswer(bytesOf(hex)).kind, 'bad');
  });
}

test('readBindAnswer refuses a message beyond its limit at its length', () => {
  assert.equal(readBindAnswer(bytesOf('30 83 01 00 00')).kind, 'too-large');
  const inside = LDAP_MESSAGE_BYTES_MAX - 4;
  assert.equal(readBindAnswer(bytesOf(`30 82 ${inside.toString(16)}`)).kind, 'more');
});

test('readBindAnswer takes any bytes without an exception', () => {
  const base = bytesOf(INVALID);
  const changes = fc.array(fc.tuple(fc.nat({ max: base.length - 1 }), fc.nat({ max: 255 })));
  fc.assert(
    fc.property(changes, (list) => {
      const bytes = Buffer.from(base);
      for (const [at, value] of list) bytes[at] = value;
      readBindAnswer(bytes);
    }),
  );
});
