// What a client sends before it has a server: PROXY header, ClientHello and data, in any pieces.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { OPENSSL_HELLO } from '../../src/codec/client-hello-testkit.ts';
import type { Tree } from '../kit/config.ts';
import { named, startTcpScene } from '../kit/tcp-scene.ts';
import type { TcpScene } from '../kit/tcp-scene.ts';
import { delay } from '../kit/wait.ts';

const LISTED = { proxyProtocol: { from: ['127.0.0.0/8'] } };
const UNLISTED = { proxyProtocol: { from: ['10.0.0.0/8'] } };
const V1 = 'PROXY TCP4 192.0.2.7 198.51.100.9 4711 443\r\n';
const HELLO = Buffer.from(OPENSSL_HELLO);

/** A scene whose listener looks at names; both routes lead to the same echoing server. */
function startNames(listener: Tree): Promise<TcpScene> {
  const routes = [{ name: 'db', sni: ['db.example.com'], pool: 'tcp' }, { pool: 'tcp' }];
  return startTcpScene({ listener: { routes, ...listener } });
}

function digest(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

test('a ClientHello of an unlisted network is passed on though nothing follows it', async () => {
  await using scene = await startNames(UNLISTED);
  const client = await scene.connect();
  await client.write(HELLO);
  assert.deepEqual(await client.readBytes(HELLO.length), HELLO);
  client.end();
  assert.equal(await client.closed(), 'end');
  const line = await scene.ballast.accessLine(() => true);
  assert.equal(line.route, 'tcp/db');
});

test('an unlisted client that is no TLS and begins like a header is passed on', async () => {
  await using scene = await startNames(UNLISTED);
  for (const pieces of [['PROX', 'IMA'], ['P'], ['\r\n', 'QUIT'], ['any']]) {
    const client = await scene.connect();
    for (const piece of pieces) {
      await client.write(piece);
      await delay(20);
    }
    client.end();
    assert.equal(await client.closed(), 'end');
    assert.equal(client.text, pieces.join(''));
  }
});

test('an unlisted client with a header before its ClientHello is cut', async () => {
  await using scene = await startNames(UNLISTED);
  for (const pieces of [[`${V1}`], ['PROX', V1.slice(4)]]) {
    const client = await scene.connect();
    for (const piece of pieces) {
      await client.write(piece);
      await delay(20);
    }
    await client.write(HELLO).catch(() => undefined);
    assert.equal(await client.closed(), 'reset');
  }
  assert.equal(scene.origin.text, '');
});

for (const size of [1, 100, 100_000]) {
  test(`header, ClientHello and data are told apart in pieces of ${size} bytes`, async () => {
    await using scene = await startNames(LISTED);
    const data = randomBytes(size === 1 ? 300 : 300_000);
    const all = Buffer.concat([Buffer.from(V1), HELLO, data]);
    const client = await scene.connect();
    for (let at = 0; at < all.length; at += size) void client.write(all.subarray(at, at + size));
    client.end();
    assert.equal(await client.closed(), 'end');
    assert.equal(digest(client.received), digest(all.subarray(V1.length)));
    const line = await scene.ballast.accessLine(() => true);
    assert.equal(line.route, 'tcp/db');
    assert.equal(line.client, '192.0.2.7');
    assert.equal(line.bytesIn, all.length - V1.length);
  });
}

test('a header alone is enough where the server speaks first', async () => {
  await using scene = await startTcpScene({ scripts: [named('220 hi')], listener: LISTED });
  const client = await scene.connect();
  await client.write(V1);
  await client.readUntil('220 hi\n');
  client.end();
  assert.equal(await client.closed(), 'end');
});

test('a client that ends with its header ends the session as a client does', async () => {
  await using scene = await startTcpScene({ scripts: [named('220 hi')], listener: LISTED });
  const client = await scene.connect();
  client.socket.end(V1);
  assert.equal(await client.closed(), 'end');
  assert.equal(client.text, '220 hi\n');
  assert.equal((await scene.ballast.accessLine(() => true)).reason, undefined);
});
