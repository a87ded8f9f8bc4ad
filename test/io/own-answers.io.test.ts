// Answers of Ballast itself: large pages whole, nothing of other clients in them, right counts.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { field } from '../kit/http-message.ts';
import { httpAnswer } from '../kit/origin.ts';
import { startPair } from '../kit/pair.ts';
import { ask, getBytes, postBytes, startScene } from '../kit/scene.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { freePort } from '../kit/free-ports.ts';
import { until } from '../kit/wait.ts';

test('a page of 128 KiB is sent whole, and leaves the access log alone', async () => {
  using dir = new TempDir();
  const page = 'x'.repeat(131_072);
  writeFileSync(dir.file('page.html'), page);
  await using pair = await startPair(
    [`127.0.0.1:${await freePort()}`],
    {},
    {
      listener: {
        errorPages: { '404': dir.file('page.html') },
        routes: [{ paths: ['/file'], respond: { file: dir.file('page.html') } }],
      },
    },
  );
  for (const [target, status] of [
    ['/file', 200],
    ['/none', 404],
    ['/file', 200],
    ['/none', 404],
  ] as const) {
    const answer = await ask(pair.port, getBytes(target));
    assert.equal(answer.status, status);
    assert.equal(answer.body.length, page.length);
    assert.equal(answer.body.toString(), page);
  }
  await until(() => pair.ballast.accessLines().length === 4, { what: 'four lines of the log' });
  assert.ok(pair.ballast.accessLines().every(({ path }) => path === '/file' || path === '/none'));
});

test('pipelined own answers come whole and in order', async () => {
  await using scene = await startScene({
    listener: { routes: [{ paths: ['/big'], respond: { body: 'y'.repeat(60_000) } }] },
  });
  const client = await scene.connect();
  void client.write(getBytes('/big').repeat(20) + getBytes('/none'));
  for (let i = 0; i < 20; i++) {
    assert.equal((await client.readMessage('response')).body.length, 60_000);
  }
  assert.equal((await client.readMessage('response')).status, 404);
  client.destroy();
});

test('bytes to and from a server are counted each in their direction', async () => {
  await using scene = await startScene({ respond: () => httpAnswer(200, 'z'.repeat(5_000)) });
  await ask(scene.port, postBytes('/', 'q'.repeat(300)));
  const count = (name: string): Promise<number> => scene.ballast.metric(`ballast_server_${name}`);
  await until(async () => (await count('received_bytes_total')) >= 5_000, {
    what: 'the bytes of the answer to be counted',
  });
  const sent = await count('sent_bytes_total');
  assert.ok(sent >= 300 && sent < 2_000, `${sent} bytes sent to the server`);
});

test('a server that answers with what is not HTTP has failed', async () => {
  await using scene = await startScene({
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      await connection.write('what?\r\n\r\n');
    },
  });
  const answer = await ask(scene.port, postBytes('/', 'x'));
  assert.equal(field(answer, 'ballast-reason'), 'server-bad-answer');
  await until(async () => (await scene.ballast.metric('ballast_server_failures_total')) === 1, {
    what: 'the failure to be counted',
  });
});

test('a request id of a trusted client is in the access log', async () => {
  await using scene = await startScene({
    listener: { forwarded: { requestId: 'pass' }, trust: ['127.0.0.1/32'] },
  });
  await ask(scene.port, getBytes('/', 'X-Request-Id: given-by-edge'));
  await scene.ballast.accessLine((line) => line['requestId'] === 'given-by-edge');
});
