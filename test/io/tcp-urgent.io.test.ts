// An urgent byte is passed on in its place among the others (RFC 6093 §4), and stops nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTcpScene } from '../kit/tcp-scene.ts';
import { sendUrgent } from '../kit/urgent.ts';

/** More than fits into what waits on the way, so that the direction is spliced. */
const BULK_BYTES = 8 << 20;

test('what follows an urgent byte of the client arrives without anything further', async () => {
  await using scene = await startTcpScene();
  const client = await scene.connect();
  await client.write('begin ');
  await client.readUntil('begin ');
  for (let i = 0; i < 5; i++) {
    await client.write(`before-${i} `);
    sendUrgent(client.socket, '!');
    await client.write(` after-${i} `);
    await client.readUntil(`before-${i} ! after-${i} `);
  }
  client.end();
  assert.equal(await client.closed(), 'end');
});

test('what follows an urgent byte of the server arrives without anything further', async () => {
  await using scene = await startTcpScene({
    scripts: [
      async (connection) => {
        await connection.readUntil('go');
        await connection.write('before ');
        sendUrgent(connection.socket, '!');
        await connection.write(' after');
        connection.end();
      },
    ],
  });
  const client = await scene.connect();
  await client.write('go');
  await client.readUntil('before ! after');
  assert.equal(await client.closed(), 'end');
});

test('an urgent byte within bulk is not taken for its end', async () => {
  await using scene = await startTcpScene({
    scripts: [
      (connection) => {
        connection.isKept = false;
        connection.socket.pipe(connection.socket);
        return Promise.resolve();
      },
    ],
  });
  const client = await scene.connect();
  client.isKept = false;
  await client.write(Buffer.alloc(BULK_BYTES, 'a'));
  sendUrgent(client.socket, '!');
  await client.write(Buffer.alloc(BULK_BYTES, 'b'));
  client.end();
  assert.equal(await client.closed(), 'end');
  assert.equal(client.receivedBytes, 2 * BULK_BYTES + 1);
});
