// Sessions of layer 4: bytes both ways, each direction ended as its sender ended it, within limits.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { connectTo } from '../kit/byte-stream.ts';
import { freePort } from '../kit/free-ports.ts';
import { Origin } from '../kit/origin.ts';
import { StuckServer } from '../kit/stuck-server.ts';
import { echo, named, silent, startTcpScene } from '../kit/tcp-scene.ts';
import { delay, until } from '../kit/wait.ts';

test('a server that speaks first is heard before the client has said anything', async () => {
  await using scene = await startTcpScene({ scripts: [named('220 ready')] });
  const client = await scene.connect();
  await client.readUntil('220 ready\n');
  await client.write('EHLO a\r\n');
  await client.readUntil('EHLO a\r\n');
  client.destroy();
});

test('what is sent arrives whole, both ways at once', async () => {
  await using scene = await startTcpScene();
  const client = await scene.connect();
  const sent = randomBytes(5_000_003);
  for (let at = 0; at < sent.length; at += 70_001)
    void client.write(sent.subarray(at, at + 70_001));
  client.end();
  await client.closed();
  const digest = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
  assert.equal(digest(client.received), digest(sent));
});

test('a client that has finished sending still gets all that the server has to say', async () => {
  await using scene = await startTcpScene({
    scripts: [
      async (connection) => {
        assert.equal(await connection.closed(), 'end');
        await delay(100);
        await connection.write('an answer after the question');
        connection.end();
      },
    ],
  });
  const client = await scene.connect();
  await client.write('question');
  client.end();
  assert.equal(await client.closed(), 'end');
  assert.equal(client.text, 'an answer after the question');
  assert.equal(scene.origin.text, 'question');
});

test('a server that has finished sending still gets all that the client has to say', async () => {
  await using scene = await startTcpScene({
    scripts: [
      async (connection) => {
        await connection.write('bye');
        connection.end();
        await connection.closed();
      },
    ],
  });
  const client = await scene.connect();
  assert.equal(await client.closed(), 'end');
  await client.write('one more thing');
  client.end();
  const server = await scene.origin.connection(0);
  assert.equal(await server.closed(), 'end');
  assert.equal(server.text, 'one more thing');
});

test('a reset by the client is a reset for the server (RFC 9293 §3.5.3)', async () => {
  await using scene = await startTcpScene();
  const client = await scene.connect();
  await client.write('hello');
  await client.readUntil('hello');
  client.reset();
  const server = await scene.origin.connection(0);
  assert.equal(await server.closed(), 'reset');
  const line = await scene.ballast.accessLine(() => true);
  assert.equal(line.reason, 'client-reset');
});

test('a reset by the server is a reset for the client', async () => {
  await using scene = await startTcpScene({
    scripts: [
      async (connection) => {
        await connection.readUntil('hello');
        connection.reset();
      },
    ],
  });
  const client = await scene.connect();
  await client.write('hello');
  assert.equal(await client.closed(), 'reset');
  const line = await scene.ballast.accessLine(() => true);
  assert.equal(line.reason, 'server-reset');
});

test('a client that reads nothing stops the server: memory stays bounded', async () => {
  const total = 256 << 20;
  await using scene = await startTcpScene({
    scripts: [
      async (connection) => {
        const piece = Buffer.alloc(1 << 20, 7);
        for (let sent = 0; sent < total; sent += piece.length) await connection.write(piece);
        connection.end();
      },
    ],
  });
  const client = await scene.connect();
  client.isKept = false;
  client.pause();
  const server = await scene.origin.connection(0);
  let before = -1;
  await until(
    () => {
      const now = server.socket.bytesWritten - server.socket.writableLength;
      const isStill = now === before;
      before = now;
      return isStill && now > 0;
    },
    { what: 'the server to stop', everyMs: 300 },
  );
  assert.ok(before < total / 2, `${before} bytes were taken though nobody reads them`);
  client.resume();
  await client.closed(60_000);
  assert.equal(client.receivedBytes, total);
});

test('a server that refuses connections costs no session: another one gets it', async () => {
  const dead = `127.0.0.1:${await freePort()}`;
  await using origin = await Origin.start(named('alive'));
  await using scene = await startTcpScene({ scripts: [], servers: [dead, origin.address] });
  for (let i = 0; i < 6; i++) {
    const client = await scene.connect();
    await client.readUntil('alive\n');
    client.destroy();
  }
  await scene.ballast.accessLine((line) => line.retries === 1);
});

test('a server that does not answer to the connection is left at the limit', async () => {
  await using stuck = await StuckServer.start();
  await using origin = await Origin.start(named('alive'));
  await using scene = await startTcpScene({
    scripts: [],
    servers: [stuck.address, origin.address],
    pool: { connectTimeout: '300ms' },
  });
  for (let i = 0; i < 2; i++) {
    const client = await scene.connect();
    await client.readUntil('alive\n');
    client.destroy();
  }
});

