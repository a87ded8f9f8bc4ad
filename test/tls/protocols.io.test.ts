// What each profile speaks and refuses, looked at from outside with openssl s_client: versions, ciphers
// one by one, compression, renegotiation, protocols of ALPN, and the resumption of sessions.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { certificatesSkip } from '../../src/control/health/test-certificates.ts';
import { CIPHERS, CIPHER_SUITES } from '../../src/sys/tls/tls-profile.ts';
import { getBytes } from '../kit/scene.ts';
import { connectTls, handshakeError, opensslClient } from '../kit/tls-client.ts';
import { entry, startHttps } from './https-scene.ts';
import type { HttpsScene } from './https-scene.ts';

const skip = certificatesSkip;

/** The version and the cipher that come of a handshake of openssl with these arguments. */
async function agreed(scene: HttpsScene, ...args: string[]): Promise<string> {
  const text = await opensslClient(scene.port, ['-servername', 'shop.test', ...args]);
  const [, version, cipher] = /New, (\S+), Cipher is (\S+)/.exec(text) ?? [];
  return cipher === undefined || cipher === '(NONE)' ? 'refused' : `${version} ${cipher}`;
}

test('profile intermediate speaks TLS 1.2 and 1.3, and nothing older', { skip }, async () => {
  await using scene = await startHttps();
  const loose = ['-cipher', 'ALL:@SECLEVEL=0'];
  assert.match(await agreed(scene), /^TLSv1\.3 /);
  assert.match(await agreed(scene, '-tls1_2'), /^TLSv1\.2 ECDHE-ECDSA-/);
  assert.equal(await agreed(scene, '-tls1_1', ...loose), 'refused');
  assert.equal(await agreed(scene, '-tls1', ...loose), 'refused');
});

test('profile modern speaks TLS 1.3 alone', { skip }, async () => {
  await using scene = await startHttps({ tls: { profile: 'modern' } });
  assert.match(await agreed(scene, '-tls1_3'), /^TLSv1\.3 /);
  assert.equal(await agreed(scene, '-tls1_2'), 'refused');
});

test(
  'of all ciphers that openssl knows exactly those of the profile are spoken',
  { skip },
  async () => {
    await using scene = await startHttps({
      certificates: (from) => ({
        ecdsa: entry(from.issue('DNS:shop.test')),
        rsa: entry(from.issue('DNS:shop.test', { keyType: 'rsa' })),
      }),
    });
    const known = (args: string[]): string[] =>
      spawnSync('openssl', ['ciphers', ...args], { encoding: 'utf8' })
        .stdout.trim()
        .split(':');
    // One cipher that is known to be spoken stands for all others: asked one by one they take long.
    const others = known(['-tls1_2', '-s', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0']).filter(
      (name) => !(CIPHERS as readonly string[]).includes(name),
    );
    assert.ok(others.length > 20, others.join());
    const loose = `${others.join(':')}:@SECLEVEL=0`;
    assert.equal(await agreed(scene, '-tls1_2', '-cipher', loose), 'refused');
    for (const cipher of CIPHERS) {
      assert.equal(await agreed(scene, '-tls1_2', '-cipher', cipher), `TLSv1.2 ${cipher}`);
    }
    for (const suite of CIPHER_SUITES) {
      assert.equal(await agreed(scene, '-tls1_3', '-ciphersuites', suite), `TLSv1.3 ${suite}`);
    }
    const ccm = 'TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256';
    assert.equal(await agreed(scene, '-tls1_3', '-ciphersuites', ccm), 'refused');
  },
);

test(
  'the server chooses the cipher; there is no compression and no renegotiation',
  { skip },
  async () => {
    await using scene = await startHttps();
    const reversed = [...CIPHERS].reverse().join(':');
    assert.equal(await agreed(scene, '-tls1_2', '-cipher', reversed), `TLSv1.2 ${CIPHERS[0]}`);
    const text = await opensslClient(scene.port, ['-tls1_2', '-comp', '-servername', 'shop.test']);
    assert.match(text, /Compression: NONE/);
    assert.match(text, /Secure Renegotiation IS supported/);
    // "R" on a line of its own asks for a renegotiation: the answer is an alert, and the end.
    const renegotiated = await opensslClient(
      scene.port,
      ['-tls1_2', '-servername', 'shop.test'],
      'R\n',
    );
    assert.match(renegotiated, /no renegotiation|RENEGOTIATING[\s\S]*error/);
  },
);

test(
  'ALPN: http/1.1 is chosen, and who offers others only is refused (RFC 7301 §3.2)',
  { skip },
  async () => {
    await using scene = await startHttps();
    const options = scene.client();
    const { socket, stream } = await connectTls(scene.port, {
      ...options,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    assert.equal(socket.alpnProtocol, 'http/1.1');
    stream.destroy();
    const error = await handshakeError(scene.port, { ...options, ALPNProtocols: ['h2'] });
    assert.equal(error, 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
    const without = await connectTls(scene.port, options);
    assert.equal(without.socket.alpnProtocol, false);
    without.stream.destroy();
  },
);

/** Makes a request, and returns the session that can be resumed afterwards. */
async function visit(
  port: number,
  options: ConnectionOptions,
): Promise<{ isReused: boolean; session: Buffer | undefined }> {
  const { stream, socket } = await connectTls(port, options);
  // Of TLS 1.3 it comes after the handshake, together with the answer at the latest.
  let session: Buffer | undefined = socket.getSession();
  socket.on('session', (given: Buffer) => (session = given));
  void stream.write(getBytes('/'));
  assert.equal((await stream.readMessage('response')).status, 200);
  const isReused = socket.isSessionReused();
  stream.destroy();
  return { isReused, session };
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(
    `sessions of ${version} are resumed by every worker, also by one that is new`,
    { skip },
    async () => {
      await using scene = await startHttps({ top: { workers: 2 } });
      const options = { ...scene.client(), maxVersion: version, minVersion: version };
      const { session } = await visit(scene.port, options);
      assert.ok(session !== undefined);
      for (let i = 0; i < 6; i++) {
        assert.ok((await visit(scene.port, { ...options, session })).isReused, `visit ${i}`);
      }
      for (const pid of await scene.ballast.workerPids()) process.kill(pid, 'SIGKILL');
      assert.ok(
        (await visit(scene.port, { ...options, session })).isReused,
        'after the death of all',
      );
    },
  );
}

test('with "tickets: false" nothing is resumed', { skip }, async () => {
  await using scene = await startHttps({ tls: { tickets: false } });
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = { ...scene.client(), maxVersion };
    const { stream, socket } = await connectTls(scene.port, options);
    void stream.write(getBytes('/'));
    await stream.readMessage('response');
    const session = socket.getSession();
    stream.destroy();
    const again = await connectTls(scene.port, { ...options, ...(session && { session }) });
    assert.equal(again.socket.isSessionReused(), false);
    again.stream.destroy();
  }
});
