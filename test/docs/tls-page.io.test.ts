// The configurations of docs/tls.md do what the page says of them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import { createServer as createPlainServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { connect, createServer as createTlsServer } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { TestCertificates, certificatesSkip } from '../../src/control/health/test-certificates.ts';
import type { TestCertificate } from '../../src/control/health/test-certificates.ts';
import { CIPHERS, CIPHER_SUITES, GROUPS } from '../../src/sys/tls/tls-profile.ts';
import { Ballast } from '../kit/ballast.ts';
import { field } from '../kit/http-message.ts';
import { httpAnswer, Origin } from '../kit/origin.ts';
import { ask, getBytes } from '../kit/scene.ts';
import { within } from '../kit/wait.ts';
import { codesIn, page, tableUnder } from './pages.ts';
import { exampleUnder } from './run-example.ts';
import type { ExampleParts } from './run-example.ts';

const skip = certificatesSkip;
const PAGE = 'docs/tls.md';

/** An authority whose certificates go when the test ends. */
function authority(t: TestContext): TestCertificates {
  const made = new TestCertificates();
  t.after(() => made.remove());
  return made;
}

/** Runs the example under a heading until the test ends. */
async function start(t: TestContext, heading: string, parts: ExampleParts) {
  const { config, ports } = await exampleUnder(PAGE, heading, parts);
  const ballast = await Ballast.start(config);
  t.after(() => ballast[Symbol.asyncDispose]());
  return { ballast, ports };
}

async function listen(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Shown = { readonly names: string; readonly kind: string; readonly text: string };

/** Connects, and reads what comes first; what the server's certificate says, or the error. */
function look(port: number, options: ConnectionOptions, sends = ''): Promise<Shown> {
  const done = new Promise<Shown>((resolve, reject) => {
    const all = { host: '127.0.0.1', port, rejectUnauthorized: false, ...options };
    const socket: TLSSocket = connect(all, () => {
      const { subjectaltname = '', asn1Curve } = socket.getPeerCertificate();
      const shown = { names: subjectaltname, kind: asn1Curve === undefined ? 'rsa' : 'ecdsa' };
      socket.write(sends);
      if (sends === '') {
        socket.destroy();
        resolve({ ...shown, text: '' });
      }
      socket.once('data', (chunk: Buffer) => {
        socket.destroy();
        resolve({ ...shown, text: chunk.toString() });
      });
    });
    socket.once('error', reject);
  });
  return within(done, 'the server to be seen');
}

type Answer = { readonly status: number; readonly headers: NodeJS.Dict<string | string[]> };

function get(port: number, options: object): Promise<Answer> {
  const done = new Promise<Answer>((resolve, reject) => {
    const all = { host: '127.0.0.1', port, path: '/', agent: false, ...options };
    const asked = request(all, (answer) => {
      answer.resume();
      answer.once('end', () => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers });
      });
    });
    asked.once('error', reject);
    asked.end();
  });
  return within(done, 'the answer');
}

test('docs/tls.md: HTTPS with a redirect and HSTS', { skip }, async (t) => {
  const made = authority(t);
  const { cert, key } = made.issue('DNS:shop.test');
  await using origin = await Origin.startHttp(() => httpAnswer(200, 'ok'));
  const files = { 'shop.pem': cert, 'shop.key': key };
  const { ports } = await start(t, '', { files, servers: { web: origin.address } });
  const moved = await ask(ports['plain']!, 'GET /a?b HTTP/1.1\r\nHost: shop.test:80\r\n\r\n');
  assert.equal(moved.line, 'HTTP/1.1 308 Permanent Redirect');
  assert.equal(field(moved, 'location'), `https://shop.test:${ports['web']}/a?b`);
  const trust = { servername: 'shop.test', ca: readFileSync(made.ca.cert) };
  const { status, headers } = await get(ports['web']!, trust);
  assert.equal(status, 200);
  assert.equal(headers['strict-transport-security'], 'max-age=15552000');
  const clear = await ask(ports['web']!, getBytes('/'));
  assert.equal(field(clear, 'ballast-reason'), 'plain-http');
});

