import assert from 'node:assert/strict';
import { test } from 'node:test';
import { der, derOid, TAG } from '../../codec/der.ts';
import { namesOf } from './certificate-facts.ts';

const NOBODY = der(TAG.sequence);

function subjectNamed(name: string): Uint8Array {
  const value = der(TAG.utf8String, new TextEncoder().encode(name));
  return der(TAG.sequence, der(TAG.set, der(TAG.sequence, derOid('2.5.4.3'), value)));
}

test('namesOf gives names and addresses, lower-case and in one form', () => {
  const names = ['A.test', '*.a.test', '10.0.0.1', 'FD00:0:0:0:0:0:0:1', 'b.test.'];
  const expected = ['a.test', '*.a.test', '10.0.0.1', 'fd00::1', 'b.test'];
  assert.deepEqual(namesOf({ names, subject: NOBODY }), expected);
});

test('namesOf leaves out what no client could ask for, and what stands there twice', () => {
  const names = ['a b.test', '*.*.test', '', 'a'.repeat(254), 'a\0.test', 'a.test', 'A.test'];
  assert.deepEqual(namesOf({ names, subject: NOBODY }), ['a.test']);
});

test('namesOf takes the common name only where there is no subjectAltName', () => {
  const subject = subjectNamed('Common.test');
  assert.deepEqual(namesOf({ names: null, subject }), ['common.test']);
  assert.deepEqual(namesOf({ names: [], subject }), []);
});
