// Routing by the server name and the protocols of a ClientHello, without ending TLS.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer as createTlsServer } from 'node:tls';
import type { Server } from 'node:tls';
import { readFileSync } from 'node:fs';
import { connect as connectTls } from 'node:tls';
import { test } from 'node:test';
import { portOf } from '../kit/free-ports.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { named, startTcpScene } from '../kit/tcp-scene.ts';
import type { TcpScene } from '../kit/tcp-scene.ts';
import { delay, within } from '../kit/wait.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const skip = hasOpenssl ? false : 'openssl is not installed';

class TlsServers implements AsyncDisposable {
  readonly #dir = new TempDir();
  readonly #servers: Server[] = [];

  /** A server that says its name to each client that has finished the handshake. */
  async start(name: string): Promise<string> {
    const [key, cert] = [this.#dir.file('key.pem'), this.#dir.file('cert.pem')];
    const subject = `/CN=${name}`;
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    spawnSync('openssl', [...args, '-keyout', key, '-out', cert, '-days', '2', '-subj', subject]);
    const options = {
      key: readFileSync(key),
      cert: readFileSync(cert),
      ALPNProtocols: ['h2', 'http/1.1'],
    };
    const server = createTlsServer(options, (socket) => {
      socket.on('error', () => undefined);
      socket.end(name);
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${portOf(server)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await new Promise((resolve) => server.close(resolve));
    this.#dir[Symbol.dispose]();
  }
}

/** What the server says that a client with this name and these protocols reaches; '' where cut. */
function ask(port: number, servername: string, alpn: string[] = []): Promise<string> {
  return within(
    new Promise<string>((resolve) => {
      const socket = connectTls({
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ...(servername === '' ? {} : { servername }),
        ...(alpn.length === 0 ? {} : { ALPNProtocols: alpn }),
      });
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      socket.on('close', () => resolve(text));
      socket.on('error', () => resolve(text));
    }),
    'the answer of a server',
  );
}

async function startNames(servers: TlsServers, last: boolean): Promise<TcpScene> {
  const pools: Record<string, object> = {};
  for (const name of ['exact', 'wild', 'protocol', 'last']) {
    pools[name] = { servers: [await servers.start(name)] };
  }
  const routes: object[] = [
    { sni: ['db.example.com'], pool: 'exact' },
    { sni: ['*.example.com'], pool: 'wild' },
    { alpn: ['h2'], pool: 'protocol' },
  ];
  if (last) routes.push({ pool: 'last' });
  return startTcpScene({ listener: { routes, timeouts: { hello: '500ms' } }, top: { pools } });
}

test('a session goes where its server name and its protocols say', { skip }, async () => {
  await using servers = new TlsServers();
  await using scene = await startNames(servers, true);
  assert.equal(await ask(scene.port, 'db.example.com'), 'exact');
  assert.equal(await ask(scene.port, 'DB.Example.com'), 'exact');
  assert.equal(await ask(scene.port, 'other.example.com'), 'wild');
  assert.equal(await ask(scene.port, 'a.b.example.com'), 'wild');
  assert.equal(await ask(scene.port, 'elsewhere.org', ['h2', 'http/1.1']), 'protocol');
  assert.equal(await ask(scene.port, 'elsewhere.org'), 'last');
  assert.equal(await ask(scene.port, ''), 'last');
  const line = await scene.ballast.accessLine((one) => one.pool === 'exact');
  assert.equal(line['serverName'], 'db.example.com');
});

test('a name without a route is cut where no route takes the rest', { skip }, async () => {
  await using servers = new TlsServers();
  await using scene = await startNames(servers, false);
  assert.equal(await ask(scene.port, 'elsewhere.org'), '');
  const line = await scene.ballast.accessLine(() => true);
  assert.equal(line.reason, 'no-route');
});

test('a ClientHello may come byte by byte', { skip }, async () => {
  await using servers = new TlsServers();
  await using scene = await startNames(servers, true);
  const hello = spawnSync(
    process.execPath,
    [
      '-e',
      "const n=require('net').createServer(s=>s.once('data',d=>{process.stdout.write(d.toString('hex'));process.exit()}))" +
        ".listen(0,'127.0.0.1',()=>require('tls').connect({port:n.address().port,host:'127.0.0.1',servername:'db.example.com'}).on('error',()=>{}))",
    ],
    { encoding: 'utf8' },
  ).stdout;
  const bytes = Buffer.from(hello, 'hex');
  assert.ok(bytes.length > 200, hello);
  const client = await scene.connect();
  for (const byte of bytes) await client.write(Buffer.from([byte]));
  // The server's first record of the handshake comes back: it has the whole ClientHello.
  const [type] = await client.readBytes(1);
  assert.equal(type, 22);
  client.destroy();
  const line = await scene.ballast.accessLine(() => true);
  assert.equal(line.pool, 'exact');
});

test('a ClientHello that never ends is cut, by its time or by its size', { skip }, async () => {
  await using servers = new TlsServers();
  await using scene = await startNames(servers, true);
  const slow = await scene.connect();
  await slow.write(Buffer.from([22, 3, 1, 2, 0, 1]));
  assert.equal(await slow.closed(), 'reset');
  const large = await scene.connect();
  const record = Buffer.concat([Buffer.from([22, 3, 1, 0x40, 0]), Buffer.alloc(0x4000, 1)]);
  record.set([1, 0, 0xff, 0xff], 5);
  void large.write(record);
  void large.write(record);
  assert.equal(await large.closed(), 'reset');
  const lines = ['hello-timeout', 'bad-client-hello'];
  for (const reason of lines) await scene.ballast.accessLine((line) => line.reason === reason);
});

test('what is no TLS goes to the route that takes everything', { skip }, async () => {
  await using scene = await startTcpScene({
    scripts: [named('plain')],
    listener: { routes: [{ sni: ['db.example.com'], pool: 'other' }, { pool: 'tcp' }] },
    top: { pools: { other: { servers: ['127.0.0.1:1'] } } },
  });
  const client = await scene.connect();
  await client.write('SSH-2.0-client\r\n');
  await client.readUntil('SSH-2.0-client\r\n');
  client.destroy();
  await delay(1);
});