test('where no server can be connected to the client gets a reset at once', async () => {
  await using scene = await startTcpScene({
    scripts: [],
    servers: [`127.0.0.1:${await freePort()}`],
  });
  // The reset may be there before this process has seen that it is connected.
  const ending = await scene.connect().then(
    (client) => client.closed(),
    (error: NodeJS.ErrnoException) => String(error.code),
  );
  assert.ok(ending === 'reset' || ending === 'ECONNRESET', ending);
  const line = await scene.ballast.accessLine(() => true);
  assert.equal(line.reason, 'connect-failed');
});

test('a session in which nothing passes ends at its idle limit, one in use does not', async () => {
  await using scene = await startTcpScene({ listener: { timeouts: { idle: '500ms' } } });
  const busy = await scene.connect();
  const idle = await scene.connect();
  const ticking = setInterval(() => void busy.write('x'), 100);
  assert.equal(await idle.closed(), 'reset');
  await delay(700);
  assert.equal(busy.ending, 'open');
  clearInterval(ticking);
  busy.destroy();
  const line = await scene.ballast.accessLine((one) => one.reason !== undefined);
  assert.equal(line.reason, 'session-idle');
});

test('a half-closed session has a limit of its own', async () => {
  await using scene = await startTcpScene({
    scripts: [silent],
    listener: { timeouts: { idle: '60s', halfClosed: '300ms' } },
  });
  const client = await scene.connect();
  await client.write('question');
  client.end();
  assert.equal(await client.closed(5_000), 'reset');
});

test('sessions past maxConnections wait for a place, in their order', async () => {
  await using scene = await startTcpScene({
    scripts: [named('hello')],
    pool: { maxConnections: 1, queue: { timeout: '10s' } },
  });
  const first = await scene.connect();
  await first.readUntil('hello\n');
  const second = await scene.connect();
  await delay(200);
  assert.equal(second.text, '');
  first.destroy();
  await second.readUntil('hello\n');
  second.destroy();
  await scene.ballast.accessLine((line) => typeof line['queueMs'] === 'number');
});

test('a session that waits too long for a place is reset', async () => {
  await using scene = await startTcpScene({
    pool: { maxConnections: 1, queue: { timeout: '200ms' } },
  });
  const first = await scene.connect();
  await first.write('x');
  await first.readUntil('x');
  const second = await scene.connect();
  assert.equal(await second.closed(), 'reset');
  const line = await scene.ballast.accessLine(() => true);
  assert.equal(line.reason, 'queue-timeout');
  assert.ok(Number(line['queueMs']) >= 150, String(line['queueMs']));
  first.destroy();
});

test('the access log has a line for each session', async () => {
  await using scene = await startTcpScene({ scripts: [named('hello')] });
  const client = await scene.connect();
  await client.readUntil('hello\n');
  await client.write('12345');
  await client.readUntil('12345');
  client.end();
  await client.closed();
  const line = await scene.ballast.accessLine(() => true);
  assert.equal(line.listener, 'tcp');
  assert.equal(line.client, '127.0.0.1');
  assert.equal(line.route, 'tcp/default');
  assert.equal(line.pool, 'tcp');
  assert.equal(line.server, scene.origin.address);
  assert.equal(line.bytesIn, 5);
  assert.equal(line.bytesOut, 11);
  assert.equal(line.reason, undefined);
});

test('a reload leaves sessions alone, those of a listener that is gone included', async () => {
  await using scene = await startTcpScene();
  const client = await scene.connect();
  await client.write('before');
  await client.readUntil('before');
  const other = await freePort();
  scene.ballast.writeConfig({
    workers: 1,
    listeners: { other: { bind: `127.0.0.1:${other}`, protocol: 'tcp', pool: 'tcp' } },
    pools: { tcp: { servers: [scene.origin.address] } },
  });
  await scene.ballast.reload();
  await client.write('after');
  await client.readUntil('after');
  const fresh = await connectTo(other);
  await fresh.write('fresh');
  await fresh.readUntil('fresh');
  fresh.destroy();
  client.destroy();
});

test('a socket goes from http to tcp and back in a reload', async () => {
  await using origin = await Origin.start(echo);
  const port = await freePort();
  const pools = { web: { servers: [origin.address] } };
  const listener = (protocol: string): object => ({
    workers: 1,
    listeners: { web: { bind: `127.0.0.1:${port}`, protocol, pool: 'web' } },
    pools,
  });
  await using ballast = await Ballast.start({ ...listener('http') });
  for (const protocol of ['tcp', 'http', 'tcp']) {
    ballast.writeConfig({ ...listener(protocol) });
    await ballast.reload();
    const client = await connectTo(port);
    await client.write('not http\r\n\r\n');
    if (protocol === 'tcp') await client.readUntil('not http\r\n');
    else await client.readUntil('HTTP/1.1 400');
    client.destroy();
  }
});

test('SIGTERM lets sessions finish, and cuts those that outlive the drain time', async () => {
  await using scene = await startTcpScene({ top: { drain: '1s' } });
  const short = await scene.connect();
  const long = await scene.connect();
  for (const client of [short, long]) {
    await client.write('x');
    await client.readUntil('x');
  }
  scene.ballast.child.kill('SIGTERM');
  await delay(100);
  await short.write('last words');
  await short.readUntil('last words');
  short.end();
  assert.equal(await short.closed(), 'end');
  assert.equal(await long.closed(), 'reset');
});
