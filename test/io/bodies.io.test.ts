// Bodies pass both ways whole, in order and without being held back, however they are framed.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { field } from '../kit/http-message.ts';
import { httpAnswer } from '../kit/origin.ts';
import { privateBytesOf } from '../kit/processes.ts';
import { ask, getBytes, startScene } from '../kit/scene.ts';
import { delay, until } from '../kit/wait.ts';

const MIB = 1_048_576;
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Bytes as chunks of uneven sizes. */
function inChunks(bytes: Buffer, trailers = ''): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0, size = 1; at < bytes.length; size = ((size * 7) % 65_521) + 1) {
    const part = bytes.subarray(at, at + size);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
    at += part.length;
  }
  parts.push(Buffer.from(`0\r\n${trailers}\r\n`));
  return Buffer.concat(parts);
}

test('a length-framed upload and download of 8 MiB arrive unchanged (RFC 9112 §6.2)', async () => {
  const body = randomBytes(8 * MIB);
  await using scene = await startScene({
    respond: ({ body: got }) =>
      Buffer.concat([
        Buffer.from(
          `HTTP/1.1 200 OK\r\nX-Got: ${digest(got)}\r\nContent-Length: ${body.length}\r\n\r\n`,
        ),
        body,
      ]),
  });
  const client = await scene.connect();
  void client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
  void client.write(body);
  const answer = await client.readMessage('response', 60_000);
  assert.equal(field(answer, 'x-got'), digest(body));
  assert.equal(digest(answer.body), digest(body));
  client.destroy();
});

test('chunked bodies of uneven chunks arrive unchanged both ways (RFC 9112 §7.1)', async () => {
  const body = randomBytes(2 * MIB);
  await using scene = await startScene({
    respond: ({ body: got, isChunked }) =>
      Buffer.concat([
        Buffer.from(
          `HTTP/1.1 200 OK\r\nX-Got: ${digest(got)} ${isChunked}\r\nTransfer-Encoding: chunked\r\n\r\n`,
        ),
        inChunks(body),
      ]),
  });
  const client = await scene.connect();
  void client.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  void client.write(inChunks(body));
  const answer = await client.readMessage('response', 60_000);
  assert.equal(field(answer, 'x-got'), `${digest(body)} true`);
  assert.equal(answer.isChunked, true);
  assert.equal(digest(answer.body), digest(body));
  client.destroy();
});

test('a request that arrives byte by byte is understood', async () => {
  await using scene = await startScene({
    respond: ({ body }) => httpAnswer(200, body.toString('latin1')),
  });
  const client = await scene.connect();
  const bytes =
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
  for (const byte of bytes) {
    await client.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await client.readMessage('response')).body.toString(), 'hello');
  client.destroy();
});

test('trailers of an answer reach a client that asked for them (RFC 9110 §6.5)', async () => {
  await using scene = await startScene({
    respond: () =>
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n' +
      'Content-Length: 1\r\n\r\n',
  });
  const answer = await ask(scene.port, getBytes('/', 'TE: trailers', 'Connection: TE'));
  assert.equal(answer.body.toString(), 'ok');
  assert.deepEqual(answer.trailers, [['x-sum', '7']]);
});

test('the first part of an answer is passed on before the server sends the rest', async () => {
  let goOn = (): void => {};
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      await connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n');
      await gate;
      await connection.write('4\r\nrest\r\n0\r\n\r\n');
    },
  });
  const client = await scene.connect();
  void client.write(getBytes('/'));
  await client.readUntil('half');
  assert.doesNotMatch(client.text, /rest/);
  goOn();
  await client.readUntil('rest');
  client.destroy();
});

test('the first part of an upload is passed on before the client sends the rest', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('half');
      await connection.readUntil('rest');
      await connection.write(httpAnswer(200, 'ok'));
    },
  });
  const client = await scene.connect();
  await client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf');
  const server = await scene.origin.connection(0);
  await until(() => server.text.endsWith('half'), { what: 'the first half at the server' });
  await client.write('rest');
  assert.equal((await client.readMessage('response')).status, 200);
  client.destroy();
});

