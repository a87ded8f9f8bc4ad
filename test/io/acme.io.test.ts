// Certificates by ACME, obtained from pebble by the whole product: what goes well.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { AcmeScene, acmeStatusWhen } from '../kit/acme-scene.ts';
import { runCommand } from '../kit/ballast.ts';
import { withoutPebble as skip } from '../kit/pebble.ts';
import { until } from '../kit/wait.ts';

/** What becomes of a handshake, in the words of OpenSSL. */
function connectTls(port: number): Promise<string> {
  return new Promise((resolve) => {
    const client = connect({ host: '127.0.0.1', port, servername: 'shop.test' }, () => {
      client.destroy();
      resolve('connected');
    });
    client.on('error', (error) => resolve(error.message));
  });
}

const ACCOUNTS_TWO = 'There are now 2 accounts';

test('a certificate is obtained by http-01 and kept for its owner alone', { skip }, async () => {
  await using scene = await AcmeScene.start({ badNoncePercent: 20 });
  const names = ['shop.test', 'www.shop.test'];
  await using ballast = await scene.balancer({ names, email: 'ops@shop.test' });
  const x509 = await scene.obtained();
  assert.equal(x509.subjectAltName, 'DNS:shop.test, DNS:www.shop.test');
  assert.equal(x509.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.match(
    readFileSync(scene.path('certificate.pem'), 'utf8'),
    /END CERTIFICATE[^]*PRIVATE KEY/,
  );
  for (const folder of ['acme', 'acme/accounts', 'acme/certificates', 'acme/certificates/shop']) {
    const path = join(scene.state, folder);
    assert.equal(statSync(path).mode & 0o777, 0o700, folder);
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (!entry.isFile()) continue;
      assert.equal(statSync(join(path, entry.name)).mode & 0o777, 0o600, entry.name);
    }
  }
  const status = await acmeStatusWhen(ballast, ({ state }) => state === 'valid');
  await until(async () => (await scene.ask().catch(() => '')) === 'secure', { what: 'TLS' });
  assert.equal(status.notAfter, x509.validToDate.toISOString());
  assert.ok(Date.parse(status.nextTry!) > Date.now() + 86_400_000);
  assert.equal(await ballast.metric('ballast_acme_obtained_total'), 1);
  assert.equal(await ballast.metric('ballast_acme_certificates', 'state="valid"'), 1);
  const { stdout } = await runCommand(['status', ballast.configFile]);
  assert.match(stdout, /^ACME .*\nshop +shop\.test and 1 more +valid /m);
  const events = await ballast.admin('GET', '/v1/events');
  assert.match(events.text, /"kind":"certificate","subject":"shop"|"subject":"shop"/);
  assert.ok(!ballast.stderr.includes('PRIVATE KEY') && !events.text.includes('PRIVATE KEY'));
});

test(
  'a certificate is obtained by tls-alpn-01, and nothing is refused meanwhile',
  { skip },
  async () => {
    await using scene = await AcmeScene.make();
    await using ballast = await scene.balancer({ challenge: 'tls-alpn-01' });
    await acmeStatusWhen(ballast, ({ state }) => state === 'failed');
    const early = await connectTls(scene.tlsPort);
    assert.match(early, /alert/, 'without any certificate, handshakes end with an alert');
    const clear = await fetch(`http://127.0.0.1:${scene.httpPort}/`);
    assert.equal(await clear.text(), 'routed', 'what needs no certificate is served');
    await scene.pebble.resume();
    await scene.obtained();
    await until(async () => (await scene.ask().catch(() => '')) === 'secure', { what: 'TLS' });
  },
);

test('a restart orders nothing anew, and goes on with the same account', { skip }, async () => {
  await using scene = await AcmeScene.start();
  {
    await using first = await scene.balancer();
    await scene.obtained();
    await acmeStatusWhen(first, ({ state }) => state === 'valid');
  }
  const { directory, caFile: ca } = scene.pebble;
  const more = { more: { acme: { names: 'more.test', directory, ca, keyType: 'rsa' } } };
  await using second = await scene.balancer();
  second.writeConfig(scene.config({}, more));
  assert.equal((await second.reload()).ok, true);
  const x509 = await scene.obtained(null, 'more');
  assert.equal(x509.publicKey.asymmetricKeyDetails?.modulusLength, 2_048);
  assert.equal(scene.pebble.count('There are now 2 orders'), 1, scene.pebble.log);
  assert.equal(scene.pebble.count(ACCOUNTS_TWO), 0);
});

test('other names: another certificate, and the old one serves until then', { skip }, async () => {
  await using scene = await AcmeScene.start();
  await using ballast = await scene.balancer();
  const old = await scene.obtained();
  await acmeStatusWhen(ballast, ({ state }) => state === 'valid');
  await scene.pebble.stop();
  ballast.writeConfig(scene.config({ names: ['shop.test', 'new.test'] }));
  await ballast.reload();
  const failed = await acmeStatusWhen(ballast, ({ state }) => state === 'failed');
  assert.equal(failed.lastError?.code, 'BAL_ACME_UNREACHABLE');
  assert.equal(scene.held()?.serialNumber, old.serialNumber);
  await scene.pebble.resume();
  const x509 = await scene.obtained(old);
  assert.equal(x509.subjectAltName, 'DNS:shop.test, DNS:new.test');
});

test('a file that is taken away is obtained anew by a reload', { skip }, async () => {
  await using scene = await AcmeScene.start();
  await using ballast = await scene.balancer();
  const first = await scene.obtained();
  await acmeStatusWhen(ballast, ({ state }) => state === 'valid');
  rmSync(scene.path('certificate.pem'));
  assert.equal((await ballast.reload()).ok, true);
  await scene.obtained(first);
});

test('a certificate of a short life is renewed by itself before it ends', { skip }, async () => {
  await using scene = await AcmeScene.start({ validitySeconds: 60 });
  await using ballast = await scene.balancer();
  const first = await scene.obtained();
  const second = await scene.obtained(first);
  assert.ok(second.validFromDate < first.validToDate);
  assert.notDeepEqual(second.publicKey, first.publicKey, 'it has a key of its own');
  await acmeStatusWhen(ballast, ({ state, lastError }) => state === 'valid' && lastError === null);
  assert.equal(scene.pebble.count(ACCOUNTS_TWO), 0);
});
