// A crowd of handshakes does not stand in the way of those who are connected: between two uses of a
// private key everybody else is looked after.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { certificatesSkip } from '../../src/control/health/test-certificates.ts';
import { connectTo } from '../kit/byte-stream.ts';
import { Ballast } from '../kit/ballast.ts';
import { freePort } from '../kit/free-ports.ts';
import { OPENSSL_HELLO } from '../../src/codec/client-hello-testkit.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { until } from '../kit/wait.ts';
import { getBytes } from '../kit/scene.ts';

/** Handshakes that are begun at the same moment. */
const CROWD = 60;
/** Requests that come at the same moment, all on one connection: 32 are answered in each turn. */
const REQUESTS = 1_000;
/** Of those, the least that are answered before the crowd is: some turns' worth. */
const ANSWERED_MIN = 160;

test('one RSA key is used in each turn of the loop', { skip: certificatesSkip }, async (t) => {
  using dir = new TempDir();
  const [cert, key] = [dir.file('cert.pem'), dir.file('key.pem')];
  // A key so slow that many uses of it in one turn could not be overlooked.
  const kind = ['req', '-x509', '-newkey', 'rsa:4096', '-nodes', '-subj', '/CN=slow', '-days', '2'];
  const name = ['-addext', 'subjectAltName=DNS:slow'];
  spawnSync('openssl', [...kind, ...name, '-keyout', key, '-out', cert]);
  const [secure, clear] = [await freePort(), await freePort()];
  await using _ballast = await Ballast.start({
    workers: 1,
    certificates: { slow: { cert, key } },
    listeners: {
      secure: { bind: `127.0.0.1:${secure}`, tls: 'slow', pool: 'web' },
      // What the load asks for has no route: it is answered without a server.
      clear: { bind: `127.0.0.1:${clear}`, routes: [{ hosts: ['other.test'], pool: 'web' }] },
    },
    pools: { web: { servers: ['127.0.0.1:1'] } },
  });
  const crowd = await Promise.all(
    Array.from({ length: CROWD }, () => connectTo(secure, '127.0.0.1')),
  );
  const other = await connectTo(clear, '127.0.0.1');
  void other.write(getBytes('/'));
  assert.equal((await other.readMessage('response')).status, 404);
  for (const stream of crowd) void stream.write(OPENSSL_HELLO);
  void other.write(getBytes('/').repeat(REQUESTS));
  const isServed = (): boolean => crowd.every(({ received }) => received.length > 0);
  await until(isServed, { what: 'an answer to each ClientHello', timeoutMs: 60_000 });
  const answered = other.text.split('HTTP/1.1 404').length - 2;
  t.diagnostic(`${answered} requests were answered while ${CROWD} handshakes were made`);
  assert.ok(answered >= ANSWERED_MIN, `${answered} requests`);
  for (const stream of [...crowd, other]) stream.destroy();
});
