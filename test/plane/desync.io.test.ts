// Nothing of one exchange may reach another: neither by buffers nor by reused connections.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { ByteStream } from '../kit/byte-stream.ts';
import { simpleConfig } from '../kit/config.ts';
import { freePort } from '../kit/free-ports.ts';
import { httpAnswer } from '../kit/origin.ts';
import { ask, getBytes, postBytes, startScene } from '../kit/scene.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { delay, until } from '../kit/wait.ts';

const CHUNKED_HEAD =
  'HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n';

test('a chunked answer whose head comes alone reaches the client as it is', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      await connection.write(CHUNKED_HEAD);
      // The balancer must meet the head without any byte of the body.
      await delay(50);
      await connection.write('5\r\nhello\r\n0\r\n\r\n');
    },
  });
  const client = await scene.connect();
  void client.write(getBytes('/'));
  const answer = await client.readMessage('response');
  assert.equal(answer.head, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
  assert.equal(answer.body.toString(), 'hello');
  client.destroy();
});

/** A server on a unix socket that reads nothing before `read` is called. */
async function deafServer(path: string, sockets: Socket[]): Promise<AsyncDisposable> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

test('a connection on which a request was sent in part is not used again', async () => {
  using dir = new TempDir();
  const sockets: Socket[] = [];
  await using _server = await deafServer(dir.file('origin.sock'), sockets);
  const port = await freePort();
  const servers = [`unix:${dir.file('origin.sock')}`];
  await using ballast = await Ballast.start(simpleConfig({ port, servers }));
  // Answers come before anything is read; the socket's buffer holds one of these requests, not all.
  const body = 'x'.repeat(100_000);
  for (let i = 0; i < 4; i++) {
    const count = sockets.length;
    const answered = ask(port, postBytes(`/${i}`, body));
    const requests = await until(
      () => ballast.metric('ballast_pool_requests_total').then((n) => n > i),
      {
        what: 'the request at the pool',
      },
    );
    assert.ok(requests);
    await delay(50);
    sockets[Math.max(count, sockets.length) - 1]!.write(httpAnswer(200, `answer ${i}`));
    assert.equal((await answered).body.toString(), `answer ${i}`);
  }
  // What each connection has brought must be whole requests, the last one cut at most.
  let seen = 0;
  for (const socket of sockets) {
    const stream = new ByteStream(socket);
    stream.resume();
    await delay(200);
    const parts = stream.text.split(/(?=POST \/\d HTTP)/);
    parts.forEach((part, i) => {
      seen++;
      assert.ok(
        part.length > body.length || i === parts.length - 1,
        `a request of ${part.length} bytes is followed by another on its connection`,
      );
    });
  }
  assert.equal(seen, 4);
});
