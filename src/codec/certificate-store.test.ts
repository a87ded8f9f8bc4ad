import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeStoreIndex, encodeCertificateStore } from './certificate-store.ts';
import type { StoreRun } from './certificate-store.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const CERTIFICATE = {
  key: 'shop',
  fingerprint: 'ab'.repeat(32),
  keyType: 'ecdsa',
  names: ['shop.example.com', '*.example.com'],
  chain: text('CHAIN'),
  privateKey: text('KEY'),
  ocsp: new Uint8Array(0),
} as const;

const STORE = encodeCertificateStore([CERTIFICATE], new Map([['/etc/ca.pem', text('CAS')]]));

const read = ([at, length]: StoreRun): string =>
  new TextDecoder().decode(STORE.subarray(at, at + length));

test('decodeStoreIndex finds what encodeCertificateStore has put into a store', () => {
  const { certificates, files } = decodeStoreIndex(STORE);
  const [one] = certificates;
  assert.equal(one!.key, 'shop');
  assert.deepEqual(one!.names, CERTIFICATE.names);
  assert.deepEqual([one!.chain, one!.privateKey, one!.ocsp, files['/etc/ca.pem']!].map(read), [
    'CHAIN',
    'KEY',
    '',
    'CAS',
  ]);
});

test('decodeStoreIndex throws for a store that is cut off at any byte', () => {
  for (let end = 0; end < STORE.length; end++) {
    assert.throws(() => decodeStoreIndex(STORE.slice(0, end)));
  }
});

test('decodeStoreIndex throws for other bytes', () => {
  assert.throws(() => decodeStoreIndex(text('not a store at all')), RangeError);
});
