// What the operator sees of TLS: lines of the access log, and metrics.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificatesSkip, pem } from '../../src/control/health/test-certificates.ts';
import { getBytes } from '../kit/scene.ts';
import { connectTls } from '../kit/tls-client.ts';
import { startHttps } from './https-scene.ts';

const skip = certificatesSkip;

test(
  'the access log and the metrics tell of versions, names, certificates and handshakes',
  { skip },
  async () => {
    await using scene = await startHttps({
      tlsFrom: ({ ca }) => ({
        certificates: 'shop',
        clientCertificates: { mode: 'optional', ca: ca.cert },
      }),
    });
    const ops = pem(scene.authority.issue('DNS:ops.test', { subject: '/O=Ex/CN=ops "é"' }));
    const options = { ...scene.client(), ...ops, maxVersion: 'TLSv1.2' } as const;
    const { stream, socket } = await connectTls(scene.port, options);
    const session = socket.getSession()!;
    for (let i = 0; i < 2; i++) {
      void stream.write(getBytes('/'));
      await stream.readMessage('response');
    }
    stream.destroy();
    const again = await connectTls(scene.port, { ...options, session });
    void again.stream.write(getBytes('/'));
    await again.stream.readMessage('response');
    again.stream.destroy();
    await assert.rejects(
      connectTls(scene.port, { ...options, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }),
    );
    const line = await scene.ballast.accessLine(({ status }) => status === 200);
    assert.equal(line['tls'], 'TLSv1.2');
    assert.equal(line['cipher'], 'ECDHE-ECDSA-AES128-GCM-SHA256');
    assert.equal(line['serverName'], 'shop.test');
    assert.match(String(line['clientSubject']), /CN=ops/);
    assert.match(String(line['clientFingerprint']), /^[0-9a-f]{64}$/);
    const failure = await scene.ballast.accessLine(({ reason }) => reason === 'tls-failed');
    assert.equal(failure['detail'], 'no shared cipher');
    const metric = (name: string): Promise<number> =>
      scene.ballast.metric(`ballast_listener_tls_${name}`, '{listener="web"}');
    assert.equal(await metric('handshakes_total'), 2);
    assert.equal(await metric('resumed_total'), 1);
    assert.equal(await metric('failures_total'), 1);
    assert.equal(await metric('handshakes'), 0);
  },
);
