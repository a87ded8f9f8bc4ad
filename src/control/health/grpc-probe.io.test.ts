// The gRPC check against HTTP/2 servers that answer well, badly, or not as gRPC does.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSecureServer, createServer } from 'node:http2';
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { BindPlan } from '../../config/plan.ts';
import type { ProbeReason } from './probe.ts';
import { TestCertificates, certificatesSkip, pem, tlsPlan } from './test-certificates.ts';
import { ipv4 } from './test-plan.ts';
import { grpcPlan, probeOnce } from './test-probe-plans.ts';
import { TestServer } from './test-server.ts';

const skip = certificatesSkip;
const folder = skip === false ? new TestCertificates() : null;
after(() => folder?.remove());

type Answer = (stream: ServerHttp2Stream, service: string, head: IncomingHttpHeaders) => void;

async function listen(t: TestContext, server: Http2Server, answer: Answer): Promise<BindPlan> {
  server.on('stream', (stream: ServerHttp2Stream, head) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    // 5 bytes of prefix, 2 of the field's key and length.
    stream.on('end', () => answer(stream, Buffer.concat(chunks).subarray(7).toString(), head));
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const session of sessions) session.destroy();
  });
  return ipv4('127.0.0.1', (server.address() as AddressInfo).port);
}

const TYPE = { 'content-type': 'application/grpc' };
const message = (status: number): Buffer => Buffer.from([0, 0, 0, 0, 2, 8, status]);

