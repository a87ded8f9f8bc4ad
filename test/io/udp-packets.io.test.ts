// perPacket: each datagram on its own, with one answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { DatagramClient, DatagramServer, datagramConfig } from '../kit/datagrams.ts';
import { freePort } from '../kit/free-ports.ts';
import { until } from '../kit/wait.ts';

const DROPPED = 'ballast_listener_datagrams_dropped_total';

function packetConfig(port: number, servers: readonly unknown[], listener = {}, pool = {}) {
  const bind = `127.0.0.1:${port}`;
  return datagramConfig({ bind, servers, listener: { perPacket: true, ...listener }, pool });
}

test('the datagrams of one client go to all servers, and each gets its own answer', async () => {
  await using a = await DatagramServer.echo('a');
  await using b = await DatagramServer.echo('b');
  const port = await freePort();
  await using ballast = await Ballast.start(packetConfig(port, [a.address, b.address]));
  await using client = await DatagramClient.open();
  for (let i = 0; i < 200; i++) client.send(`${i}.`, port);
  await until(() => client.inbox.length === 200, { what: '200 answers' });
  const texts = client.inbox.map(({ data }) => data.toString().slice(2));
  assert.equal(new Set(texts).size, 200);
  assert.equal(a.received.length, 100);
  assert.equal(b.received.length, 100);
  assert.equal(await ballast.metric('ballast_listener_connections', 'udp'), 0);
  // Sockets whose answers have come serve again.
  for (let i = 0; i < 100; i++) await client.ask(`again ${i}`, port);
  assert.ok(a.sources.size + b.sources.size <= 200);
  assert.ok((await ballast.metric('ballast_server_connections_reused_total')) >= 100);
});

test('answers go to the client that asked, however many ask at once', async () => {
  await using a = await DatagramServer.start('a', (data) => [data]);
  const port = await freePort();
  await using _ = await Ballast.start(packetConfig(port, [a.address], {}, {}));
  const clients = await Promise.all(Array.from({ length: 50 }, () => DatagramClient.open()));
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      clients.map(async (client, i) => {
        const text = `${round}/${i}.`;
        assert.equal(await client.ask(text, port), text);
      }),
    );
  }
  for (const client of clients) await client.close();
});

test('a dead server (ICMP) costs no query: it is sent once more, to another', async () => {
  await using a = await DatagramServer.echo('a');
  const dead = await freePort();
  const port = await freePort();
  const servers = [a.address, `127.0.0.1:${dead}`];
  await using ballast = await Ballast.start(packetConfig(port, servers));
  await using client = await DatagramClient.open();
  for (let i = 0; i < 20; i++) {
    client.send(`${i}.`, port);
    assert.equal((await client.receive()).data.toString(), `a:${i}.`);
  }
  const failures = await ballast.metric('ballast_server_connect_failures_total', String(dead));
  assert.ok(failures >= 10 && failures <= 20, `${failures} failures`);
  assert.equal(await ballast.metric('ballast_pool_retries_total'), failures);
  assert.equal(a.received.length, 20);
});

test('an answer that does not come is a failure, one that comes late is for nobody', async () => {
  const port = await freePort();
  const held: (() => void)[] = [];
  await using server = await DatagramServer.start('s', (data, { port: to, address }) => {
    if (data.toString() !== 'slow') return [data];
    held.push(() => server.socket.send('late', to, address));
    return [];
  });
  await using ballast = await Ballast.start(
    packetConfig(port, [server.address], { timeouts: { answer: '200ms' } }),
  );
  await using client = await DatagramClient.open();
  client.send('slow', port);
  const line = await ballast.accessLine(({ listener }) => listener === 'udp');
  assert.equal(line.reason, 'first-byte-timeout');
  assert.equal(await ballast.metric('ballast_server_failures_total', server.address), 1);
  for (const answer of held) answer();
  assert.equal(await client.ask('next', port), 'next');
  assert.equal(client.inbox.length, 0);
});

test('passive health ejects a server that does not answer', async () => {
  await using a = await DatagramServer.start('a', () => []);
  await using b = await DatagramServer.echo('b');
  const port = await freePort();
  const passive = { on: ['connect'], failures: 3, eject: '60s' };
  const config = packetConfig(
    port,
    [a.address, b.address],
    { timeouts: { answer: '100ms' } },
    { passive },
  );
  await using ballast = await Ballast.start(config);
  await using client = await DatagramClient.open();
  for (let i = 0; i < 6; i++) client.send(`${i}.`, port);
  await until(
    async () => (await ballast.metric('ballast_server_failures_total', a.address)) === 3,
    {
      what: 'three answers to be given up',
    },
  );
  const before = a.received.length;
  await until(async () => /ejected/.test(JSON.stringify(await ballast.status())), {
    what: 'the server to be ejected',
  });
  client.inbox.length = 0;
  for (let i = 0; i < 20; i++) {
    client.send(`after ${i}.`, port);
    assert.equal((await client.receive()).data.toString(), `b:after ${i}.`);
  }
  assert.equal(a.received.length, before);
});

test('a second answer to one datagram goes to nobody', async () => {
  await using server = await DatagramServer.start('s', (data) => [data, data, data]);
  const port = await freePort();
  await using ballast = await Ballast.start(packetConfig(port, [server.address]));
  await using client = await DatagramClient.open();
  // Those that come when the socket is closed already are nobody's to count.
  await until(
    async () => {
      assert.equal(await client.ask('once', port), 'once');
      return (await ballast.metric(DROPPED, 'unasked')) >= 2;
    },
    { what: 'further answers to be counted' },
  );
  assert.equal(client.inbox.length, 0);
});

test('maxSessions bounds the answers that are awaited', async () => {
  await using server = await DatagramServer.start('s', () => []);
  const port = await freePort();
  await using ballast = await Ballast.start(
    packetConfig(port, [server.address], { maxSessions: 5, timeouts: { answer: '300ms' } }),
  );
  await using client = await DatagramClient.open();
  for (let i = 0; i < 20; i++) client.send('x', port);
  await until(async () => (await ballast.metric(DROPPED, 'sessions-full')) === 15, {
    what: 'the drops to be counted',
  });
  await until(async () => (await ballast.metric('ballast_listener_connections', 'udp')) === 0, {
    what: 'the time limits',
  });
  assert.equal(server.received.length, 5);
});
