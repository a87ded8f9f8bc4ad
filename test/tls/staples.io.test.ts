// An OCSP response of a file reaches the clients that ask for one, of the certificate that is shown.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificatesSkip } from '../../src/control/health/test-certificates.ts';
import type { TestCertificates } from '../../src/control/health/test-certificates.ts';
import { opensslClient } from '../kit/tls-client.ts';
import { entry, startHttps } from './https-scene.ts';

const skip = certificatesSkip;

/** A response that a certificate is good, made by the authority. */
function respond(authority: TestCertificates, cert: string): string {
  const file = (name: string): string => join(authority.folder, name);
  const run = (args: string[]): string => {
    const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const { ca } = authority;
  const serial = run(['x509', '-in', cert, '-noout', '-serial']).trim().split('=')[1]!;
  writeFileSync(file('ocsp.txt'), `V\t350101000000Z\t\t${serial}\tunknown\t/CN=test\n`);
  const request = file('request.der');
  run(['ocsp', '-issuer', ca.cert, '-cert', cert, '-reqout', request, '-no_nonce']);
  const signer = ['-rsigner', ca.cert, '-rkey', ca.key, '-CA', ca.cert];
  const response = file('response.der');
  const days = ['-ndays', '2', '-index', file('ocsp.txt')];
  run(['ocsp', '-reqin', request, ...signer, ...days, '-respout', response]);
  return response;
}

for (const version of ['-tls1_2', '-tls1_3']) {
  test(`a client that asks gets the OCSP response (${version})`, { skip }, async () => {
    await using scene = await startHttps({
      certificates: (from) => {
        const stapled = from.issue('DNS:shop.test');
        const file = respond(from, stapled.cert);
        // Who has signed it must be known: the chain says so.
        appendFileSync(stapled.cert, readFileSync(from.ca.cert));
        return {
          shop: { ...entry(stapled), ocsp: { file } },
          plain: entry(from.issue('DNS:plain.test')),
        };
      },
    });
    const ask = (name: string): Promise<string> =>
      opensslClient(scene.port, ['-status', version, '-servername', name]);
    assert.match(
      await ask('shop.test'),
      /OCSP Response Status: successful[\s\S]*Cert Status: good/,
    );
    assert.match(await ask('plain.test'), /OCSP response: no response sent/);
  });
}
