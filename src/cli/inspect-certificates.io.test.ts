// What `ballast check` says of certificates, each at its place in the file.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TempDir } from '../../test/kit/temp-dir.ts';
import { TestCertificates, certificatesSkip } from '../control/health/test-certificates.ts';

const skip = certificatesSkip;
const BALLAST = join(import.meta.dirname, '../../bin/ballast');

/** Exit status of `ballast check`, and its diagnostics without the lines that it shows of the file. */
function check(folder: string, text: string): { status: number | null; lines: string[] } {
  const file = join(folder, 'ballast.yaml');
  writeFileSync(file, text);
  const { status, stderr } = spawnSync(BALLAST, ['check', file], { encoding: 'utf8' });
  const lines = stderr.replaceAll(`${folder}/`, '').split('\n');
  return { status, lines: lines.filter((line) => line.startsWith('ballast.yaml:')) };
}

/** A file with these certificates, all of them shown by one listener. */
function shown(certificates: string, routes = ''): string {
  return `certificates:
${certificates}
listeners:
  web: { bind: 127.0.0.1:443, tls: true, ${routes} pool: web }
pools:
  web: { servers: [127.0.0.1:1] }
`;
}

test('ballast check says nothing of good certificates', { skip }, () => {
  using made = new TestCertificates();
  const { cert, key } = made.issue('DNS:a.test, DNS:*.b.test');
  chmodSync(key, 0o600);
  const hosts = 'routes: [{ hosts: [a.test, x.b.test, "*.b.test", 10.0.0.1], respond: {} }],';
  const { status, lines } = check(made.folder, shown(`  a: { cert: ${cert}, key: ${key} }`, hosts));
  assert.deepEqual(lines, []);
  assert.equal(status, 0);
});

test('ballast check refuses what a start would refuse, with the place', { skip }, () => {
  using made = new TestCertificates();
  const one = made.issue('DNS:a.test');
  const two = made.issue('DNS:b.test');
  for (const { key } of [one, two]) chmodSync(key, 0o600);
  writeFileSync(join(made.folder, 'text.pem'), 'no certificate');
  const { status, lines } = check(
    made.folder,
    `certificates:
  missing: { cert: missing.pem }
  text: { cert: text.pem }
  other: { cert: ${one.cert}, key: ${two.key} }
  none: { folder: nothing }
listeners:
  web:
    bind: 127.0.0.1:443
    tls: { clientCertificates: { ca: ca-gone.pem, crl: ${one.cert} } }
    pool: web
pools:
  web: { servers: [127.0.0.1:1], tls: { ca: text.pem, cert: us.pem, key: us.key } }
`,
  );
  assert.equal(status, 1);
  const places = lines.map((line) => /^ballast.yaml:([\d:]+): (BAL_\w+): (?!warning)/.exec(line));
  assert.deepEqual(
    places.map((match) => `${match?.[1]} ${match?.[2]}`),
    [
      '2:20 BAL_CERTIFICATE_FILE',
      '3:17 BAL_CERTIFICATE_FILE',
      `4:${`  other: { cert: ${one.cert}, key: `.length + 1} BAL_CERTIFICATE_KEY`,
      '5:19 BAL_CERTIFICATE_FILE',
      '9:38 BAL_CERTIFICATE_FILE',
      '9:56 BAL_CERTIFICATE_FILE',
      '12:45 BAL_CERTIFICATE_FILE',
      '12:61 BAL_CERTIFICATE_FILE',
      '12:74 BAL_CERTIFICATE_FILE',
    ],
  );
  assert.match(lines[0]!, /"missing.pem": there is no such file/);
  assert.match(lines[2]!, /is not that of the certificate/);
});

test('ballast check warns of what would be served in spite of it', { skip }, () => {
  using made = new TestCertificates();
  const past = made.issue('DNS:a.test', { isExpired: true });
  const open = made.issue('DNS:c.test');
  chmodSync(past.key, 0o600);
  chmodSync(open.key, 0o644);
  const folder = join(made.folder, 'site');
  mkdirSync(folder);
  mkdirSync(join(made.folder, 'empty'));
  copyFileSync(past.cert, join(folder, 'broken.crt'));
  writeFileSync(join(folder, 'good.pem'), readFileSync(open.cert));
  const certificates = `  past: { cert: ${past.cert}, key: ${past.key} }
  open: { cert: ${open.cert}, key: ${open.key}, ocsp: { file: open.ocsp } }
  site: { folder: site }
  empty: { folder: empty }`;
  const routes = 'routes: [{ hosts: [c.test, d.test, x.c.test], respond: {} }],';
  const { status, lines } = check(made.folder, shown(certificates, routes));
  assert.equal(status, 0);
  const texts = lines.map((line) =>
    line.replace(/^ballast.yaml:(\d+):\d+: BAL_CERTIFICATE_/, '$1 '),
  );
  const expected = [
    /^2 EXPIRED: warning: the certificate in "1.pem" has expired on .*: clients refuse it: renew it/,
    /^3 WARNING: warning: every user of this machine may read the key "2.key"/,
    /^3 WARNING: warning: there is no OCSP response "open.ocsp"/,
    /^4 KEY: warning: .*broken.crt" holds no private key.*: it would be left out/,
    /^4 KEY: warning: .*good.pem" holds no private key.*: it would be left out/,
    /^5 WARNING: warning: the folder holds no certificates/,
    /^7 WARNING: warning: no certificate of the listener is valid for "d.test": clients get that of "past"/,
    /^7 WARNING: warning: no certificate of the listener is valid for "x.c.test"/,
  ];
  assert.equal(texts.length, expected.length, texts.join('\n'));
  for (const [i, pattern] of expected.entries()) assert.match(texts[i]!, pattern);
});

test('ballast run names everything that is wrong with certificates, with places', { skip }, () => {
  using made = new TestCertificates();
  const file = join(made.folder, 'ballast.yaml');
  const certificates = `  a: { cert: gone.pem }\n  b: { cert: ${made.ca.cert}, key: gone.key }`;
  writeFileSync(file, `admin: off\n${shown(certificates)}`);
  const { status, stderr } = spawnSync(BALLAST, ['run', file], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /ballast.yaml:3:14: BAL_CERTIFICATE_FILE: .*gone.pem/);
  assert.match(stderr, /ballast.yaml:4:14: BAL_CERTIFICATE_FILE: .*gone.key/);
});

test('ballast check warns where ballast run refuses for want of a folder for ACME', () => {
  using dir = new TempDir();
  const certificates = '  a: { acme: { names: a.test, challenge: tls-alpn-01 } }';
  const text = `admin: off\n${shown(certificates)}`;
  const { status, lines } = check(dir.path, text);
  assert.equal(status, 0);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^ballast.yaml:3:8: BAL_CONFIG_NEEDS_STATE: warning: /);
  const run = spawnSync(BALLAST, ['run', dir.file('ballast.yaml')], { encoding: 'utf8' });
  assert.equal(run.status, 1);
  assert.match(run.stderr, /ballast.yaml:3:8: BAL_CONFIG_NEEDS_STATE: ACME needs a folder/);
});
