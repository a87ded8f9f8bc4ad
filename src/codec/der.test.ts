import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childrenOf, der, derOid, generalizedTimeMs, oidText, readDer, TAG } from './der.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

test('der writes lengths in their shortest form (X.690 §10.1)', () => {
  const head = (length: number): number[] => [
    ...der(TAG.octetString, new Uint8Array(length)).subarray(0, 5),
  ];
  assert.deepEqual(head(127).slice(0, 2), [4, 127]);
  assert.deepEqual(head(128).slice(0, 3), [4, 0x81, 128]);
  assert.deepEqual(head(256).slice(0, 4), [4, 0x82, 1, 0]);
  assert.deepEqual(head(70_000), [4, 0x83, 1, 0x11, 0x70]);
});

test('derOid writes arcs of several bytes', () => {
  assert.equal(Buffer.from(derOid('1.3.14.3.2.26')).toString('hex'), '06052b0e03021a');
  assert.equal(Buffer.from(derOid('1.2.840.10045.4.3.2')).toString('hex'), '06082a8648ce3d040302');
});

test('oidText reads what derOid wrote', () => {
  for (const text of ['1.3.14.3.2.26', '1.2.840.10045.4.3.2', '2.5.29.17', '0.9', '2.999.1']) {
    assert.equal(oidText(readDer(derOid(text))![0]!.body), text);
  }
});

test('readDer reads what der wrote, at every depth', () => {
  const bytes = der(TAG.sequence, der(TAG.null), der(TAG.sequence, derOid('1.3.6')));
  const [outer] = readDer(bytes)!;
  const [first, second] = childrenOf(outer, TAG.sequence)!;
  assert.equal(first!.tag, TAG.null);
  assert.deepEqual(childrenOf(second, TAG.sequence)![0]!.bytes, derOid('1.3.6'));
});

test('readDer refuses what is cut off at any byte, and lengths that are not the shortest', () => {
  const bytes = der(TAG.sequence, der(TAG.octetString, new Uint8Array(200)), derOid('1.3.6'));
  for (let size = 1; size < bytes.length; size++) {
    assert.equal(readDer(bytes.subarray(0, size)), null, `${size}`);
  }
  for (const hex of ['048101ff', '04820001ff', '0480ff0000', '1f0100', '0485000000000100']) {
    assert.equal(readDer(Buffer.from(hex, 'hex')), null, hex);
  }
});

test('generalizedTimeMs takes times of RFC 5280 alone', () => {
  const read = (text: string): number =>
    generalizedTimeMs(readDer(der(TAG.generalizedTime, ascii(text)))![0]!);
  assert.equal(read('20261125231500Z'), Date.parse('2026-11-25T23:15:00Z'));
  for (const text of ['20261125231500', '202611252315Z', '20261125231500.5Z', '']) {
    assert.ok(Number.isNaN(read(text)), text);
  }
});