test('docs/tls.md: several certificates', { skip }, async (t) => {
  const made = authority(t);
  const folder = `${made.folder}/customers`;
  mkdirSync(folder);
  const files: Record<string, string> = { 'customer-certs': folder };
  const add = (name: string, from: TestCertificate): void => {
    files[`${name}.pem`] = from.cert;
    files[`${name}.key`] = from.key;
  };
  add('shop', made.issue('DNS:shop.test'));
  add('shop-rsa', rsaOf(made, 'shop.test'));
  add('wild', made.issue('DNS:*.shop.test'));
  const customer = made.issue('DNS:customer.test');
  copyFileSync(customer.cert, `${folder}/customer.crt`);
  copyFileSync(customer.key, `${folder}/customer.key`);
  await using origin = await Origin.startHttp(() => httpAnswer(200, 'ok'));
  const { ports } = await start(t, '## Certificates', { files, servers: { web: origin.address } });
  const { web, strict } = ports as { web: number; strict: number };
  const names = async (servername: string, port = web): Promise<string> =>
    (await look(port, { servername })).names;
  assert.equal(await names('shop.test'), 'DNS:shop.test');
  assert.equal(await names('a.shop.test'), 'DNS:*.shop.test');
  assert.equal(await names('a.b.shop.test'), 'DNS:shop.test');
  assert.equal(await names('customer.test'), 'DNS:customer.test');
  assert.equal((await look(web, { servername: 'shop.test' })).kind, 'ecdsa');
  const rsa = { servername: 'shop.test', sigalgs: 'rsa_pss_rsae_sha256' };
  assert.equal((await look(web, rsa)).kind, 'rsa');
  assert.equal(await names('a.shop.test', strict), 'DNS:*.shop.test');
  await assert.rejects(names('customer.test', strict), { code: /UNRECOGNIZED_NAME/ });
});

test('docs/tls.md: the map', { skip }, async (t) => {
  const made = authority(t);
  const { cert, key } = made.issue('DNS:shop.test');
  await using origin = await Origin.startHttp(() => httpAnswer(200, 'ok'));
  const files = { 'shop.pem': cert, 'shop.key': key };
  const { ports } = await start(t, '## The map', { files, servers: { web: origin.address } });
  const trust = { servername: 'shop.test', ca: readFileSync(made.ca.cert) };
  assert.equal((await get(ports['web']!, trust)).status, 200);
  await assert.rejects(get(ports['web']!, { ...trust, maxVersion: 'TLSv1.2' }), /protocol version/i);
  const alpn = { ALPNProtocols: ['h2'] };
  await assert.rejects(look(ports['web']!, alpn), /no application protocol/i);
});

test('docs/tls.md: TLS to servers, by requests and by checks', { skip }, async (t) => {
  const made = authority(t);
  const own = made.issue('DNS:web-3.example.com');
  const client = made.issue('DNS:balancer.test');
  const seen = new Set<string>();
  const options = { ...pem(own), ca: readFileSync(made.ca.cert), requestCert: true };
  const server = createServer(options, (asked, answer) => {
    const { servername } = asked.socket as TLSSocket & { servername: string };
    const { subjectaltname = 'none' } = (asked.socket as TLSSocket).getPeerCertificate();
    seen.add(`${asked.url} ${servername} ${subjectaltname}`);
    answer.end('ok');
  });
  const files = { 'ca.pem': made.ca.cert, 'balancer.pem': client.cert, 'balancer.key': client.key };
  const servers = { web: await listen(t, server) };
  const { ballast, ports } = await start(t, '## To servers', { files, servers });
  await ballast.serverState(servers.web, 'up');
  const answer = await ask(ports['web']!, getBytes('/asked'));
  assert.equal(answer.line, 'HTTP/1.1 200 OK');
  const shown = 'web-3.example.com DNS:balancer.test';
  assert.deepEqual([...seen].sort(), [`/asked ${shown}`, `/healthz ${shown}`]);
});

