// TLS on a tcp listener: ended for some names and passed on for others, on one port; what comes out is
// in the clear, or encrypted anew.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import type { Server } from 'node:tls';
import {
  TestCertificates,
  certificatesSkip,
  pem,
} from '../../src/control/health/test-certificates.ts';
import { readFileSync } from 'node:fs';
import { Ballast } from '../kit/ballast.ts';
import type { Tree } from '../kit/config.ts';
import { freePort, portOf } from '../kit/free-ports.ts';
import { Origin } from '../kit/origin.ts';
import { named } from '../kit/tcp-scene.ts';
import { connectTls } from '../kit/tls-client.ts';
import type { TlsClient } from '../kit/tls-client.ts';
import { entry } from './https-scene.ts';

const skip = certificatesSkip;

class Layer4Scene implements AsyncDisposable {
  readonly authority = new TestCertificates();
  readonly #secure: Server[] = [];
  readonly #clear: Origin[] = [];
  ballast!: Ballast;
  port = 0;

  async secureServer(name: string, names: string): Promise<string> {
    const server = createServer(pem(this.authority.issue(names)), (socket) => {
      socket.on('error', () => undefined);
      socket.write(`${name}\n`);
      socket.pipe(socket);
    });
    this.#secure.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${portOf(server)}`;
  }

  async clearServer(name: string): Promise<string> {
    const origin = await Origin.start(named(name));
    this.#clear.push(origin);
    return origin.address;
  }

  async start(listener: Tree, pools: Tree): Promise<void> {
    this.port = await freePort();
    const shop = entry(this.authority.issue('DNS:shop.test, DNS:again.test'));
    this.ballast = await Ballast.start({
      workers: 1,
      certificates: { shop },
      listeners: {
        tcp: { bind: `127.0.0.1:${this.port}`, protocol: 'tcp', tls: 'shop', ...listener },
      },
      pools,
    });
  }

  connect(servername: string): Promise<TlsClient> {
    return connectTls(this.port, { servername, ca: readFileSync(this.authority.ca.cert) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ballast?.[Symbol.asyncDispose]();
    for (const server of this.#secure) server.close();
    for (const origin of this.#clear) await origin.stop();
    this.authority.remove();
  }
}

test(
  'by name: ended here, encrypted anew, or passed on as it came, on one port',
  { skip },
  async () => {
    await using scene = new Layer4Scene();
    const [clear, again, passed] = [
      await scene.clearServer('clear'),
      await scene.secureServer('again', 'IP:127.0.0.1'),
      await scene.secureServer('passed', 'DNS:passed.test'),
    ];
    await scene.start(
      {
        routes: [
          { sni: 'passed.test', passthrough: true, pool: 'passed' },
          { sni: 'again.test', pool: 'again' },
        ],
        pool: 'clear',
      },
      {
        clear: { servers: [clear] },
        again: { servers: [again], tls: { ca: scene.authority.ca.cert } },
        passed: { servers: [passed] },
      },
    );
    for (const [name, server] of [
      ['shop.test', 'clear'],
      ['again.test', 'again'],
      ['passed.test', 'passed'],
    ] as const) {
      const { stream, socket } = await scene.connect(name);
      assert.equal(await stream.readUntil('\n'), `${server}\n`);
      void stream.write('ping\n');
      assert.equal(await stream.readUntil('\n'), 'ping\n');
      // The certificate is that of whoever ends TLS.
      const { subjectaltname } = socket.getPeerCertificate();
      assert.equal(subjectaltname?.includes('passed.test'), server === 'passed');
      stream.end();
      assert.equal(await stream.closed(), 'end');
    }
    const line = await scene.ballast.accessLine((each) => each['serverName'] === 'again.test');
    assert.equal(line.bytesIn, 5);
    assert.equal(line.bytesOut, 'again\nping\n'.length);
  },
);

test('bulk goes both ways through TLS on both sides', { skip }, async () => {
  await using scene = new Layer4Scene();
  const again = await scene.secureServer('again', 'IP:127.0.0.1');
  await scene.start(
    { pool: 'again' },
    { again: { servers: [again], tls: { ca: scene.authority.ca.cert } } },
  );
  const { stream } = await scene.connect('shop.test');
  await stream.readUntil('\n');
  const bulk = Buffer.alloc(2 << 20, 'abcdefgh');
  void stream.write(bulk);
  assert.ok((await stream.readBytes(bulk.length)).equals(bulk));
  stream.destroy();
});

test(
  'a failed handshake ends the session with its reason, before any server is asked',
  { skip },
  async () => {
    await using scene = new Layer4Scene();
    const clear = await scene.clearServer('clear');
    await scene.start({ pool: 'clear' }, { clear: { servers: [clear] } });
    const ciphers = 'ECDHE-RSA-AES128-GCM-SHA256';
    const options = { servername: 'shop.test', maxVersion: 'TLSv1.2', ciphers } as const;
    await assert.rejects(connectTls(scene.port, options));
    const line = await scene.ballast.accessLine((each) => each.reason === 'tls-failed');
    assert.equal(line['serverName'], 'shop.test');
    assert.equal(line.server, undefined);
  },
);
