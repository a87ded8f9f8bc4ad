// What a failed try leaves behind must not hinder the next one, nor hide what the server said.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpAnswer } from '../kit/origin.ts';
import { getBytes, startScene } from '../kit/scene.ts';
import { delay, until } from '../kit/wait.ts';

test('an upload onto a stale connection is sent whole on a new one', async () => {
  await using scene = await startScene({
    respond: ({ body }) => httpAnswer(200, `${body.length}`),
    listener: { timeouts: { bodyIdle: '3s' } },
  });
  const client = await scene.connect();
  void client.write(getBytes('/'));
  await client.readMessage('response');
  const [worker] = await scene.ballast.workerPids();
  // The balancer meets the request first and learns of the closed connection when it sends.
  process.kill(worker!, 'SIGSTOP');
  try {
    await client.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello');
    await delay(20);
    scene.origin.connections[0]!.reset();
    await delay(20);
  } finally {
    process.kill(worker!, 'SIGCONT');
  }
  await scene.origin.connection(1);
  await client.write('world');
  const answer = await client.readMessage('response', 6_000);
  assert.equal(answer.status, 200, answer.body.toString());
  assert.equal(answer.body.toString(), '10');
  client.destroy();
});

test('what a server said before it broke off a request that waits to be sent is passed on', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      connection.isKept = false;
      connection.pause();
      const [worker] = await scene.ballast.workerPids();
      await until(() => scene.ballast.metric('ballast_buffer_bytes').then((n) => n > 600), {
        what: 'a body that waits for the server',
      });
      process.kill(worker!, 'SIGSTOP');
      try {
        await connection.write(httpAnswer(413, 'too much', ['Connection: close']));
        // Closing with unread data sends RST (RFC 9112 §9.6).
        connection.destroy();
        await delay(20);
      } finally {
        process.kill(worker!, 'SIGCONT');
      }
    },
  });
  const client = await scene.connect();
  const size = 64 << 20;
  void client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
  void client.write(Buffer.alloc(size));
  const answer = await client.readMessage('response');
  assert.equal(answer.status, 413, answer.body.toString());
  client.destroy();
});
