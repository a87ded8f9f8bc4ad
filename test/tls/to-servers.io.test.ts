// TLS towards servers: verified by default, by the name or the address; sessions are resumed; what
// fails is tried on another server and said.
import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { test } from 'node:test';
import type { TLSSocket, TlsOptions } from 'node:tls';
import { createServer as createTlsServer } from 'node:tls';
import {
  TestCertificates,
  certificatesSkip,
  pem,
} from '../../src/control/health/test-certificates.ts';
import { readFileSync } from 'node:fs';
import { Ballast } from '../kit/ballast.ts';
import { connectTo } from '../kit/byte-stream.ts';
import type { Tree } from '../kit/config.ts';
import { freePort, portOf } from '../kit/free-ports.ts';
import { ask, getBytes, postBytes } from '../kit/scene.ts';
import { until } from '../kit/wait.ts';

const skip = certificatesSkip;

type Seen = { readonly servername: string; readonly isReused: boolean; readonly client: string };

/** A server of HTTPS that says its name and remembers the connections it got. */
class SecureServer implements AsyncDisposable {
  readonly seen: Seen[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<TLSSocket>();

  constructor(name: string, options: TlsOptions) {
    this.#server = createServer(options, (request, answer) => {
      request.resume().once('end', () => answer.end(name));
    });
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.seen.push({
        servername: String(socket.servername),
        isReused: socket.isSessionReused(),
        client: String(socket.getPeerCertificate().subject?.CN ?? ''),
      });
    });
    this.#server.on('tlsClientError', () => undefined);
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get address(): string {
    return `127.0.0.1:${portOf(this.#server)}`;
  }

  /** Ends all its connections, so that the next request needs a new one. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function start(
  servers: unknown[],
  tls: unknown,
  pool: Tree = {},
): Promise<Ballast & { port: number }> {
  const port = await freePort();
  const ballast = await Ballast.start({
    workers: 1,
    listeners: { web: { bind: `127.0.0.1:${port}`, pool: 'web' } },
    pools: { web: { servers, tls, ...pool } },
  });
  return Object.assign(ballast, { port });
}

test(
  'servers are verified: the address where they have no name, and serverName where it is given',
  { skip },
  async () => {
    using authority = new TestCertificates();
    await using byAddress = await new SecureServer(
      'address',
      pem(authority.issue('IP:127.0.0.1')),
    ).listen();
    await using byName = await new SecureServer(
      'name',
      pem(authority.issue('DNS:db.test')),
    ).listen();
    const tls = { ca: authority.ca.cert };
    await using first = await start([byAddress.address], tls);
    assert.equal((await ask(first.port, getBytes('/'))).body.toString(), 'address');
    assert.equal(byAddress.seen[0]!.servername, 'false');
    const named = { address: byName.address, serverName: 'db.test' };
    await using second = await start([named], tls);
    assert.equal((await ask(second.port, getBytes('/'))).body.toString(), 'name');
    assert.equal(byName.seen[0]!.servername, 'db.test');
  },
);

test('a server that cannot be verified gets nothing, and the log says why', { skip }, async () => {
  using authority = new TestCertificates();
  using others = new TestCertificates();
  const cases: readonly [string, TlsOptions, RegExp][] = [
    ['another name', pem(authority.issue('DNS:other.test')), /IP address mismatch/],
    ['another authority', pem(others.issue('IP:127.0.0.1')), /unable to get local issuer/],
    ['expired', pem(authority.issue('IP:127.0.0.1', { isExpired: true })), /expired/],
  ];
  for (const [name, options, why] of cases) {
    await using server = await new SecureServer(name, options).listen();
    await using ballast = await start([server.address], { ca: authority.ca.cert });
    const answer = await ask(ballast.port, postBytes('/', 'secret'));
    assert.equal(answer.status, 502, name);
    assert.match(answer.body.toString(), /server-tls/, name);
    await until(() => why.test(ballast.stderr), { what: `${String(why)} in the log` });
    assert.ok(ballast.stderr.includes(server.address));
  }
});

test(
  'with "verify: false" any certificate will do; without TLS towards it a server answers nonsense',
  { skip },
  async () => {
    using authority = new TestCertificates();
    await using server = await new SecureServer('any', pem(authority.issue('DNS:x'))).listen();
    await using loose = await start([server.address], { verify: false });
    assert.equal((await ask(loose.port, getBytes('/'))).status, 200);
    await using clear = await start([server.address], false);
    assert.ok((await ask(clear.port, getBytes('/'))).status >= 400);
  },
);

test(
  'what fails on one server is tried on another, and passive health takes note',
  { skip },
  async () => {
    using authority = new TestCertificates();
    await using bad = await new SecureServer('bad', pem(authority.issue('DNS:x'))).listen();
    await using good = await new SecureServer(
      'good',
      pem(authority.issue('IP:127.0.0.1')),
    ).listen();
    await using ballast = await start([bad.address, good.address], { ca: authority.ca.cert });
    for (let i = 0; i < 10; i++) {
      const answer = await ask(ballast.port, postBytes('/', 'body'));
      assert.equal(answer.body.toString(), 'good');
    }
    assert.equal(bad.seen.length, 0);
  },
);

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(
    `sessions of ${version} with servers are resumed, and idle connections are used again`,
    { skip },
    async () => {
      using authority = new TestCertificates();
      const options = {
        ...pem(authority.issue('IP:127.0.0.1')),
        minVersion: version,
        maxVersion: version,
      };
      await using server = await new SecureServer('one', options).listen();
      await using ballast = await start([server.address], { ca: authority.ca.cert });
      for (let i = 0; i < 5; i++)
        assert.equal((await ask(ballast.port, getBytes('/'))).status, 200);
      assert.equal(server.seen.length, 1, 'one connection for all');
      for (let i = 1; i <= 3; i++) {
        server.cut();
        assert.equal((await ask(ballast.port, getBytes('/'))).status, 200);
        assert.equal(server.seen.length, 1 + i);
        assert.ok(server.seen[i]!.isReused, `connection ${i}`);
      }
    },
  );
}

test('a certificate of our own is shown to servers that ask for it', { skip }, async () => {
  using authority = new TestCertificates();
  const own = authority.issue('DNS:balancer.test', { subject: '/CN=balancer' });
  const options = {
    ...pem(authority.issue('IP:127.0.0.1')),
    requestCert: true,
    rejectUnauthorized: true,
    ca: readFileSync(authority.ca.cert),
  };
  await using server = await new SecureServer('strict', options).listen();
  await using ballast = await start([server.address], { ca: authority.ca.cert, ...own });
  assert.equal((await ask(ballast.port, getBytes('/'))).status, 200);
  assert.equal(server.seen[0]!.client, 'balancer');
  await using without = await start([server.address], { ca: authority.ca.cert });
  assert.ok((await ask(without.port, getBytes('/'))).status >= 500);
});

test(
  'checks speak TLS as the pool does: a server with a bad certificate is down',
  { skip },
  async () => {
    using authority = new TestCertificates();
    await using good = await new SecureServer(
      'good',
      pem(authority.issue('IP:127.0.0.1')),
    ).listen();
    await using bad = await new SecureServer('bad', pem(authority.issue('DNS:x'))).listen();
    const check = { http: { path: '/' }, every: '50ms', rise: 1, fall: 1, timeout: '5s' };
    await using ballast = await start(
      [good.address, bad.address],
      { ca: authority.ca.cert },
      { check },
    );
    await ballast.serverState(good.address, 'up');
    await ballast.serverState(bad.address, 'down');
  },
);

test('a tcp listener in the clear speaks TLS with its servers', { skip }, async () => {
  using authority = new TestCertificates();
  const server = createTlsServer(pem(authority.issue('IP:127.0.0.1')), (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = await freePort();
  await using _ballast = await Ballast.start({
    workers: 1,
    listeners: { tcp: { bind: `127.0.0.1:${port}`, protocol: 'tcp', pool: 'tcp' } },
    pools: { tcp: { servers: [`127.0.0.1:${portOf(server)}`], tls: { ca: authority.ca.cert } } },
  });
  const stream = await connectTo(port, '127.0.0.1');
  void stream.write('hello\n');
  assert.equal(await stream.readUntil('\n'), 'hello\n');
  const large = Buffer.alloc(1 << 20, 'x');
  void stream.write(large);
  assert.deepEqual(await stream.readBytes(large.length), large);
  stream.end();
  assert.equal(await stream.closed(), 'end');
  server.close();
});
