// Against what OpenSSL says of the same certificates and keys.
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { test } from 'node:test';
import { TempDir } from '../../test/kit/temp-dir.ts';
import { nameParts, publicMaterialOf, readCertificate, readPublicKey } from './x509.ts';

const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'needs openssl';

function derOf(pem: string): Uint8Array {
  return new X509Certificate(pem).raw;
}

test('readCertificate reads names, times, numbers and keys of all roots as OpenSSL does', () => {
  for (const pem of rootCertificates) {
    const x509 = new X509Certificate(pem);
    const fields = readCertificate(x509.raw)!;
    assert.equal(fields.notAfter, x509.validToDate.getTime());
    assert.equal(fields.notBefore, x509.validFromDate.getTime());
    const serial = Buffer.from(fields.serial).toString('hex').toUpperCase().replace(/^00/, '');
    assert.equal(serial.replace(/^0/, ''), x509.serialNumber.replace(/^0/, ''));
    assert.deepEqual(
      Buffer.from(fields.publicKey),
      x509.publicKey.export({ type: 'spki', format: 'der' }),
    );
    const key = readPublicKey(fields.publicKey)!;
    assert.equal(key.kind, x509.publicKey.asymmetricKeyType);
    if (key.kind === 'rsa')
      assert.equal(key.bits, x509.publicKey.asymmetricKeyDetails!.modulusLength);
    for (const [kind, value] of nameParts(fields.subject)) {
      if (kind === 'CN') assert.ok(x509.subject.includes(`CN=${value}`), x509.subject);
    }
  }
});

test('readCertificate reads subjectAltName and where the responder is', { skip }, () => {
  using dir = new TempDir();
  const file = dir.file('a.pem');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const { status, stderr } = spawnSync('openssl', [
    ...['req', '-x509', ...key, '-keyout', dir.file('a.key'), '-out', file, '-subj', '/O=Ö/CN=a'],
    ...['-addext', 'subjectAltName=DNS:A.test,DNS:*.a.test,IP:10.0.0.1,IP:fd00::1,email:x@y.z'],
    ...['-addext', 'authorityInfoAccess=OCSP;URI:http://o.test/,caIssuers;URI:http://c.test/'],
    ...['-utf8'],
  ]);
  assert.equal(status, 0, String(stderr));
  const fields = readCertificate(derOf(readFileSync(file, 'utf8')))!;
  assert.deepEqual(fields.names, ['A.test', '*.a.test', '10.0.0.1', 'fd00::1']);
  assert.equal(fields.ocspUrl, 'http://o.test/');
  assert.equal(fields.hasIssuerUrl, true);
  assert.deepEqual(nameParts(fields.subject), [
    ['O', 'Ö'],
    ['CN', 'a'],
  ]);
});

test('readCertificate never throws, whatever byte is changed or cut off', () => {
  const good = derOf(rootCertificates[0]!);
  for (let at = 0; at < good.length; at++) {
    const broken = Uint8Array.from(good);
    broken[at] = broken[at]! ^ 0xff;
    readCertificate(broken);
    assert.equal(readCertificate(good.subarray(0, at)), null, `${at}`);
  }
});

test('publicMaterialOf finds in every form of a key what its certificate would have', () => {
  const forms = [
    ['rsa', 'pkcs1', 'RSA PRIVATE KEY'],
    ['rsa', 'pkcs8', 'PRIVATE KEY'],
    ['ec', 'sec1', 'EC PRIVATE KEY'],
    ['ec', 'pkcs8', 'PRIVATE KEY'],
  ] as const;
  const made = {
    rsa: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
    ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  };
  for (const [kind, type, label] of forms) {
    const { publicKey, privateKey } = made[kind];
    const spki = readPublicKey(publicKey.export({ type: 'spki', format: 'der' }))!;
    const bytes = createPrivateKey(String(privateKey.export({ type: 'pkcs8', format: 'pem' })));
    const material = publicMaterialOf(label, bytes.export({ type, format: 'der' }) as Buffer);
    assert.ok(spki.kind === kind);
    assert.deepEqual(Buffer.from(material!), Buffer.from(spki.material), `${kind} ${type}`);
  }
});

test('publicMaterialOf is null for a key that has no public part in it', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const bytes = privateKey.export({ type: 'pkcs8', format: 'der' });
  assert.equal(publicMaterialOf('PRIVATE KEY', bytes), null);
});
