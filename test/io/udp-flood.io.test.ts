// Forged clients without number: memory stays bounded, who is served stays served.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectDatagram } from '../../src/sys/datagram-sockets.ts';
import * as libc from '../../src/sys/libc.ts';
import { AF_INET, encodeSockaddr } from '../../src/sys/sockaddr.ts';
import { Ballast } from '../kit/ballast.ts';
import { DatagramClient, DatagramServer, datagramConfig } from '../kit/datagrams.ts';
import { freePort } from '../kit/free-ports.ts';
import { descriptorCountOf, privateBytesOf } from '../kit/processes.ts';
import { until } from '../kit/wait.ts';

const DROPPED = 'ballast_listener_datagrams_dropped_total';
const REASONS = 'ballast_reasons_total';

const payload = new TextEncoder().encode('forged');
const payloadAddress = libc.addressOf(payload);

/** One datagram each of `count` clients that never were: addresses of 127.0.0.0/8, any port. */
function forge(from: number, count: number, port: number): void {
  const to = encodeSockaddr({ family: 'ipv4', host: '127.0.0.1', port });
  const peer = { at: libc.addressOf(to), length: to.length };
  for (let n = from; n < from + count; n++) {
    const host = `127.${1 + ((n >>> 16) & 127)}.${(n >>> 8) & 255}.${n & 255}`;
    const source = encodeSockaddr({ family: 'ipv4', host, port: 0 });
    const fd = connectDatagram(peer, { family: AF_INET, source, joins: false });
    assert.ok(fd >= 0, `a socket on ${host}`);
    libc.send(fd, payloadAddress, payload.length, 0);
    libc.close(fd);
  }
}

/** Answers everybody but forged clients, as if those answers went nowhere. */
function startServer(): Promise<DatagramServer> {
  return DatagramServer.start('s', (data) => (data.toString() === 'forged' ? [] : [data]));
}

test('100,000 forged clients: memory is bounded, live sessions and new clients are served', async () => {
  await using server = await startServer();
  const port = await freePort();
  await using ballast = await Ballast.start(
    datagramConfig({
      bind: `127.0.0.1:${port}`,
      servers: [server.address],
      listener: { maxSessions: 2_000, accessLog: false },
    }),
  );
  const live = await Promise.all(Array.from({ length: 20 }, () => DatagramClient.open()));
  const greet = async (): Promise<void> => {
    await Promise.all(live.map((client, i) => client.ask(`live ${i}`, port)));
  };
  await greet();
  await greet();
  const own = new Set(
    server.received.filter(({ data }) => data.length < 9).map(({ from }) => from.port),
  );
  server.received.length = 0;
  const [pid] = await ballast.workerPids();
  const bytesBefore = privateBytesOf(pid!);
  const step = 500;
  for (let sent = 0; sent < 100_000; sent += step) {
    forge(sent, step, port);
    if (sent % 10_000 === 0) {
      await greet();
      await using fresh = await DatagramClient.open();
      assert.equal(await fresh.ask('fresh', port), 'fresh');
    } else await new Promise((resolve) => setImmediate(resolve));
  }
  await greet();
  for (const { data, from } of server.received) {
    if (data.toString().startsWith('live')) assert.ok(own.has(from.port));
  }
  const grown = privateBytesOf(pid!) - bytesBefore;
  assert.ok(grown < 48 << 20, `${Math.round(grown / 1024)} KiB more`);
  assert.ok(descriptorCountOf(pid!) < 2_100);
  const taken = await ballast.metric('ballast_listener_requests_total');
  const lost = await ballast.metric(DROPPED, 'receive-buffer');
  assert.ok(taken > 90_000, `${taken} of 100,000 were taken, ${lost} thrown away by the kernel`);
  const evicted = await ballast.metric(REASONS, 'session-evicted');
  assert.ok(evicted > taken - 5_000, `${evicted} of ${taken} made room`);
  assert.equal(await ballast.metric('ballast_listener_connections', 'udp'), 2_000);
  for (const client of live) await client.close();
});

test('confirmed sessions do not make room: new clients are dropped, counted, and served later', async () => {
  await using server = await startServer();
  const port = await freePort();
  await using ballast = await Ballast.start(
    datagramConfig({
      bind: `127.0.0.1:${port}`,
      servers: [server.address],
      listener: { maxSessions: 10, timeouts: { idle: '1s' } },
    }),
  );
  const live = await Promise.all(Array.from({ length: 10 }, () => DatagramClient.open()));
  for (const text of ['one', 'two']) {
    await Promise.all(live.map((client) => client.ask(text, port)));
  }
  forge(0, 50, port);
  await until(async () => (await ballast.metric(DROPPED, 'sessions-full')) === 50, {
    what: 'the drops to be counted',
  });
  assert.equal(server.sources.size, 10);
  await using fresh = await DatagramClient.open();
  assert.equal(await fresh.ask('fresh', port), 'fresh');
  for (const client of live) await client.close();
});

test('descriptors are not used up by sessions', async () => {
  await using server = await startServer();
  const port = await freePort();
  const options = { descriptors: 256 };
  await using ballast = await Ballast.start(
    datagramConfig({ bind: `127.0.0.1:${port}`, servers: [server.address] }),
    options,
  );
  forge(0, 500, port);
  await using fresh = await DatagramClient.open();
  for (const text of ['one', 'two']) assert.equal(await fresh.ask(text, port), text);
  const [pid] = await ballast.workerPids();
  assert.ok(descriptorCountOf(pid!) < 200, `${descriptorCountOf(pid!)} descriptors`);
  assert.equal(await ballast.metric('ballast_exceptions_total'), 0);
  const evicted = await ballast.metric(REASONS, 'session-evicted');
  const noSocket = await ballast.metric(DROPPED, 'no-socket');
  assert.ok(evicted > 0 && noSocket === 0, `${evicted} made room, ${noSocket} found no socket`);
});
