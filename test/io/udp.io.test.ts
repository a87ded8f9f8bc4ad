// Datagrams through a running balancer: sessions, addresses, sizes, failures, counters, the log.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { DatagramClient, DatagramServer, datagramConfig } from '../kit/datagrams.ts';
import { freePort } from '../kit/free-ports.ts';
import { run } from '../kit/held-server.ts';
import { Origin } from '../kit/origin.ts';
import { until } from '../kit/wait.ts';

const DROPPED = 'ballast_listener_datagrams_dropped_total';

test('a client keeps its server, and clients are spread over the servers', async () => {
  await using a = await DatagramServer.echo('a');
  await using b = await DatagramServer.echo('b');
  const port = await freePort();
  const bind = `127.0.0.1:${port}`;
  await using ballast = await Ballast.start(
    datagramConfig({ bind, servers: [a.address, b.address], top: { workers: 2 } }),
  );
  const clients = await Promise.all(Array.from({ length: 40 }, () => DatagramClient.open()));
  const servers = await Promise.all(
    clients.map(async (client, i) => {
      const met = new Set<string>();
      for (let n = 0; n < 5; n++) {
        const [name, text] = (await client.ask(`${i}-${n}`, port)).split(':');
        assert.equal(text, `${i}-${n}`);
        met.add(name!);
      }
      assert.equal(met.size, 1);
      return [...met][0];
    }),
  );
  // Each worker goes round for itself.
  const onA = servers.filter((name) => name === 'a').length;
  assert.ok(onA >= 19 && onA <= 21, `${onA} of 40 clients are on a`);
  assert.equal(a.sources.size + b.sources.size, 40);
  assert.equal(await ballast.metric('ballast_listener_connections', 'udp'), 40);
  assert.ok((await ballast.metric('ballast_listener_requests_total', 'udp')) >= 200);
  for (const client of clients) await client.close();
});

test('answers come from the address that the client sent to, on all our addresses', async () => {
  await using server = await DatagramServer.echo('s');
  const port = await freePort();
  const bind = [`0.0.0.0:${port}`, `[::]:${port}`];
  await using ballast = await Ballast.start(datagramConfig({ bind, servers: [server.address] }));
  for (const host of ['127.0.0.1', '127.0.0.2', '127.8.9.10', '::1']) {
    await using client = await DatagramClient.open(host.includes(':') ? '::1' : '127.0.0.1');
    client.send(host, port, host);
    const { data, from } = await client.receive();
    assert.deepEqual([data.toString(), from.address, from.port], [`s:${host}`, host, port]);
  }
  // One client that talks with two of our addresses has two sessions.
  await using client = await DatagramClient.open('127.0.0.1');
  for (const host of ['127.0.0.3', '127.0.0.4']) {
    client.send(host, port, host);
    assert.equal((await client.receive()).from.address, host);
  }
  assert.equal(await ballast.metric('ballast_listener_connections', 'udp'), 6);
});

test('an IPv6 client reaches an IPv4 server and the other way round', async () => {
  await using four = await DatagramServer.echo('four');
  await using six = await DatagramServer.echo('six', 0, '::1');
  const port = await freePort();
  const bind = [`127.0.0.1:${port}`, `[::1]:${port}`];
  const servers = [four.address, six.address];
  await using ballast = await Ballast.start(datagramConfig({ bind, servers }));
  const met = new Set<string>();
  for (const host of ['127.0.0.1', '::1', '127.0.0.1', '::1', '::1']) {
    await using client = await DatagramClient.open(host);
    const answer = await client.ask('x', port, host);
    met.add(`${host} ${answer}`);
  }
  assert.ok(
    [...met].some((text) => text === '::1 four:x'),
    [...met].join(),
  );
  assert.ok([...met].some((text) => text === '127.0.0.1 six:x' || text === '::1 six:x'));
  assert.equal(await ballast.metric('ballast_exceptions_total'), 0);
});

test('empty datagrams and the largest ones pass both ways', async () => {
  await using server = await DatagramServer.start('s', (data) => [data]);
  const port = await freePort();
  const bind = `127.0.0.1:${port}`;
  await using ballast = await Ballast.start(datagramConfig({ bind, servers: [server.address] }));
  await using client = await DatagramClient.open();
  for (const size of [0, 1, 1_472, 9_000, 65_507, 0]) {
    const sent = Buffer.alloc(size, size % 251);
    client.send(sent, port);
    const { data } = await client.receive();
    assert.equal(Buffer.compare(data, sent), 0, `${size} bytes`);
  }
  assert.equal(await ballast.metric(DROPPED), 0);
  const answered = await ballast.metric('ballast_listener_sent_bytes_total');
  assert.equal(answered, 1 + 1_472 + 9_000 + 65_507);
});

