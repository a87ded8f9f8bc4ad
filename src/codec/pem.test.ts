import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEncryptedKey, joinPem, pemBlocks, pemBody } from './pem.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';
const KEY = '-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----';

test('pemBlocks finds the blocks of a file in order, whatever stands around them', () => {
  const text = `subject=/CN=a\n${CERTIFICATE}\r\n\r\nissuer=b\n${KEY}\ntail`;
  const blocks = pemBlocks(bytesOf(text));
  assert.deepEqual(
    blocks.map(({ label, bytes }) => [label, textOf(bytes)]),
    [
      ['CERTIFICATE', CERTIFICATE],
      ['EC PRIVATE KEY', KEY],
    ],
  );
});

test('pemBlocks leaves out a block that is cut off at any byte', () => {
  for (let size = 0; size < CERTIFICATE.length; size++) {
    assert.deepEqual(pemBlocks(bytesOf(CERTIFICATE.slice(0, size))), [], `${size}`);
  }
});

test('pemBlocks goes on behind a block whose end has another label', () => {
  const text = `-----BEGIN X-----\nMIIB\n-----END Y-----\n${CERTIFICATE}`;
  assert.deepEqual(
    pemBlocks(bytesOf(text)).map(({ label }) => label),
    ['CERTIFICATE'],
  );
});

test('joinPem makes a file that has the same blocks', () => {
  const blocks = pemBlocks(bytesOf(CERTIFICATE + KEY));
  assert.equal(textOf(joinPem(blocks)), `${CERTIFICATE}\n${KEY}\n`);
});

test('isEncryptedKey knows both forms', () => {
  const old = `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----`;
  const pkcs8 = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----';
  const isEncrypted = [old, pkcs8, KEY].map((text) => isEncryptedKey(pemBlocks(bytesOf(text))[0]!));
  assert.deepEqual(isEncrypted, [true, true, false]);
});

test('pemBody decodes what stands between the lines, and refuses what is no Base64', () => {
  for (let size = 0; size < 70; size++) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 37 + 250) & 255);
    const lines = Buffer.from(bytes)
      .toString('base64')
      .replace(/.{1,64}/g, '$&\r\n');
    const [block] = pemBlocks(bytesOf(`-----BEGIN X-----\r\n${lines}-----END X-----`));
    assert.deepEqual(pemBody(block!), bytes, `${size}`);
  }
  const [wrong] = pemBlocks(bytesOf('-----BEGIN X-----\nAA-A\n-----END X-----'));
  assert.equal(pemBody(wrong!), null);
});
