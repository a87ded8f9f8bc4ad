// Connections on both sides: reuse, pipelining, HTTP/1.0, interim answers, tunnels, half-close.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { ByteStream } from '../kit/byte-stream.ts';
import { field } from '../kit/http-message.ts';
import { httpAnswer } from '../kit/origin.ts';
import { ask, getBytes, postBytes, startScene } from '../kit/scene.ts';
import { until } from '../kit/wait.ts';
import { acceptValue, decodeFrame, encodeFrame } from '../kit/websocket.ts';

test('requests of many clients, one after the other, use one connection to the server', async () => {
  await using scene = await startScene();
  for (let i = 0; i < 10; i++) assert.equal((await ask(scene.port, getBytes('/'))).status, 200);
  assert.equal(scene.origin.connections.length, 1);
  assert.equal(await scene.ballast.metric('ballast_server_connections_reused_total'), 9);
});

test('a connection to a server is used for at most idle.maxRequests requests', async () => {
  await using scene = await startScene({ pool: { idle: { maxRequests: 3 } } });
  for (let i = 0; i < 7; i++) await ask(scene.port, getBytes('/'));
  assert.equal(scene.origin.connections.length, 3);
});

test('idle.perServer 0 keeps no connection', async () => {
  await using scene = await startScene({ pool: { idle: { perServer: 0 } } });
  for (let i = 0; i < 3; i++) await ask(scene.port, getBytes('/'));
  assert.equal(scene.origin.connections.length, 3);
  await scene.origin.connections[2]!.closed();
});

test('an idle connection to a server is closed after idle.timeout', async () => {
  await using scene = await startScene({ pool: { idle: { timeout: '200ms' } } });
  await ask(scene.port, getBytes('/'));
  assert.equal(await scene.origin.connections[0]!.closed(), 'end');
});

test('a server that answers Connection: close is not asked again on that connection', async () => {
  await using scene = await startScene({
    respond: () => httpAnswer(200, 'ok', ['Connection: close']),
  });
  const client = await scene.connect();
  for (let i = 0; i < 3; i++) {
    await client.write(getBytes('/'));
    const answer = await client.readMessage('response');
    assert.notEqual(field(answer, 'connection'), 'close');
  }
  assert.equal(scene.origin.connections.length, 3);
  client.destroy();
});

test('100 pipelined requests are answered in order (RFC 9112 §9.3.2)', async () => {
  await using scene = await startScene({ respond: ({ target }) => httpAnswer(200, target) });
  const client = await scene.connect();
  const targets = Array.from({ length: 100 }, (_, i) => `/${i}`);
  void client.write(targets.map((target) => getBytes(target)).join(''));
  for (const target of targets) {
    assert.equal((await client.readMessage('response')).body.toString(), target);
  }
  client.destroy();
});

test('pipelined requests with bodies do not run into each other', async () => {
  await using scene = await startScene({
    respond: ({ body }) => httpAnswer(200, body.toString('latin1')),
  });
  const client = await scene.connect();
  const chunked =
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
  void client.write(postBytes('/', 'one') + chunked + postBytes('/', 'two') + getBytes('/'));
  for (const wanted of ['one', 'abc', 'two', '']) {
    assert.equal((await client.readMessage('response')).body.toString(), wanted);
  }
  client.destroy();
});

test('Connection: close ends the connection after the answer (RFC 9112 §9.6)', async () => {
  await using scene = await startScene();
  const client = await scene.connect();
  await client.write(getBytes('/', 'Connection: close'));
  const answer = await client.readMessage('response');
  assert.equal(answer.status, 200);
  assert.equal(field(answer, 'connection'), 'close');
  assert.equal(await client.closed(), 'end');
});

test('HTTP/1.0 clients get a close by default and keep-alive where they ask', async () => {
  await using scene = await startScene();
  const plain = await scene.connect();
  await plain.write('GET / HTTP/1.0\r\n\r\n');
  assert.equal((await plain.readMessage('response')).status, 200);
  assert.equal(await plain.closed(), 'end');
  const keeping = await scene.connect();
  for (let i = 0; i < 2; i++) {
    await keeping.write('GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
    const answer = await keeping.readMessage('response');
    assert.equal(answer.status, 200);
    assert.equal(field(answer, 'connection')?.toLowerCase(), 'keep-alive');
  }
  keeping.destroy();
});

test('a chunked answer is given to HTTP/1.0 clients without chunks (RFC 9112 §7)', async () => {
  await using scene = await startScene({
    respond: () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  });
  const client = await scene.connect();
  await client.write('GET / HTTP/1.0\r\nHost: a\r\n\r\n');
  assert.equal(await client.closed(), 'end');
  assert.doesNotMatch(client.text, /transfer-encoding/i);
  assert.match(client.text, /\r\n\r\nhello$/);
});

test('a server of HTTP/1.0 is understood and its connection not kept', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      await connection.write('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok');
    },
  });
  for (let i = 0; i < 2; i++) {
    const answer = await ask(scene.port, getBytes('/'));
    assert.match(answer.line, /^HTTP\/1\.1 200/);
  }
  assert.equal(scene.origin.connections.length, 2);
});

