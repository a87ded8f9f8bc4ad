// The PROXY protocol: taken from listed networks alone, sent as the pool says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../kit/http-message.ts';
import { httpAnswer } from '../kit/origin.ts';
import { getBytes, startScene } from '../kit/scene.ts';
import { echo, named, startTcpScene } from '../kit/tcp-scene.ts';

const LISTED = { proxyProtocol: { from: ['127.0.0.0/8'] } };
const UNLISTED = { proxyProtocol: { from: ['10.0.0.0/8'] } };
const V1 = 'PROXY TCP4 192.0.2.7 198.51.100.9 4711 443\r\n';
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const V2_IPV4 = Buffer.from([
  ...Buffer.from(SIGNATURE, 'latin1'),
  0x21,
  0x11,
  0,
  12,
  192,
  0,
  2,
  7,
  198,
  51,
  100,
  9,
  0x12,
  0x67,
  1,
  0xbb,
]);
const V2_LOCAL = Buffer.from([...Buffer.from(SIGNATURE, 'latin1'), 0x20, 0, 0, 0]);

for (const [name, header] of [
  ['version 1', Buffer.from(V1)],
  ['version 2', V2_IPV4],
] as const) {
  test(`${name} from a listed network names the client, split at any byte`, async () => {
    await using scene = await startTcpScene({ listener: LISTED });
    for (const at of [header.length, 1, 5, header.length - 1]) {
      const client = await scene.connect();
      await client.write(header.subarray(0, at));
      await new Promise((resolve) => setTimeout(resolve, 20));
      await client.write(Buffer.concat([header.subarray(at), Buffer.from(`payload ${at}`)]));
      await client.readUntil(`payload ${at}`);
      client.end();
      await client.closed();
    }
    const line = await scene.ballast.accessLine(() => true);
    assert.equal(line.client, '192.0.2.7');
    assert.equal(line.bytesIn, Buffer.byteLength(`payload ${header.length}`));
  });
}

test('LOCAL leaves the connection its own address', async () => {
  await using scene = await startTcpScene({ listener: LISTED });
  const client = await scene.connect();
  await client.write(Buffer.concat([V2_LOCAL, Buffer.from('check')]));
  await client.readUntil('check');
  client.destroy();
  const line = await scene.ballast.accessLine(() => true);
  assert.equal(line.client, '127.0.0.1');
});

const BAD: readonly (readonly [string, string | Buffer])[] = [
  ['none at all', 'GET / HTTP/1.1\r\n\r\n'],
  ['a line without end', `PROXY TCP4 ${'1'.repeat(200)}`],
  ['a port past 65535', 'PROXY TCP4 192.0.2.7 198.51.100.9 4711 65536\r\n'],
  ['addresses of another family', 'PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n'],
  ['a bare line feed', 'PROXY TCP4 192.0.2.7 198.51.100.9 4711 443\n'],
  [
    'another version',
    Buffer.concat([
      V2_IPV4.subarray(0, 12),
      Buffer.from([0x31, 0x11, 0, 12]),
      V2_IPV4.subarray(16),
    ]),
  ],
  [
    'IPv4 in four bytes',
    Buffer.concat([V2_IPV4.subarray(0, 12), Buffer.from([0x21, 0x11, 0, 4, 192, 0, 2, 7])]),
  ],
  [
    'a length past the limit',
    Buffer.concat([V2_IPV4.subarray(0, 12), Buffer.from([0x21, 0x11, 0xff, 0xff])]),
  ],
];

for (const [name, header] of BAD) {
  test(`a listed network's connection with ${name} is cut before any server has it`, async () => {
    await using scene = await startTcpScene({ listener: LISTED });
    const client = await scene.connect();
    await client.write(header);
    assert.equal(await client.closed(), 'reset');
    const line = await scene.ballast.accessLine(() => true);
    assert.equal(line.reason, 'bad-proxy-header');
    assert.equal(scene.origin.connections.length, 0);
  });
}

test('a header that is cut off ends at the hello limit', async () => {
  await using scene = await startTcpScene({
    listener: { ...LISTED, timeouts: { hello: '300ms' } },
  });
  const client = await scene.connect();
  await client.write('PROXY TCP4 192');
  assert.equal(await client.closed(), 'reset');
  const line = await scene.ballast.accessLine(() => true);
  assert.equal(line.reason, 'hello-timeout');
});