test('a server may answer with many datagrams, and speak when it was not asked', async () => {
  const many = Array.from({ length: 200 }, (_, i) => `${i}`);
  await using server = await DatagramServer.start('s', () => many);
  const port = await freePort();
  const bind = `127.0.0.1:${port}`;
  await using _ = await Ballast.start(datagramConfig({ bind, servers: [server.address] }));
  await using client = await DatagramClient.open();
  client.send('x', port);
  await until(() => client.inbox.length === 200, { what: '200 datagrams' });
  assert.deepEqual(
    client.inbox.map(({ data }) => data.toString()),
    many,
  );
  const { from } = server.received[0]!;
  server.socket.send('later', from.port, from.address);
  await until(() => client.inbox.length === 201, { what: 'what came later' });
});

test('an idle session ends, and leaves one line in the access log', async () => {
  await using server = await DatagramServer.echo('s');
  const port = await freePort();
  await using ballast = await Ballast.start(
    datagramConfig({
      bind: `127.0.0.1:${port}`,
      servers: [{ address: server.address, name: 'only' }],
      listener: { timeouts: { idle: '300ms' } },
    }),
  );
  await using client = await DatagramClient.open('127.0.0.9');
  for (const text of ['one', 'two']) await client.ask(text, port);
  const line = await ballast.accessLine(({ listener }) => listener === 'udp');
  const { time, totalMs, ...rest } = line;
  assert.match(time, /^\d{4}-/);
  assert.ok(totalMs >= 300, `${totalMs} ms`);
  assert.deepEqual(Object.entries(rest), [
    ['listener', 'udp'],
    ['route', 'udp/default'],
    ['client', '127.0.0.9'],
    ['clientPort', client.port],
    ['reason', 'session-idle'],
    ['pool', 'udp'],
    ['server', 'only'],
    ['retries', 0],
    ['datagramsIn', 2],
    ['datagramsOut', 2],
    ['bytesIn', 6],
    ['bytesOut', 10],
  ]);
  assert.equal(await ballast.metric('ballast_listener_connections', 'udp'), 0);
  await client.ask('three', port);
  assert.equal(server.sources.size, 2);
});

test('a server that is gone (ICMP) is left with the next datagram', async () => {
  await using a = await DatagramServer.echo('a');
  await using b = await DatagramServer.echo('b');
  const port = await freePort();
  const bind = `127.0.0.1:${port}`;
  await using ballast = await Ballast.start(
    datagramConfig({ bind, servers: [a.address, b.address] }),
  );
  const dead = a.address;
  const clients = await Promise.all(Array.from({ length: 10 }, () => DatagramClient.open()));
  const answers = await Promise.all(clients.map((client) => client.ask('x', port)));
  assert.equal(answers.filter((answer) => answer === 'a:x').length, 5);
  await a.stop();
  for (const [i, client] of clients.entries()) {
    // One datagram is lost with the server, and tells that it is gone.
    if (answers[i] === 'a:x') client.send('lost', port);
    assert.equal(await client.ask('y', port), 'b:y');
  }
  assert.ok(!b.received.some(({ data }) => data.toString() === 'lost'));
  assert.equal(await ballast.metric('ballast_server_connect_failures_total', dead), 5);
  for (const client of clients) await client.close();
});

test('a server in drain keeps its sessions, one in maintenance loses them', async () => {
  await using a = await DatagramServer.echo('a');
  await using b = await DatagramServer.echo('b');
  const port = await freePort();
  const bind = `127.0.0.1:${port}`;
  const servers = [
    { address: a.address, name: 'a' },
    { address: b.address, name: 'b' },
  ];
  await using ballast = await Ballast.start(datagramConfig({ bind, servers }));
  await using first = await DatagramClient.open();
  const [own] = (await first.ask('x', port)).split(':');
  const other = own === 'a' ? 'b' : 'a';
  await run({ ballast }, ['drain', `udp/${own}`]);
  assert.equal(await first.ask('y', port), `${own}:y`);
  for (let i = 0; i < 4; i++) {
    await using next = await DatagramClient.open();
    assert.equal(await next.ask('z', port), `${other}:z`);
  }
  await run({ ballast }, ['maintenance', `udp/${own}`]);
  assert.equal(await first.ask('w', port), `${other}:w`);
});