test('docs/tls.md: passed on, and ended, side by side', { skip }, async (t) => {
  const made = authority(t);
  // It takes what was sent before it ends, else the end would be a reset; that of the client is one.
  const greet = (text: string) => (socket: Socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(text));
  };
  const vault = createTlsServer(pem(made.issue('DNS:vault.example.com')), greet('vault'));
  const again = createTlsServer(pem(made.issue('DNS:redis.example.com')), greet('again'));
  const clear = createPlainServer(greet('clear'));
  const { cert, key } = made.issue('DNS:db.test, DNS:*.again.example.com');
  const files = { 'ca.pem': made.ca.cert, 'db.pem': cert, 'db.key': key };
  const servers = {
    vault: await listen(t, vault),
    again: await listen(t, again),
    clear: await listen(t, clear),
  };
  const heading = '## Passed on, and ended, side by side';
  const { ports } = await start(t, heading, { files, servers });
  const seen = async (servername: string): Promise<string> => {
    const { names, text } = await look(ports['mixed']!, { servername }, 'hello');
    return `${names}: ${text}`;
  };
  const own = 'DNS:db.test, DNS:*.again.example.com';
  assert.equal(await seen('vault.example.com'), 'DNS:vault.example.com: vault');
  assert.equal(await seen('a.again.example.com'), `${own}: again`);
  assert.equal(await seen('db.test'), `${own}: clear`);
});

test('docs/tls.md: certificates of clients', { skip }, async (t) => {
  const made = authority(t);
  const { cert, key } = made.issue('DNS:shop.test');
  const good = made.issue('DNS:alice.test');
  const bad = made.issue('DNS:mallory.test');
  await using origin = await Origin.startHttp(() => httpAnswer(200, 'ok'));
  const revoked = revoke(made, bad);
  const own = { 'shop.pem': cert, 'shop.key': key };
  const files = { ...own, 'clients.pem': made.ca.cert, 'revoked.pem': revoked };
  const servers = { web: origin.address };
  const { ports } = await start(t, '## Certificates of clients', { files, servers });
  const trust = { servername: 'shop.test', ca: readFileSync(made.ca.cert) };
  const forged = { headers: { 'X-Client-Subject': 'CN=root', 'client-cert': 'forged' } };
  const { status } = await get(ports['web']!, { ...trust, ...pem(good), ...forged });
  assert.equal(status, 200);
  const told = origin.requests[0]!;
  const rows = tableUnder(page(PAGE), '## Certificates of clients');
  assert.deepEqual(
    rows.map(([name = '']) => codesIn(name)[0]),
    ['subject', 'names', 'fingerprint', 'certificate'],
  );
  assert.equal(field(told, 'x-client-subject'), 'CN=test');
  assert.equal(field(told, 'x-client-names'), 'DNS:alice.test');
  assert.match(field(told, 'x-client-fingerprint')!, /^[0-9a-f]{64}$/);
  const der = readFileSync(good.cert, 'utf8').replaceAll(/-----[^-]+-----|\s/g, '');
  assert.equal(field(told, 'client-cert'), `:${der}:`);
  await assert.rejects(get(ports['web']!, { ...trust, ...pem(bad) }), /REVOKED/i);
  await assert.rejects(get(ports['web']!, trust), /certificate required/i);
});

function pem({ cert, key }: TestCertificate): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

/** A certificate with an RSA key, signed by itself. */
function rsaOf({ folder }: TestCertificates, name: string): TestCertificate {
  const made = { cert: `${folder}/rsa.pem`, key: `${folder}/rsa.key` };
  openssl([
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=rsa'],
    ...['-addext', `subjectAltName=DNS:${name}`, '-keyout', made.key, '-out', made.cert],
  ]);
  return made;
}

function openssl(args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

/** A list of the authority that revokes a certificate. */
function revoke({ folder, ca }: TestCertificates, { cert }: TestCertificate): string {
  const settings = `${folder}/ca.conf`;
  writeFileSync(`${folder}/index.txt`, '');
  writeFileSync(
    settings,
    `[ca]\ndefault_ca=own\n[own]\ndatabase=${folder}/index.txt\ndefault_md=sha256\ndefault_crl_days=2\n`,
  );
  const common = ['ca', '-config', settings, '-keyfile', ca.key, '-cert', ca.cert];
  const list = `${folder}/revoked.pem`;
  openssl([...common, '-revoke', cert]);
  openssl([...common, '-gencrl', '-out', list]);
  return list;
}

test('docs/tls.md lists the versions, ciphers and groups of the profiles', () => {
  const [, suites, ciphers, groups] = tableUnder(page(PAGE), '## Profiles');
  assert.deepEqual(codesIn(suites![1]!), [...CIPHER_SUITES]);
  assert.deepEqual(codesIn(ciphers![1]!), [...CIPHERS]);
  assert.deepEqual(codesIn(groups![1]!), [...GROUPS]);
});
