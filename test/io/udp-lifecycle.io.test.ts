// Sessions for datagrams when something ends or changes: workers, plans, the balancer itself.
import assert from 'node:assert/strict';
import { kill } from 'node:process';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { DatagramClient, DatagramServer, datagramConfig } from '../kit/datagrams.ts';
import type { DatagramConfig } from '../kit/datagrams.ts';
import { freePort } from '../kit/free-ports.ts';
import { isAlive } from '../kit/processes.ts';
import { until } from '../kit/wait.ts';

type Scene = { readonly ballast: Ballast; readonly port: number; readonly config: DatagramConfig };

async function start(
  server: DatagramServer,
  options: Partial<DatagramConfig> = {},
): Promise<Scene> {
  const port = await freePort();
  const config = { bind: `127.0.0.1:${port}`, servers: [server.address], ...options };
  return { ballast: await Ballast.start(datagramConfig(config)), port, config };
}

function openClients(count: number): Promise<DatagramClient[]> {
  return Promise.all(Array.from({ length: count }, () => DatagramClient.open()));
}

/** Two datagrams each, so that the sessions are confirmed. */
async function greet(clients: readonly DatagramClient[], port: number): Promise<void> {
  for (const text of ['one', 'two']) {
    await Promise.all(clients.map((client) => client.ask(text, port)));
  }
}

test('a reload keeps the sessions, and uses what it changed for new ones', async () => {
  await using a = await DatagramServer.echo('a');
  await using b = await DatagramServer.echo('b');
  const { ballast, port, config } = await start(a, { top: { workers: 2 } });
  await using _ = ballast;
  const clients = await openClients(8);
  await greet(clients, port);
  const before = a.sources;
  assert.equal(before.size, 8);
  const both = {
    ...config,
    servers: [a.address, b.address],
    listener: { timeouts: { idle: '5s' } },
  };
  ballast.writeConfig(datagramConfig(both));
  assert.equal((await ballast.reload()).ok, true);
  await greet(clients, port);
  assert.deepEqual(a.sources, before);
  const more = await openClients(8);
  await greet(more, port);
  assert.ok(b.sources.size >= 3, `${b.sources.size} new sessions are on b`);
  // A server that is taken out is left with the next datagram.
  ballast.writeConfig(datagramConfig({ ...config, servers: [b.address] }));
  assert.equal((await ballast.reload()).ok, true);
  const answers = await Promise.all(clients.map((client) => client.ask('x', port)));
  assert.deepEqual(new Set(answers), new Set(['b:x']));
});

test('a listener that is taken away is closed, and one that comes back serves', async () => {
  await using server = await DatagramServer.echo('s');
  const { ballast, port, config } = await start(server);
  await using _ = ballast;
  await using client = await DatagramClient.open();
  await greet([client], port);
  const other = await freePort();
  ballast.writeConfig(datagramConfig({ ...config, bind: `127.0.0.1:${other}` }));
  assert.equal((await ballast.reload()).ok, true);
  const line = await ballast.accessLine(({ listener }) => listener === 'udp');
  assert.equal(line.reason, 'listener-removed');
  assert.equal(await client.ask('x', other), 's:x');
  ballast.writeConfig(datagramConfig(config));
  assert.equal((await ballast.reload()).ok, true);
  assert.equal(await client.ask('y', port), 's:y');
});

test('more and fewer workers: every client is served, nobody reads in vain', async () => {
  await using server = await DatagramServer.echo('s');
  const { ballast, port, config } = await start(server, { top: { workers: 3, drain: '5s' } });
  await using _ = ballast;
  const clients = await openClients(30);
  await greet(clients, port);
  for (const workers of [1, 4, 2]) {
    ballast.writeConfig(datagramConfig({ ...config, top: { workers, drain: '5s' } }));
    assert.equal((await ballast.reload()).ok, true);
    await greet(clients, port);
    const fresh = await openClients(30);
    await greet(fresh, port);
  }
  const pids = await ballast.workerPids();
  assert.equal(pids.length, 2);
});

