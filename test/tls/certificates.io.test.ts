// Which certificate a client is shown: by its name, by the kinds of keys it knows, or none at all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { certificatesSkip } from '../../src/control/health/test-certificates.ts';
import { connectTls, handshakeError } from '../kit/tls-client.ts';
import { entry, startHttps } from './https-scene.ts';

const skip = certificatesSkip;

/** Subject and kind of key of the certificate that a client is shown. */
async function shown(port: number, options: ConnectionOptions): Promise<string> {
  const { stream, socket } = await connectTls(port, { ...options, rejectUnauthorized: false });
  const { subject, asn1Curve } = socket.getPeerCertificate();
  stream.destroy();
  return `${String(subject.CN)} ${asn1Curve === undefined ? 'rsa' : 'ecdsa'}`;
}

test(
  'certificates: the exact name goes before a wildcard, which stands for one label',
  { skip },
  async () => {
    await using scene = await startHttps({
      certificates: (from) => ({
        first: entry(from.issue('DNS:first.test', { subject: '/CN=first' })),
        wild: entry(from.issue('DNS:*.shop.test', { subject: '/CN=wild' })),
        exact: entry(from.issue('DNS:a.shop.test', { subject: '/CN=exact' })),
      }),
    });
    const { port } = scene;
    assert.equal(await shown(port, { servername: 'a.shop.test' }), 'exact ecdsa');
    assert.equal(await shown(port, { servername: 'A.Shop.Test' }), 'exact ecdsa');
    assert.equal(await shown(port, { servername: 'b.shop.test' }), 'wild ecdsa');
    assert.equal(await shown(port, { servername: 'b.b.shop.test' }), 'first ecdsa');
    assert.equal(await shown(port, { servername: 'shop.test' }), 'first ecdsa');
    assert.equal(await shown(port, {}), 'first ecdsa');
  },
);

test(
  'certificates: with "default: refuse" an unknown name gets the alert unrecognized_name (RFC 6066 §3)',
  { skip },
  async () => {
    await using scene = await startHttps({ tls: { default: 'refuse' } });
    const { port } = scene;
    assert.equal(await shown(port, { servername: 'shop.test' }), 'test ecdsa');
    const refused = 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME';
    assert.equal(await handshakeError(port, { servername: 'other.test' }), refused);
    assert.equal(await handshakeError(port, {}), refused);
    await scene.ballast.accessLine((line) => line.reason === 'tls-unknown-name');
  },
);

test(
  'certificates: of an RSA and an ECDSA one for a name the client gets what it knows',
  { skip },
  async () => {
    await using scene = await startHttps({
      certificates: (from) => ({
        rsa: entry(from.issue('DNS:shop.test', { keyType: 'rsa' })),
        ecdsa: entry(from.issue('DNS:shop.test')),
      }),
    });
    const options = { servername: 'shop.test', maxVersion: 'TLSv1.2' } as const;
    const { port } = scene;
    const rsa = 'ECDHE-RSA-AES128-GCM-SHA256';
    const ecdsa = 'ECDHE-ECDSA-AES128-GCM-SHA256';
    assert.equal(await shown(port, { ...options, ciphers: rsa }), 'test rsa');
    assert.equal(await shown(port, { ...options, ciphers: ecdsa }), 'test ecdsa');
    assert.equal(
      await shown(port, { servername: 'shop.test', sigalgs: 'rsa_pss_rsae_sha256' }),
      'test rsa',
    );
  },
);

test('certificates: several listeners show their own ones', { skip }, async () => {
  await using scene = await startHttps({
    certificates: (from) => ({
      one: entry(from.issue('DNS:one.test', { subject: '/CN=one' })),
      two: entry(from.issue('DNS:two.test', { subject: '/CN=two' })),
    }),
    tls: { certificates: ['two'] },
    top: { listeners: { other: { bind: '127.0.0.1:0', tls: 'one', pool: 'web' } } },
  });
  assert.equal(await shown(scene.port, { servername: 'one.test' }), 'two ecdsa');
});