test('a client that does not read stops its server, and memory stays bounded', async () => {
  const total = 64 * MIB;
  const piece = Buffer.alloc(MIB, 'x');
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      await connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
      for (let sent = 0; sent < total; sent += MIB) await connection.write(piece);
    },
  });
  const [worker] = await scene.ballast.workerPids();
  const before = privateBytesOf(worker!);
  const client = await scene.connect();
  client.isKept = false;
  client.pause();
  void client.write(getBytes('/'));
  const server = await scene.origin.connection(0);
  let sent = -1;
  // The server is stopped when the kernel takes no more of its bytes for a while.
  await until(
    async () => {
      const now = server.socket.bytesWritten;
      const isStill = now > 0 && now === sent;
      sent = now;
      await delay(300);
      return isStill;
    },
    { what: 'the server to be stopped' },
  );
  assert.ok(sent < total, `the server could send ${sent} bytes to nobody`);
  const grown = privateBytesOf(worker!) - before;
  assert.ok(grown < 4 * MIB, `the worker grew by ${grown} bytes`);
  client.resume();
  await until(() => client.receivedBytes >= total, { what: 'the whole body', timeoutMs: 60_000 });
  client.destroy();
});

test('a server that does not read stops its client, and memory stays bounded', async () => {
  const total = 64 * MIB;
  await using scene = await startScene({
    script: async (connection) => {
      connection.isKept = false;
      connection.pause();
      await gate;
      connection.resume();
      await until(() => connection.receivedBytes > total, { what: 'the body', timeoutMs: 60_000 });
      await connection.write(httpAnswer(200, 'ok'));
    },
    listener: { timeouts: { bodyMinRate: 0 } },
  });
  const [worker] = await scene.ballast.workerPids();
  const before = privateBytesOf(worker!);
  const client = await scene.connect();
  void client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`);
  const done = client.write(Buffer.alloc(total, 'x'));
  await scene.origin.connection(0);
  const isDone = await Promise.race([done.then(() => true), delay(1_500).then(() => false)]);
  assert.equal(isDone, false, 'the client could send everything to nobody');
  const grown = privateBytesOf(worker!) - before;
  assert.ok(grown < 4 * MIB, `the worker grew by ${grown} bytes`);
  openGate();
  assert.equal((await client.readMessage('response', 60_000)).status, 200);
  client.destroy();
});

let openGate = (): void => {};
const gate = new Promise<void>((resolve) => {
  openGate = resolve;
});

test('a body larger than maxBody is answered with 413 (RFC 9110 §15.5.14)', async () => {
  await using scene = await startScene({ listener: { maxBody: 10 } });
  const announced = await ask(
    scene.port,
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world',
  );
  assert.equal(announced.status, 413);
  assert.equal(field(announced, 'ballast-reason'), 'body-too-large');
  const chunked = await ask(
    scene.port,
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n',
  );
  assert.equal(chunked.status, 413);
  const fits = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhelloworld';
  assert.equal((await ask(scene.port, fits)).status, 200);
});

test('HEAD, 204 and 304 have no body and keep the connection (RFC 9112 §6.3)', async () => {
  await using scene = await startScene({
    respond: ({ method, target }) => {
      if (method === 'HEAD') return 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
      if (target === '/204') return 'HTTP/1.1 204 X\r\n\r\n';
      if (target === '/304') return 'HTTP/1.1 304 X\r\nETag: "a"\r\n\r\n';
      return httpAnswer(200, 'hello');
    },
  });
  const client = await scene.connect();
  await client.write('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal(field(await client.readMessage('head-response'), 'content-length'), '5');
  for (const target of ['/204', '/304', '/200']) {
    await client.write(getBytes(target));
    assert.equal((await client.readMessage('response')).status, Number(target.slice(1)));
  }
  assert.equal(scene.origin.connections.length, 1);
  client.destroy();
});
