// TLS of the probes that run over a stream: what is verified, and what each fault is called.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, copyFileSync, utimesSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { createServer } from 'node:tls';
import type { TlsOptions } from 'node:tls';
import type { ProbePlan, TlsProbePlan } from '../../config/plan-check.ts';
import type { BindPlan } from '../../config/plan.ts';
import type { ProbeReason } from './probe.ts';
import { closing, drip, endless } from './test-behaviours.ts';
import { TestCertificates, certificatesSkip, pem, tlsPlan } from './test-certificates.ts';
import type { TestCertificate } from './test-certificates.ts';
import { httpProbePlan, ipv4 } from './test-plan.ts';
import { runAgainst, runOnce } from './test-run.ts';
import { TestServer, answering, silent } from './test-server.ts';
import { tlsMaterial } from './tls-material.ts';

const skip = certificatesSkip;
const folder = skip === false ? new TestCertificates() : null;
after(() => folder?.remove());
const made = new Map<string, TestCertificate>();

function certificate(names: string, isExpired = false): TestCertificate {
  const id = `${names} ${isExpired}`;
  const found = made.get(id) ?? folder!.issue(names, { isExpired });
  made.set(id, found);
  return found;
}

const OWN = 'DNS:db.test, IP:127.0.0.1';

async function serve(t: TestContext, options: TlsOptions): Promise<[BindPlan, () => string]> {
  let name = 'no connection';
  const server = createServer(options, (socket) => {
    name = socket.servername === false ? '' : (socket.servername ?? '');
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return [ipv4('127.0.0.1', (server.address() as AddressInfo).port), () => name];
}

const http = (tls: TlsProbePlan): ProbePlan => ({ ...httpProbePlan(), tls });
const tcp = (tls: TlsProbePlan): ProbePlan => ({ kind: 'tcp', tls, steps: [] });

/** With the authority of the tests. */
function trusting(parts: Partial<TlsProbePlan> = {}): TlsProbePlan {
  return tlsPlan({ caFile: folder!.ca.cert, ...parts });
}

test('https passes with a certificate for the address, and sends no name', { skip }, async (t) => {
  const [address, name] = await serve(t, pem(certificate(OWN)));
  const result = await runOnce(address, http(trusting()));
  assert.equal(result.reason, 'check-passed', result.detail);
  assert.equal(name(), '', 'an address is no server name (RFC 6066 §3)');
});

test('https asks for serverName and holds the certificate to it', { skip }, async (t) => {
  const [address, name] = await serve(t, pem(certificate(OWN)));
  assert.equal((await runOnce(address, http(trusting({ serverName: 'db.test' })))).passed, true);
  assert.equal(name(), 'db.test');
  const other = await runOnce(address, http(trusting({ serverName: 'other.test' })));
  assert.equal(other.reason, 'certificate-name', other.detail);
});

test('https asks for the name of the server where the check has none', { skip }, async (t) => {
  const [address, name] = await serve(t, pem(certificate(OWN)));
  const result = await runOnce(address, http(trusting()), 5000, 'db.test');
  assert.equal(result.passed, true, result.detail);
  assert.equal(name(), 'db.test');
  const other = await runOnce(address, http(trusting()), 5000, 'other.test');
  assert.equal(other.reason, 'certificate-name', other.detail);
});

type Case = readonly [string, () => TlsOptions, () => TlsProbePlan, ProbeReason];

const CASES: readonly Case[] = [
  ['another name', () => pem(certificate('DNS:x.test')), () => trusting(), 'certificate-name'],
  ['a past time', () => pem(certificate(OWN, true)), () => trusting(), 'certificate-expired'],
  ['no known root', () => pem(certificate(OWN)), () => tlsPlan(), 'certificate-untrusted'],
  [
    'no known root, unverified',
    () => pem(certificate(OWN)),
    () => tlsPlan({ verify: false }),
    'check-passed',
  ],
  [
    'a past time, unverified',
    () => pem(certificate('DNS:x.test', true)),
    () => tlsPlan({ verify: false }),
    'check-passed',
  ],
  [
    'no common version',
    () => ({ ...pem(certificate(OWN)), maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' }),
    () => trusting(),
    'tls-handshake',
  ],
];

for (const [name, options, plan, reason] of CASES) {
  for (const make of [tcp, http]) {
    const { kind } = make(tlsPlan());
    test(`a ${kind} check over TLS ends with ${reason}: ${name}`, { skip }, async (t) => {
      const [address] = await serve(t, options());
      const result = await runOnce(address, make(plan()));
      assert.equal(result.reason, reason, result.detail);
    });
  }
}

test('a client certificate is presented where it is configured', { skip }, async (t) => {
  const client = certificate('DNS:client.test');
  const ca = pem(folder!.ca).cert;
  const options = { ...pem(certificate(OWN)), ca, requestCert: true, rejectUnauthorized: true };
  const [address] = await serve(t, options);
  const good = trusting({ certFile: client.cert, keyFile: client.key });
  assert.equal((await runOnce(address, http(good))).reason, 'check-passed');
  const without = await runOnce(address, http(trusting()));
  assert.equal(without.reason, 'tls-handshake', without.detail);
});

const BAD: readonly (readonly [string, TestServer['behave'], ProbeReason])[] = [
  ['never answers', silent, 'timeout'],
  ['answers garbage', answering('SSH-2.0-OpenSSH_9.2\r\n'), 'tls-handshake'],
  ['closes at once', closing, 'tls-handshake'],
  ['resets', (socket) => void socket.once('data', () => socket.resetAndDestroy()), 'reset'],
  ['begins a record and drips', drip(Buffer.of(0x16, 3, 3, 0x3e, 0x80), 10), 'timeout'],
  ['sends without end', endless('', 'x'.repeat(16_384)), 'tls-handshake'],
];

for (const [name, behave, reason] of BAD) {
  for (const make of [tcp, http]) {
    const { kind } = make(tlsPlan());
    test(`a ${kind} check over TLS ends with ${reason}: the server ${name}`, { skip }, async () => {
      const timeoutMs = reason === 'timeout' ? 150 : 5000;
      const result = await runAgainst(behave, make(trusting()), timeoutMs);
      assert.equal(result.reason, reason, result.detail);
    });
  }
}

test(
  'files that cannot be used are local-setup, and no connection is made',
  { skip },
  async (t) => {
    const server = await TestServer.start(silent);
    t.after(async () => server.stop());
    const empty = join(folder!.folder, 'empty.pem');
    writeFileSync(empty, 'no certificate\n');
    const broken = join(folder!.folder, 'broken.pem');
    writeFileSync(broken, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    const own = certificate(OWN);
    const cases: [Partial<TlsProbePlan>, RegExp][] = [
      [{ caFile: '/nonexistent/ca.pem' }, /"\/nonexistent\/ca.pem": ENOENT/],
      [{ caFile: folder!.folder }, /not a regular file/],
      [{ caFile: empty }, /holds no PEM text/],
      [{ certFile: broken, keyFile: own.key }, /broken.pem".* cannot be used/],
      [{ certFile: own.cert, keyFile: folder!.ca.key }, /cannot be used/],
    ];
    for (const [parts, text] of cases) {
      const result = await runOnce(server.address, tcp(tlsPlan(parts)));
      assert.equal(result.reason, 'local-setup', result.detail);
      assert.match(result.detail, text);
    }
    assert.equal(server.accepted, 0);
  },
);

test(
  'tlsMaterial follows a file that changes, and keeps one that does not',
  { skip },
  async (t) => {
    const path = join(folder!.folder, 'rotated.pem');
    const other = new TestCertificates();
    t.after(() => other.remove());
    copyFileSync(folder!.ca.cert, path);
    const plan = tlsPlan({ caFile: path });
    const first = await tlsMaterial(plan, 0);
    assert.equal(await tlsMaterial(plan, 500), first);
    copyFileSync(other.ca.cert, path);
    utimesSync(path, 1, 1);
    assert.equal(await tlsMaterial(plan, 900), first, 'looked at again after a second only');
    const second = await tlsMaterial(plan, 1100);
    assert.notEqual(second, first);
    assert.equal(await tlsMaterial(plan, 9000), second);
    if (process.getuid?.() !== 0) {
      chmodSync(path, 0);
      assert.equal((await tlsMaterial(plan, 20_000)).ok, false);
    }
  },
);