test('the 100 of a server is awaited and relayed before the body (RFC 9110 §10.1.1)', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      assert.match(await connection.readUntil('\r\n\r\n'), /expect: 100-continue/i);
      await connection.write('HTTP/1.1 100 Continue\r\n\r\n');
      await connection.readUntil('hello');
      await connection.write(httpAnswer(200, 'ok'));
    },
  });
  const client = await scene.connect();
  await client.write(
    'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
  );
  assert.equal((await client.readMessage('response')).status, 100);
  await client.write('hello');
  assert.equal((await client.readMessage('response')).status, 200);
  client.destroy();
});

test('an early answer reaches a client that is still sending (RFC 9112 §9.3)', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      await connection.write(httpAnswer(401, 'no'));
    },
  });
  const client = await scene.connect();
  await client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\nstart');
  const answer = await client.readMessage('response');
  assert.equal(answer.status, 401);
  assert.equal(answer.body.toString(), 'no');
  // The client goes on sending: the answer must not be destroyed by a RST (RFC 9112 §9.6).
  void client.write(Buffer.alloc(200_000));
  await client.closed();
});

test('a client that half-closes after its request is answered (RFC 9112 §9.6)', async () => {
  await using scene = await startScene({
    respond: async () => {
      await gate;
      return httpAnswer(200, 'late');
    },
  });
  const client = await scene.connect();
  await client.write(getBytes('/'));
  client.end();
  await scene.origin.received(1);
  openGate();
  assert.equal((await client.readMessage('response')).body.toString(), 'late');
  assert.equal(await client.closed(), 'end');
});

let openGate = (): void => {};
const gate = new Promise<void>((resolve) => {
  openGate = resolve;
});

test('a client that resets its connection ends its request at the server', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
    },
  });
  const client = await scene.connect();
  await client.write(getBytes('/'));
  const server = await scene.origin.connection(0);
  await until(() => server.text !== '', { what: 'the request at the server' });
  client.reset();
  await server.closed();
  const line = await scene.ballast.accessLine(({ reason }) => reason === 'client-closed');
  assert.equal(line.path, '/');
});

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** The server's side of a WebSocket: the handshake, then every frame comes back. */
async function echoWebSocket(connection: ByteStream): Promise<void> {
  const head = await connection.readUntil('\r\n\r\n');
  const key = /^sec-websocket-key: (.*)\r$/im.exec(head)?.[1] ?? '';
  assert.match(head, /^connection: upgrade\r$/im);
  assert.match(head, /^upgrade: websocket\r$/im);
  const fields = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${acceptValue(key)}`;
  await connection.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n\r\n`);
  for (;;) {
    const payload = await decodeFrame((count) => connection.readBytes(count, 60_000));
    await connection.write(encodeFrame(payload, false));
  }
}

const WEB_SOCKET = getBytes(
  '/chat',
  'Connection: keep-alive, Upgrade',
  'Upgrade: websocket',
  `Sec-WebSocket-Key: ${KEY}`,
  'Sec-WebSocket-Version: 13',
);

test('a WebSocket passes frames of all sizes both ways (RFC 6455)', async () => {
  await using scene = await startScene({ script: echoWebSocket });
  const client = await scene.connect();
  const early = randomBytes(10);
  // The first frame comes with the handshake: it must not be lost.
  await client.write(Buffer.concat([Buffer.from(WEB_SOCKET), encodeFrame(early, true)]));
  const answer = await client.readMessage('response');
  assert.equal(answer.status, 101);
  assert.equal(field(answer, 'sec-websocket-accept'), acceptValue(KEY));
  assert.equal(field(answer, 'upgrade'), 'websocket');
  const read = (count: number): Promise<Buffer> => client.readBytes(count);
  assert.deepEqual(await decodeFrame(read), early);
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 500_000]) {
    const payload = randomBytes(size);
    void client.write(encodeFrame(payload, true));
    assert.deepEqual(await decodeFrame(read), payload);
  }
  client.destroy();
  await scene.origin.connections[0]!.closed();
});

test('a tunnel ends at the client when the server ends it', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      const fields = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${acceptValue(KEY)}`;
      await connection.write(`HTTP/1.1 101 X\r\n${fields}\r\n\r\nbye`);
      connection.end();
    },
  });
  const client = await scene.connect();
  await client.write(WEB_SOCKET);
  assert.equal((await client.readMessage('response')).status, 101);
  assert.equal(await client.closed(), 'end');
  assert.match(client.text, /bye$/);
  client.end();
  const line = await scene.ballast.accessLine(({ status }) => status === 101);
  assert.equal(line.path, '/chat');
});

test('a server may refuse an upgrade with an ordinary answer (RFC 9110 §7.8)', async () => {
  await using scene = await startScene({ respond: () => httpAnswer(403, 'no') });
  const client = await scene.connect();
  await client.write(WEB_SOCKET);
  assert.equal((await client.readMessage('response')).status, 403);
  await client.write(getBytes('/'));
  assert.equal((await client.readMessage('response')).status, 403);
  client.destroy();
});