test('a client of an unlisted network may not speak for another one', async () => {
  await using scene = await startTcpScene({ listener: UNLISTED });
  for (const pieces of [[V1], ['PROX', V1.slice(4)]]) {
    const client = await scene.connect();
    for (const piece of pieces) {
      await client.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(await client.closed(), 'reset');
  }
  const line = await scene.ballast.accessLine(() => true);
  assert.equal(line.reason, 'proxy-header-untrusted');
  assert.equal(scene.origin.text, '');
});

test('a client of an unlisted network is served, also where the server speaks first', async () => {
  await using scene = await startTcpScene({ scripts: [named('220 hi')], listener: UNLISTED });
  const client = await scene.connect();
  await client.readUntil('220 hi\n');
  for (const word of ['P', 'ROXIMA', ' and more']) {
    await client.write(word);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  await client.readUntil('PROXIMA and more');
  client.end();
  await client.closed();
});

test('an http listener takes the client of the header for its own', async () => {
  await using scene = await startScene({
    listener: { ...LISTED, forwarded: {}, trust: ['192.0.2.0/24'] },
  });
  const client = await scene.connect();
  await client.write(`${V1}${getBytes('/', 'X-Forwarded-For: 203.0.113.5')}`);
  await client.readMessage('response');
  const [request] = scene.origin.requests;
  assert.equal(field(request!, 'x-forwarded-for'), '203.0.113.5, 192.0.2.7');
  await client.write(getBytes('/again'));
  await client.readMessage('response');
  client.destroy();
  assert.equal((await scene.ballast.accessLine(() => true)).client, '192.0.2.7');
});

test('an http listener cuts a listed connection without a header', async () => {
  await using scene = await startScene({ listener: LISTED });
  const client = await scene.connect();
  await client.write(getBytes('/'));
  assert.equal(await client.closed(), 'reset');
  assert.equal(scene.origin.connections.length, 0);
});

test('version 1 is sent before the first byte of a session', async () => {
  await using scene = await startTcpScene({ scripts: [echo], pool: { proxyProtocol: 'v1' } });
  const client = await scene.connect();
  const { localPort } = client.socket;
  await client.write('payload');
  await client.readUntil('payload');
  const expected = `PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${scene.port}\r\npayload`;
  assert.equal(scene.origin.text, expected);
  client.destroy();
});

test('version 2 carries what the client before us said, with a checksum', async () => {
  await using scene = await startTcpScene({
    listener: LISTED,
    pool: { proxyProtocol: { version: 2, checksum: true, uniqueId: true } },
  });
  const client = await scene.connect();
  await client.write(`${V1}payload`);
  await client.readUntil('payload');
  const got = scene.origin.connections[0]!.received;
  assert.equal(got.toString('latin1', 0, 12), SIGNATURE);
  assert.deepEqual([...got.subarray(16, 28)], [...V2_IPV4.subarray(16, 28)]);
  client.destroy();
});

test('what a header says beside the addresses is kept for the log and the next header', async () => {
  await using scene = await startTcpScene({
    listener: LISTED,
    pool: { proxyProtocol: { version: 2, authority: true, uniqueId: true, checksum: false } },
  });
  const authority = Buffer.from('db.example.com');
  const uniqueId = Buffer.from('id-1');
  const details = Buffer.concat([
    Buffer.from([2, 0, authority.length]),
    authority,
    Buffer.from([5, 0, uniqueId.length]),
    uniqueId,
  ]);
  const head = Buffer.from(V2_IPV4);
  head.writeUInt16BE(12 + details.length, 14);
  const client = await scene.connect();
  await client.write(Buffer.concat([head, details, Buffer.from('payload')]));
  await client.readUntil('payload');
  client.end();
  await client.closed();
  const sent = scene.origin.connections[0]!.received;
  assert.deepEqual(sent, Buffer.concat([head, details, Buffer.from('payload')]));
  const line = await scene.ballast.accessLine(() => true);
  assert.equal(line['serverName'], 'db.example.com');
  assert.equal(line['uniqueId'], 'id-1');
});

test('connections to servers come from the source address of the pool', async () => {
  await using scene = await startTcpScene({ pool: { source: '127.0.0.77' } });
  const client = await scene.connect();
  await client.write('x');
  await client.readUntil('x');
  assert.equal(scene.origin.connections[0]!.socket.remoteAddress, '127.0.0.77');
  client.destroy();
});

test('towards http servers each client has connections of its own', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      for (;;) {
        await connection.readUntil('\r\n\r\n');
        await connection.write(httpAnswer(200, 'ok'));
      }
    },
    pool: { proxyProtocol: 'v1' },
  });
  for (let i = 0; i < 2; i++) {
    const client = await scene.connect();
    await client.write(getBytes(`/${i}`));
    await client.readMessage('response');
    client.destroy();
  }
  assert.equal(scene.origin.connections.length, 2);
  for (const connection of scene.origin.connections) {
    assert.match(connection.text, /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\nGET /);
  }
});
