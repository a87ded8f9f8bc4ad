// Upgrades in place under load of all kinds, and processes that die in the middle of one.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { TestCertificates, certificatesSkip } from '../../src/control/health/test-certificates.ts';
import { Ballast, runCommand } from '../kit/ballast.ts';
import type { Tree } from '../kit/config.ts';
import { DatagramClient, DatagramServer } from '../kit/datagrams.ts';
import { freePorts } from '../kit/free-ports.ts';
import { Load } from '../kit/load.ts';
import { HttpsLoad, MixedLoad, TcpLoad, WebSocketLoad } from '../kit/mixed-load.ts';
import { httpAnswer, Origin } from '../kit/origin.ts';
import type { ConnectionScript } from '../kit/origin.ts';
import { endProcess, isAlive } from '../kit/processes.ts';
import { startScene } from '../kit/scene.ts';
import { connectTo } from '../kit/byte-stream.ts';
import { echo } from '../kit/tcp-scene.ts';
import { until } from '../kit/wait.ts';
import { decodeFrame, encodeFrame } from '../kit/websocket.ts';

const skip = certificatesSkip;
const UPGRADES = 5;
const FOR_EVER_MS = 2 ** 31 - 1;

/** Sends each frame of a WebSocket back. */
const chat: ConnectionScript = async (connection) => {
  await connection.readUntil('\r\n\r\n', FOR_EVER_MS);
  const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  await connection.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}`);
  for (;;) {
    const payload = await decodeFrame((count) => connection.readBytes(count, FOR_EVER_MS));
    await connection.write(encodeFrame(payload, false));
  }
};

/** Asks a UDP listener again and again; resolves with the number of answers once it is stopped. */
async function askOften(port: number, isOver: () => boolean): Promise<number> {
  await using client = await DatagramClient.open();
  let answers = 0;
  for (; !isOver(); answers++) await client.ask(`datagram ${answers}`, port);
  return answers;
}

test('5 upgrades under mixed load: 0 failed requests, 0 cut connections', { skip }, async () => {
  await using web = await Origin.startHttp(() => httpAnswer(200, 'ok'));
  await using talk = await Origin.start(chat);
  await using lines = await Origin.start(echo);
  await using datagrams = await DatagramServer.echo('a');
  const [webPort = 0, talkPort = 0, linePort = 0, udpPort = 0, securePort = 0] = await freePorts(5);
  using authority = new TestCertificates();
  const shop = authority.issue('DNS:shop.test');
  const tls = { servername: 'shop.test', ca: readFileSync(authority.ca.cert) };
  const on = (port: number) => `127.0.0.1:${port}`;
  const config: Tree = {
    workers: 1,
    drain: '10m',
    certificates: { shop: { ...shop } },
    listeners: {
      web: { bind: on(webPort), pool: 'web' },
      secure: { bind: on(securePort), tls: 'shop', pool: 'web' },
      chat: { bind: on(talkPort), pool: 'chat' },
      line: { bind: on(linePort), protocol: 'tcp', pool: 'line' },
      udp: { bind: on(udpPort), protocol: 'udp', pool: 'udp' },
    },
    pools: {
      web: { servers: [web.address], check: { tcp: {} } },
      chat: { servers: [talk.address] },
      line: { servers: [lines.address] },
      udp: { servers: [datagrams.address] },
    },
  };
  await using ballast = await Ballast.start(config);
  await using mixed = new MixedLoad([
    new WebSocketLoad({ port: talkPort, clients: 3, restMs: 10 }),
    new TcpLoad({ port: linePort, clients: 3, restMs: 10 }),
    new TcpLoad({ port: linePort, clients: 2, perConnection: 3, restMs: 10 }),
    new HttpsLoad({ port: securePort, clients: 3, perConnection: 1, restMs: 5 }, tls),
  ]);
  const keeping = new Load({ port: webPort, clients: 4, restMs: 5 });
  const renewing = new Load({ port: webPort, clients: 3, requestsPerConnection: 1, restMs: 5 });
  let isOver = false;
  const asking = askOften(udpPort, () => isOver);
  try {
    for (let round = 1; round <= UPGRADES; round++) {
      await mixed.more(5);
      const { code, stderr } = await runCommand(['upgrade', ballast.configFile]);
      assert.equal(code, 0, stderr);
      await Promise.all([mixed.more(5), keeping.more(10), renewing.more(10)]);
    }
  } finally {
    isOver = true;
    await Promise.all([keeping.stop(), renewing.stop(), mixed.stop()]);
  }
  assert.ok((await asking) > 0);
  assert.deepEqual([...keeping.failures, ...renewing.failures], []);
  assert.deepEqual(mixed.failed, []);
  assert.deepEqual(mixed.cut, []);
  assert.equal((await ballast.status()).generation, 1 + UPGRADES);
});

test('an upgrade cuts a session of tcp when the time to drain is over, not before', async () => {
  await using lines = await Origin.start(echo);
  const [port = 0] = await freePorts(1);
  const line = { bind: `127.0.0.1:${port}`, protocol: 'tcp', pool: 'line' };
  const pools = { line: { servers: [lines.address] } };
  const config = { workers: 1, drain: '2s', listeners: { line }, pools };
  await using ballast = await Ballast.start(config);
  const client = await connectTo(port);
  void client.write('before\n');
  assert.equal(await client.readUntil('\n'), 'before\n');
  const begun = performance.now();
  assert.equal((await runCommand(['upgrade', ballast.configFile])).code, 0);
  await until(() => client.ending !== 'open', { what: 'the end of the session' });
  assert.ok(performance.now() - begun >= 2_000);
});

/** The process that an upgrade has started, once it has begun to take over. */
async function successorOf(ballast: Ballast): Promise<number> {
  const started = /"pid":(\d+),"message":"upgrade: the new program is started"/;
  await until(() => ballast.stderr.includes('takes over from the running balancer'), {
    what: 'the new process',
    timeoutMs: 60_000,
  });
  return Number(started.exec(ballast.stderr)![1]!);
}

test('the new process killed in mid-handover: nothing happens', async () => {
  await using scene = await startScene({ top: { workers: 1 } });
  const { ballast, port } = scene;
  const load = new Load({ port, clients: 4, requestsPerConnection: 3, restMs: 2 });
  try {
    const before = await ballast.status();
    const upgrading = runCommand(['upgrade', ballast.configFile]);
    process.kill(await successorOf(ballast), 'SIGKILL');
    const { code, stderr } = await upgrading;
    assert.equal(code, 1);
    assert.match(stderr, /BAL_UPGRADE_FAILED: the new program .*: nothing was changed/);
    await load.more(50);
    const after = await ballast.status();
    assert.equal(after.pid, before.pid);
    assert.equal(after.workers[0]!.pid, before.workers[0]!.pid);
    // The next one goes well.
    assert.equal((await runCommand(['upgrade', ballast.configFile])).code, 0);
    await load.more(50);
  } finally {
    await load.stop();
  }
  assert.deepEqual(load.failures, []);
});

test('the old process killed in mid-handover: its workers serve until a successor comes', async () => {
  await using scene = await startScene({ top: { workers: 1 } });
  const { ballast, port } = scene;
  const load = new Load({ port, clients: 4, requestsPerConnection: 3, restMs: 2 });
  try {
    const old = await ballast.workerPids();
    const upgrading = runCommand(['upgrade', ballast.configFile]);
    const started = await successorOf(ballast);
    await endProcess(ballast.child, 'SIGKILL', 1_000);
    assert.notEqual((await upgrading).code, 0);
    await until(() => !isAlive(started), { what: 'the new process to end', timeoutMs: 60_000 });
    await load.more(50);
    assert.ok(old.every(isAlive), 'the workers of the old process serve');
    await using _successor = await Ballast.start(readFileSync(ballast.configFile, 'utf8'));
    await until(() => !old.some(isAlive), { what: 'the old workers to end', timeoutMs: 60_000 });
    await load.more(50);
    await load.stop();
  } finally {
    await load.stop();
  }
  assert.deepEqual(load.failures, []);
});
