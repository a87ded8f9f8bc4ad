// A crowd of handshakes does not stand in the way of those who are connected: between two uses of a
// private key everybody else is looked after.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { certificatesSkip } from '../../src/control/health/test-certificates.ts';
import { connectTo } from '../kit/byte-stream.ts';
import { Ballast } from '../kit/ballast.ts';
import { freePort } from '../kit/free-ports.ts';
import { httpAnswer } from '../kit/origin.ts';
import { Origin } from '../kit/origin.ts';
import { OPENSSL_HELLO } from '../../src/codec/client-hello-testkit.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { until } from '../kit/wait.ts';
import { getBytes } from '../kit/scene.ts';

/** Handshakes that are begun at the same moment. */
const CROWD = 60;

test('one private key is used in each turn of the loop', { skip: certificatesSkip }, async (t) => {
  using dir = new TempDir();
  const [cert, key] = [dir.file('cert.pem'), dir.file('key.pem')];
  // A key so slow that many uses of it in one turn could not be overlooked.
  const args = ['req', '-x509', '-newkey', 'rsa:4096', '-nodes', '-subj', '/CN=slow', '-days', '2'];
  spawnSync('openssl', [
    ...args,
    '-addext',
    'subjectAltName=DNS:slow',
    '-keyout',
    key,
    '-out',
    cert,
  ]);
  await using origin = await Origin.startHttp(() => httpAnswer(200, 'ok'));
  const [secure, clear] = [await freePort(), await freePort()];
  await using _ballast = await Ballast.start({
    workers: 1,
    certificates: { slow: { cert, key } },
    listeners: {
      secure: { bind: `127.0.0.1:${secure}`, tls: 'slow', pool: 'web' },
      clear: { bind: `127.0.0.1:${clear}`, pool: 'web' },
    },
    pools: { web: { servers: [origin.address] } },
  });
  const crowd = await Promise.all(
    Array.from({ length: CROWD }, () => connectTo(secure, '127.0.0.1')),
  );
  const other = await connectTo(clear, '127.0.0.1');
  void other.write(getBytes('/'));
  assert.equal((await other.readMessage('response')).status, 200);
  for (const stream of crowd) void stream.write(OPENSSL_HELLO);
  // Each answer is there before the crowd is: requests take turns with the handshakes.
  let answered = 0;
  const isServed = (): boolean => crowd.every(({ received }) => received.length > 0);
  const all = until(isServed, { what: 'an answer to each ClientHello', timeoutMs: 60_000 });
  while (!isServed()) {
    void other.write(getBytes('/'));
    assert.equal((await other.readMessage('response')).status, 200);
    answered++;
  }
  await all;
  t.diagnostic(`${answered} requests were answered while ${CROWD} handshakes were made`);
  assert.ok(answered >= 5, `${answered} requests`);
  for (const stream of [...crowd, other]) stream.destroy();
});