/** Answers with a message and grpc-status in trailers. */
function say(stream: ServerHttp2Stream, bytes: Buffer, status: string): void {
  stream.respond({ ':status': 200, ...TYPE }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
  stream.end(bytes);
}

test('grpcProbe asks for the service, as the authority, with the time that is left', async (t) => {
  const seen: (readonly [string, IncomingHttpHeaders])[] = [];
  const address = await listen(t, createServer(), (stream, service, head) => {
    seen.push([service, head]);
    say(stream, message(1), '0');
  });
  const first = await probeOnce(address, grpcPlan(), 5000);
  assert.equal(first.reason, 'check-passed', first.detail);
  await probeOnce(address, grpcPlan({ service: 'shop.Cart', authority: 'shop.test' }), 5000);
  const [[service, head], [otherService, otherHead]] = seen as [(typeof seen)[0], (typeof seen)[0]];
  assert.deepEqual([service, otherService], ['', 'shop.Cart']);
  assert.equal(head[':authority'], `127.0.0.1:${address.port}`);
  assert.equal(otherHead[':authority'], 'shop.test');
  assert.equal(head[':path'], '/grpc.health.v1.Health/Check');
  assert.equal(head[':scheme'], 'http');
  assert.equal(head['te'], 'trailers');
  const left = Number(/^([0-9]+)m$/.exec(String(head['grpc-timeout']))![1]);
  assert.ok(left > 3000 && left <= 5000, String(left));
});

/** An answer without a message. */
const only =
  (fields: Record<string, string | number>): Answer =>
  (stream) =>
    stream.respond(fields, { endStream: true });
const ANSWERS: readonly (readonly [string, Answer, ProbeReason, RegExp])[] = [
  ['NOT_SERVING', (stream) => say(stream, message(2), '0'), 'not-serving', /NOT_SERVING/],
  ['UNKNOWN', (stream) => say(stream, message(0), '0'), 'not-serving', /UNKNOWN/],
  ['SERVICE_UNKNOWN', (stream) => say(stream, message(3), '0'), 'unknown-service', /SERVICE/],
  ['NOT_FOUND', only({ ...TYPE, 'grpc-status': '5' }), 'unknown-service', /NOT_FOUND/],
  ['UNIMPLEMENTED', only({ ...TYPE, 'grpc-status': '12' }), 'server-error', /no grpc.health/],
  ['UNAVAILABLE', only({ ...TYPE, 'grpc-status': '14' }), 'server-error', /^UNAVAILABLE$/],
  ['UNAUTHENTICATED', only({ ...TYPE, 'grpc-status': '16' }), 'auth-failed', /UNAUTH/],
  ['a status after a message', (s) => say(s, message(1), '13'), 'server-error', /INTERNAL/],
  ['a status that is none', only({ ...TYPE, 'grpc-status': '99' }), 'protocol', /grpc-status/],
  ['OK without a message', only({ ...TYPE, 'grpc-status': '0' }), 'protocol', /no message/],
  ['404 of HTTP', only({ ':status': 404 }), 'status', /404/],
  ['a web page', only({ 'content-type': 'text/html' }), 'protocol', /application\/grpc/],
  [
    'no trailers',
    (stream) => {
      stream.respond(TYPE);
      stream.end(message(1));
    },
    'protocol',
    /no grpc-status/,
  ],
  [
    'two messages',
    (s) => say(s, Buffer.concat([message(1), message(1)]), '0'),
    'protocol',
    /length/,
  ],
  ['a message without end', (s) => say(s, Buffer.alloc(60_000), '0'), 'too-large', /exceeds/],
  ['a reset', (stream) => stream.close(7), 'server-error', /REFUSED_STREAM/],
  ['GOAWAY', (stream) => stream.session!.goaway(11), 'server-error', /ended the connection/],
  ['half an answer', (stream) => stream.respond(TYPE), 'timeout', /no full answer/],
  ['a close', (stream) => stream.session!.destroy(), 'closed', /before the answer/],
];

for (const [name, answer, reason, detail] of ANSWERS) {
  test(`grpcProbe says ${reason} at ${name}`, async (t) => {
    const address = await listen(t, createServer(), answer);
    const result = await probeOnce(address, grpcPlan(), reason === 'timeout' ? 300 : 10_000);
    assert.equal(result.reason, reason, result.detail);
    assert.match(result.detail, detail);
  });
}

test('grpcProbe reads a limited number of bytes, whatever they are', async (t) => {
  // SETTINGS, as is due; then frames of a type that HTTP/2 passes over (RFC 9113 §5.5).
  const settings = Buffer.from('000000040000000000', 'hex');
  const frame = Buffer.concat([Buffer.from('003ff7500000000000', 'hex'), Buffer.alloc(0x3ff7)]);
  const server = await TestServer.start((socket) => {
    socket.write(settings);
    const more = (): void => {
      while (!socket.destroyed && socket.write(frame));
    };
    socket.on('drain', more).resume();
    more();
  });
  t.after(async () => server.stop());
  const result = await probeOnce(server.address, grpcPlan(), 10_000);
  assert.equal(result.reason, 'too-large', result.detail);
  assert.match(result.detail, /more than 65536 bytes/);
  await server.quiet();
});

test('grpcProbe verifies the certificate and wants ALPN h2', { skip }, async (t) => {
  const files = folder!.issue('DNS:grpc.test, IP:127.0.0.1');
  const ok: Answer = (stream, _service, head) => {
    say(stream, message(head[':scheme'] === 'https' ? 1 : 2), '0');
  };
  const address = await listen(t, createSecureServer(pem(files)), ok);
  const { ca } = folder!;
  const trusting = grpcPlan({ tls: tlsPlan({ caFile: ca.cert, serverName: 'grpc.test' }) });
  const result = await probeOnce(address, trusting);
  assert.equal(result.reason, 'check-passed', result.detail);
  const wary = grpcPlan({ tls: tlsPlan() });
  assert.equal((await probeOnce(address, wary)).reason, 'certificate-untrusted');
  // A TLS server that has never heard of HTTP/2.
  const { createServer: createTlsServer } = await import('node:tls');
  const old = createTlsServer(pem(files), (socket) => socket.on('error', () => undefined));
  old.listen(0, '127.0.0.1');
  await once(old, 'listening');
  t.after(() => old.close());
  const other = ipv4('127.0.0.1', (old.address() as AddressInfo).port);
  const refused = await probeOnce(other, trusting);
  assert.equal(refused.reason, 'tls-handshake');
  assert.match(refused.detail, /h2/);
});