test('sessions of a worker that is taken away go on in it until it has drained', async () => {
  await using server = await DatagramServer.echo('s');
  const { ballast, port, config } = await start(server, { top: { workers: 2, drain: '20s' } });
  await using _ = ballast;
  const clients = await openClients(16);
  await greet(clients, port);
  const before = server.sources;
  ballast.writeConfig(datagramConfig({ ...config, top: { workers: 1, drain: '20s' } }));
  assert.equal((await ballast.reload()).ok, true);
  await until(
    async () => (await ballast.status()).workers.some((one) => one.state === 'draining'),
    {
      what: 'a worker to drain',
    },
  );
  await greet(clients, port);
  assert.deepEqual(server.sources, before);
  // The server reaches them too.
  const told = server.received.at(-1)!.from;
  server.socket.send('later', told.port, told.address);
  await until(() => clients.some(({ inbox }) => inbox.length === 1), { what: 'what came later' });
});

test('kill -9 of a worker: clients begin anew, and what arrived meanwhile is not lost', async () => {
  await using server = await DatagramServer.echo('s');
  const { ballast, port } = await start(server, { top: { workers: 2 } });
  await using _ = ballast;
  const clients = await openClients(20);
  await greet(clients, port);
  for (const pid of await ballast.workerPids()) kill(pid, 'SIGKILL');
  for (const client of clients) client.send('after', port);
  // Each once: they wait in the sockets, which belong to the supervisor.
  for (const client of clients) {
    assert.equal((await client.receive()).data.toString(), 's:after');
  }
  assert.equal(server.sources.size, 40);
  assert.equal(await ballast.metric('ballast_listener_connections', 'udp'), 20);
});

test('SIGTERM: a session in use goes on both ways, new clients are refused at once', async () => {
  await using server = await DatagramServer.echo('s');
  const { ballast, port, config } = await start(server, { top: { workers: 2, drain: '30s' } });
  await using _ = ballast;
  const clients = await openClients(6);
  await greet(clients, port);
  const before = server.sources;
  ballast.signal('SIGTERM');
  await using late = await DatagramClient.open();
  const refused = new Promise<string>((resolve) => {
    late.socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
  late.socket.connect(port, '127.0.0.1');
  await new Promise<void>((resolve) => late.socket.once('connect', () => resolve()));
  // ICMP comes once the socket is closed everywhere; until then it may be answered still.
  const knock = setInterval(() => late.socket.send('x'), 20);
  assert.equal(await refused, 'ECONNREFUSED');
  clearInterval(knock);
  server.received.length = 0;
  for (let i = 0; i < 3; i++) await greet(clients, port);
  assert.deepEqual(server.sources, before);
  // Its successor listens beside it, and gets the new clients alone.
  await using next = await Ballast.start(datagramConfig(config));
  await using fresh = await DatagramClient.open();
  assert.equal(await fresh.ask('x', port), 's:x');
  await greet(clients, port);
  assert.equal(await next.metric('ballast_listener_connections', 'udp'), 1);
});

test('without sessions in use a drain is over at once', async () => {
  await using server = await DatagramServer.echo('s');
  const { ballast, port } = await start(server, { top: { drain: '30s' } });
  await using _ = ballast;
  await using client = await DatagramClient.open();
  assert.equal(await client.ask('x', port), 's:x');
  ballast.signal('SIGTERM');
  assert.deepEqual(await ballast.exited(10_000), { code: 0, signal: null });
});

test('the successor of a killed supervisor takes over the sockets, and the workers leave', async () => {
  await using server = await DatagramServer.echo('s');
  const { ballast, port, config } = await start(server, { top: { workers: 3, drain: '5s' } });
  await using _ = ballast;
  const clients = await openClients(12);
  await greet(clients, port);
  const orphans = await ballast.workerPids();
  ballast.signal('SIGKILL');
  await ballast.exited();
  assert.equal(await clients[0]!.ask('x', port), 's:x');
  // One worker fewer than before: no socket may be left that nobody reads.
  await using next = await Ballast.start(
    datagramConfig({ ...config, top: { workers: 2, drain: '5s' } }),
  );
  await greet(clients, port);
  const fresh = await openClients(30);
  await greet(fresh, port);
  assert.ok((await next.metric('ballast_listener_connections', 'udp')) >= 30);
  // The workers of the one before end when their sessions have.
  await until(() => orphans.every((pid) => !isAlive(pid)), { what: 'the workers to leave' });
  await greet(clients, port);
});

test('a stranger on the address is a refusal to start, with a remedy', async () => {
  await using stranger = await DatagramServer.echo('x');
  await assert.rejects(
    Ballast.start(datagramConfig({ bind: stranger.address, servers: ['127.0.0.1:9'] })),
    /BAL_LISTEN_IN_USE.*\n.*ss -lunp/s,
  );
});