test('a server that its check finds down is left, though it still answers', async () => {
  await using a = await DatagramServer.echo('a');
  await using b = await DatagramServer.echo('b');
  await using sign = await Origin.start(() => Promise.resolve());
  const port = await freePort();
  const bind = `127.0.0.1:${port}`;
  await using otherSign = await Origin.start(() => Promise.resolve());
  const servers = [
    { address: a.address, checkAddress: sign.address },
    { address: b.address, checkAddress: otherSign.address },
  ];
  const pool = { check: { tcp: {}, every: '20ms', fall: 1 } };
  await using ballast = await Ballast.start(datagramConfig({ bind, servers, pool }));
  for (const { address } of servers) await ballast.serverState(address, 'up');
  await using client = await DatagramClient.open();
  await using other = await DatagramClient.open();
  const first = [await client.ask('x', port), await other.ask('x', port)];
  assert.deepEqual(first.sort(), ['a:x', 'b:x']);
  await sign.stop();
  await ballast.serverState(a.address, 'down');
  assert.equal(await client.ask('y', port), 'b:y');
  assert.equal(await other.ask('y', port), 'b:y');
});

test('an exception ends one session, and nothing else', async () => {
  await using server = await DatagramServer.start('s', (data) => {
    return [data.toString() === 'break' ? 'x-ballast-fault' : data];
  });
  const port = await freePort();
  const bind = `127.0.0.1:${port}`;
  const env = { BALLAST_TEST_FAULT: '1' };
  const config = datagramConfig({ bind, servers: [server.address] });
  await using ballast = await Ballast.start(config, { env });
  const clients = await Promise.all(Array.from({ length: 5 }, () => DatagramClient.open()));
  for (const client of clients) await client.ask('x', port);
  const pids = await ballast.workerPids();
  clients[0]!.send('break', port);
  const line = await ballast.accessLine(({ reason }) => reason === 'exception');
  assert.equal(line['clientPort'], clients[0]!.port);
  clients[1]!.send('x-ballast-fault', port);
  await until(async () => (await ballast.metric('ballast_exceptions_total')) === 2, {
    what: 'both exceptions to be counted',
  });
  for (const client of clients) assert.equal(await client.ask('y', port), 'y');
  // One has begun anew; the process is the same.
  assert.equal(server.sources.size, 6);
  assert.deepEqual(await ballast.workerPids(), pids);
  for (const client of clients) await client.close();
});

test('without a server that is up datagrams are dropped and counted', async () => {
  const port = await freePort();
  const dead = await freePort();
  await using ballast = await Ballast.start(
    datagramConfig({
      bind: `127.0.0.1:${port}`,
      servers: [`127.0.0.1:${dead}`],
      pool: { check: { tcp: {}, every: '20ms' } },
    }),
  );
  await ballast.serverState(`127.0.0.1:${dead}`, 'down');
  await using client = await DatagramClient.open();
  client.send('x', port);
  await until(async () => (await ballast.metric(DROPPED, 'no-server-up')) === 1, {
    what: 'the drop to be counted',
  });
  assert.equal(await ballast.metric('ballast_listener_connections', 'udp'), 0);
});

test('maxConnections holds over all workers, and past it new clients are dropped', async () => {
  await using server = await DatagramServer.echo('s');
  const port = await freePort();
  await using ballast = await Ballast.start(
    datagramConfig({
      bind: `127.0.0.1:${port}`,
      servers: [{ address: server.address, maxConnections: 3 }],
      listener: { timeouts: { idle: '500ms' } },
      top: { workers: 2 },
    }),
  );
  const clients = await Promise.all(Array.from({ length: 3 }, () => DatagramClient.open()));
  // The second datagram makes the session one that need not make room.
  for (const client of clients) for (const text of ['x', 'y']) await client.ask(text, port);
  await using fourth = await DatagramClient.open();
  fourth.send('x', port);
  await until(async () => (await ballast.metric(DROPPED, 'servers-full')) === 1, {
    what: 'the drop to be counted',
  });
  assert.equal(server.sources.size, 3);
  // Once a session is over there is room.
  assert.equal(await fourth.ask('y', port), 's:y');
  for (const client of clients) await client.close();
});
