// Certificates of clients: asked for or required, verified by a CA and by revocation lists, and told to
// servers in fields that no client can forge.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { certificatesSkip, pem } from '../../src/control/health/test-certificates.ts';
import { TestCertificates } from '../../src/control/health/test-certificates.ts';
import type { TestCertificate } from '../../src/control/health/test-certificates.ts';
import type { Tree } from '../kit/config.ts';
import { field } from '../kit/http-message.ts';
import type { Message } from '../kit/http-message.ts';
import { getBytes } from '../kit/scene.ts';
import { connectTls } from '../kit/tls-client.ts';
import { entry, startHttps } from './https-scene.ts';
import type { HttpsScene } from './https-scene.ts';

const skip = certificatesSkip;

const HEADERS = {
  subject: 'X-Client-Subject',
  names: 'X-Client-Names',
  fingerprint: 'X-Client-Fingerprint',
  certificate: 'Client-Cert',
};

function startWith(clients: Tree): Promise<HttpsScene> {
  return startHttps({
    tlsFrom: ({ ca }) => ({
      certificates: 'shop',
      clientCertificates: { ca: ca.cert, ...clients },
    }),
  });
}

/** The answer's status, or the code of the error: TLS 1.3 tells of it after the handshake. */
async function ask(port: number, options: ConnectionOptions, ...lines: string[]): Promise<string> {
  try {
    const { stream, socket } = await connectTls(port, options);
    const broken = new Promise<string>((resolve) => {
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    });
    void stream.write(getBytes('/', ...lines)).catch(() => undefined);
    const answered = stream.readMessage('response').then(({ status }) => String(status));
    const result = await Promise.race([answered.catch(() => broken), broken]);
    stream.destroy();
    return result;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

const lastRequest = (scene: HttpsScene): Message => scene.origin.requests.at(-1)!;

test(
  'clientCertificates required: who shows none, or one of another CA, gets an alert',
  { skip },
  async () => {
    await using scene = await startWith({ mode: 'required' });
    using others = new TestCertificates();
    const options = scene.client();
    const good = scene.authority.issue('DNS:ops.test', { subject: '/O=Example/CN=ops' });
    assert.equal(await ask(scene.port, { ...options, ...pem(good) }), '200');
    assert.equal(await ask(scene.port, options), 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
    const foreign = await ask(scene.port, { ...options, ...pem(others.issue('DNS:ops.test')) });
    assert.match(foreign, /UNKNOWN_CA|ECONNRESET/);
    const expired = scene.authority.issue('DNS:ops.test', { isExpired: true });
    assert.match(
      await ask(scene.port, { ...options, ...pem(expired) }),
      /CERTIFICATE_EXPIRED|ECONNRESET/,
    );
    const line = await scene.ballast.accessLine((each) =>
      String(each['detail']).includes('verify'),
    );
    assert.equal(line.reason, 'tls-failed');
  },
);

test(
  'the certificate is told in the fields that are named, whatever the client says in them',
  { skip },
  async () => {
    await using scene = await startWith({ mode: 'optional', headers: HEADERS });
    const options = scene.client();
    const ops = scene.authority.issue('DNS:ops.test, URI:spiffe://test/ops', {
      subject: '/O=Ex, ample/CN=ops',
    });
    const forged = ['X-Client-Subject: CN=root', 'client-cert: :AAAA:', 'X-CLIENT-FINGERPRINT: 00'];
    assert.equal(await ask(scene.port, options, ...forged), '200');
    for (const name of Object.values(HEADERS)) {
      assert.equal(field(lastRequest(scene), name.toLowerCase()), undefined);
    }
    assert.equal(await ask(scene.port, { ...options, ...pem(ops) }, ...forged), '200');
    const told = (name: keyof typeof HEADERS): string | undefined =>
      field(lastRequest(scene), HEADERS[name].toLowerCase());
    const der = new X509Certificate(readFileSync(ops.cert)).raw;
    assert.equal(told('subject'), 'CN=ops,O=Ex\\, ample');
    assert.equal(told('names'), 'DNS:ops.test, URI:spiffe://test/ops');
    assert.equal(told('fingerprint'), createHash('sha256').update(der).digest('hex'));
    assert.equal(told('certificate'), `:${der.toString('base64')}:`);
    assert.equal(lastRequest(scene).fields.filter(([name]) => name === 'client-cert').length, 1);
  },
);

function withList(from: TestCertificates): Tree {
  const crl = join(from.folder, 'crl.pem');
  const clientCertificates = { mode: 'required', ca: from.ca.cert, crl };
  return { certificates: 'shop', clientCertificates };
}

/** A revocation list of the authority with these certificates in it. */
function revoke(authority: TestCertificates, ...revoked: TestCertificate[]): string {
  const file = (name: string): string => join(authority.folder, name);
  writeFileSync(file('index.txt'), '');
  writeFileSync(file('crlnumber'), '01\n');
  writeFileSync(
    file('ca.cnf'),
    `[ca]\ndefault_ca=d\n[d]\ndatabase=${file('index.txt')}\ncrlnumber=${file('crlnumber')}\n` +
      `default_md=sha256\ndefault_crl_days=2\n`,
  );
  const ca = [
    'ca',
    '-config',
    file('ca.cnf'),
    '-keyfile',
    authority.ca.key,
    '-cert',
    authority.ca.cert,
  ];
  for (const { cert } of revoked) spawnSync('openssl', [...ca, '-revoke', cert]);
  const { status, stderr } = spawnSync('openssl', [...ca, '-gencrl', '-out', file('crl.pem')]);
  assert.equal(status, 0, String(stderr));
  return file('crl.pem');
}

test('what a revocation list names is refused', { skip }, async () => {
  const made: { good?: TestCertificate; bad?: TestCertificate } = {};
  await using scene = await startHttps({
    certificates: (from) => {
      made.good = from.issue('DNS:good.test');
      made.bad = from.issue('DNS:bad.test');
      revoke(from, made.bad);
      return { shop: entry(from.issue('DNS:shop.test')) };
    },
    tlsFrom: withList,
  });
  const options = scene.client();
  assert.equal(await ask(scene.port, { ...options, ...pem(made.good!) }), '200');
  assert.match(await ask(scene.port, { ...options, ...pem(made.bad!) }), /REVOKED|ECONNRESET/);
});

test('a session of who is revoked after it began is not resumed', { skip }, async () => {
  const made: { client?: TestCertificate } = {};
  await using scene = await startHttps({
    certificates: (from) => {
      made.client = from.issue('DNS:client.test');
      revoke(from);
      return { shop: entry(from.issue('DNS:shop.test')) };
    },
    tlsFrom: withList,
  });
  const options = { ...scene.client(), ...pem(made.client!), maxVersion: 'TLSv1.2' } as const;
  const { stream, socket } = await connectTls(scene.port, options);
  const session = socket.getSession()!;
  stream.destroy();
  assert.equal(await ask(scene.port, { ...options, session }), '200');
  revoke(scene.authority, made.client!);
  assert.ok((await scene.ballast.reload()).ok);
  assert.match(await ask(scene.port, { ...options, session }), /REVOKED|ECONNRESET/);
});
