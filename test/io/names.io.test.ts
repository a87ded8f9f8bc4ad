// Servers given by name: they come and go with the DNS, and go on without it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { test } from 'node:test';
import { FakeDns, recordsOf } from '../../src/control/names/dns-server-testkit.ts';
import type { FakeAnswer, FakeQuestion } from '../../src/control/names/dns-server-testkit.ts';
import type { PoolStatus } from '../../src/control/status-report.ts';
import { Ballast } from '../kit/ballast.ts';
import { simpleConfig } from '../kit/config.ts';
import type { Tree } from '../kit/config.ts';
import { Dnsmasq, withoutDnsmasq } from '../kit/dnsmasq.ts';
import { freePort, freePorts } from '../kit/free-ports.ts';
import { Load } from '../kit/load.ts';
import { endProcess, isAlive } from '../kit/processes.ts';
import { ask, getBytes } from '../kit/scene.ts';
import { until } from '../kit/wait.ts';

/** A server on an address of the loopback network of its own; says its address. */
class WebServer implements AsyncDisposable {
  requests = 0;
  connections = 0;
  readonly #server: Server;
  /** Answers wait for this. */
  gate: Promise<void> | null = null;

  private constructor(host: string) {
    this.#server = createServer((_request, response) => {
      this.requests += 1;
      void Promise.resolve(this.gate).then(() => response.end(host));
    });
    this.#server.keepAliveTimeout = 0;
    this.#server.on('connection', () => {
      this.connections += 1;
    });
  }

  static async start(host: string, port: number): Promise<WebServer> {
    const made = new WebServer(host);
    await new Promise<void>((resolve) => {
      made.#server.listen(port, host, resolve);
    });
    return made;
  }

  /** Waits until it has served so many more requests. */
  async more(count: number): Promise<void> {
    const goal = this.requests + count;
    await until(() => this.requests >= goal, { what: `${count} more requests at a server` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

type Parts = {
  port: number;
  dns: string;
  servers: unknown[];
  keep?: string;
  top?: Tree;
  pool?: Tree;
};

/** One pool of names, looked up at `dns` with short times. */
function configOf({ port, dns, servers, keep = '60s', top, pool }: Parts): Tree {
  const resolver = { servers: [dns], timeout: '500ms', ttlMin: '200ms', keep };
  const listener = { reasonHeader: true };
  return simpleConfig({
    port,
    servers,
    listener,
    top: { resolver, ...top },
    ...(pool && { pool }),
  });
}

const addressOf = ({ server }: FakeDns): string => `127.0.0.1:${server.port}`;

async function webPool(ballast: Ballast): Promise<PoolStatus> {
  return (await ballast.status()).pools.find(({ name }) => name === 'web')!;
}

/** Waits until the pool has exactly these servers. */
async function serversAre(ballast: Ballast, ...names: string[]): Promise<void> {
  const isSo = async (): Promise<boolean> => {
    const pool = await webPool(ballast);
    return pool.servers.map(({ name }) => name).join() === names.join();
  };
  await until(isSo, { what: `the servers ${names.join()}`, everyMs: 25 });
}

async function nameState(ballast: Ballast, state: string): Promise<void> {
  const isSo = async () => (await webPool(ballast)).names[0]!.state === state;
  await until(isSo, { what: `the name to be ${state}`, everyMs: 25 });
}

async function statusOf(port: number): Promise<number> {
  return (await ask(port, getBytes('/'))).status;
}

const skip = { skip: withoutDnsmasq };

test(
  'servers come and go with the DNS; no request fails and those that stay stay',
  skip,
  async () => {
    const [port, serverPort] = (await freePorts(2)) as [number, number];
    await using a = await WebServer.start('127.0.0.2', serverPort);
    await using b = await WebServer.start('127.0.0.3', serverPort);
    await using dns = await Dnsmasq.start({ hosts: { 'web.test': ['127.0.0.2'] } });
    const name = `web.test:${serverPort}`;
    const [atA, atB] = [`${name}/127.0.0.2:${serverPort}`, `${name}/127.0.0.3:${serverPort}`];
    const parts = { port, dns: dns.address, servers: [name] };
    await using ballast = await Ballast.start(configOf(parts));
    await serversAre(ballast, atA);
    const load = new Load({ port, clients: 8, restMs: 1 });
    await load.more(100);
    await dns.change({ hosts: { 'web.test': ['127.0.0.3', '127.0.0.2'] } });
    await b.more(100);
    await serversAre(ballast, atA, atB);
    // The server that stays has its connections and its counters still.
    assert.ok(a.connections <= 8, `${a.connections} connections`);
    assert.ok((await ballast.metric('ballast_server_requests_total', atA)) >= 100);
    const under = new Promise<void>((resolve) => setTimeout(resolve, 3_000));
    a.gate = under;
    await dns.change({ hosts: { 'web.test': ['127.0.0.3'] } });
    await serversAre(ballast, atB);
    // Those under way at the server that went end in peace, and none goes there any more.
    await under;
    const before = a.requests;
    await b.more(100);
    assert.equal(a.requests, before);
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.match(ballast.stderr, /servers by name have changed/);
  },
);

test('serving goes on while the DNS is dead, for as long as is said', skip, async () => {
  const [port, serverPort] = (await freePorts(2)) as [number, number];
  await using _a = await WebServer.start('127.0.0.2', serverPort);
  await using dns = await Dnsmasq.start({ hosts: { 'web.test': ['127.0.0.2'] } });
  const parts = { port, dns: dns.address, servers: [`web.test:${serverPort}`], keep: '6s' };
  await using ballast = await Ballast.start(configOf(parts));
  const load = new Load({ port, clients: 4, restMs: 1 });
  await load.more(20);
  await dns.stop();
  await nameState(ballast, 'holding');
  const [name] = (await webPool(ballast)).names;
  assert.deepEqual([name!.reason, name!.servers], ['name-no-answer', 1]);
  assert.equal(await ballast.metric('ballast_names_failing', 'holding'), 1);
  await load.more(100);
  await load.stop();
  assert.deepEqual(load.failures, []);
  await nameState(ballast, 'unresolved');
  await until(async () => (await statusOf(port)) === 503, { what: '503' });
  const [server] = (await webPool(ballast)).servers;
  assert.deepEqual([server!.state, server!.reason], ['down', 'name-no-answer']);
  await dns.resume();
  await until(async () => (await statusOf(port)) === 200, { what: 'the server', everyMs: 50 });
});

test('a name that is not there at the start is a server that is down until it is', async () => {
  const [port, serverPort] = (await freePorts(2)) as [number, number];
  await using _a = await WebServer.start('127.0.0.2', serverPort);
  let answer: FakeAnswer = { code: 3 };
  await using dns = await FakeDns.start(() => answer);
  const parts = { port, dns: addressOf(dns), servers: [`web.test:${serverPort}`] };
  await using ballast = await Ballast.start(configOf(parts));
  const message = await ask(port, getBytes('/'));
  assert.equal(message.status, 503);
  assert.match(message.head, /^ballast-reason: no-server-up/im);
  await nameState(ballast, 'unresolved');
  const { servers: shown, names } = await webPool(ballast);
  assert.deepEqual(
    shown.map(({ name, state, reason }) => [name, state, reason]),
    [[`web.test:${serverPort}`, 'down', 'name-not-found']],
  );
  assert.equal(names[0]!.reason, 'name-not-found');
  answer = recordsOf('web.test', 'A', ['127.0.0.2']);
  await until(async () => (await statusOf(port)) === 200, { what: 'the server', everyMs: 50 });
  assert.ok((await ballast.metric('ballast_name_lookups_total', 'name-not-found')) >= 1);
  assert.ok((await ballast.metric('ballast_name_lookups_total', '"records"')) >= 1);
});

test('a name server that is silent delays the start by no more than a second or so', async () => {
  const port = await freePort();
  await using dns = await FakeDns.start(() => null);
  const parts = { port, dns: addressOf(dns), servers: ['web.test:80'] };
  const resolver = { servers: [addressOf(dns)], timeout: '60s' };
  const beganAt = performance.now();
  await using ballast = await Ballast.start(configOf({ ...parts, top: { resolver } }));
  // Far from the time limit of the name server, whatever the load of this machine.
  assert.ok(performance.now() - beganAt < 30_000);
  assert.equal(await statusOf(port), 503);
  const [name] = (await webPool(ballast)).names;
  assert.deepEqual([name!.state, name!.reason], ['unknown', 'name-not-asked']);
});

test('SRV gives ports, weights and backups', async () => {
  const [port, one, two, spare] = (await freePorts(4)) as [number, number, number, number];
  await using a = await WebServer.start('127.0.0.1', one);
  await using b = await WebServer.start('127.0.0.1', two);
  await using c = await WebServer.start('127.0.0.1', spare);
  let targets: [number, number, number][] = [
    [10, 30, one],
    [10, 10, two],
    [20, 5, spare],
  ];
  await using dns = await FakeDns.start(({ name, type }: FakeQuestion): FakeAnswer => {
    if (type !== 'SRV') return recordsOf(name, 'A', ['127.0.0.1']);
    const answers = targets.map(([priority, weight, at]) => {
      return { name, ttlS: 1, data: { kind: type, priority, weight, port: at, target: 't.test' } };
    });
    return { answers };
  });
  const parts = { port, dns: addressOf(dns), servers: ['srv:_web._tcp.test'] };
  await using ballast = await Ballast.start(
    configOf({ ...parts, pool: { check: { tcp: {}, every: '200ms', fall: 1 } } }),
  );
  const [atOne, atTwo, atSpare] = [one, two, spare].map((at) => {
    return `srv:_web._tcp.test/127.0.0.1:${at}`;
  }) as [string, string, string];
  await serversAre(ballast, atOne, atTwo, atSpare);
  const shown = (await webPool(ballast)).servers.map(({ name, weight, backup }) => {
    return `${name} ${weight}${backup ? ' backup' : ''}`;
  });
  assert.deepEqual(shown, [`${atOne} 30`, `${atTwo} 10`, `${atSpare} 5 backup`]);
  await ballast.serverState(`127.0.0.1:${one}`, 'up');
  await ballast.serverState(`127.0.0.1:${two}`, 'up');
  const [fromA, fromB] = [a.requests, b.requests];
  for (let i = 0; i < 40; i++) assert.equal(await statusOf(port), 200);
  assert.deepEqual([a.requests - fromA, b.requests - fromB, c.requests], [30, 10, 0]);
  targets = targets.slice(2);
  await serversAre(ballast, atSpare);
  assert.equal(await statusOf(port), 200);
  assert.ok(c.requests > 0);
});

test('more addresses than fit into a datagram are all servers', skip, async () => {
  const port = await freePort();
  const addresses = Array.from({ length: 150 }, (_, i) => `127.1.0.${i + 1}`);
  await using dns = await Dnsmasq.start({ hosts: { 'many.test': addresses } });
  const parts = { port, dns: dns.address, servers: ['many.test:80'] };
  await using ballast = await Ballast.start(configOf(parts));
  const areAll = async () => (await webPool(ballast)).servers.length === addresses.length;
  await until(areAll, { what: 'all servers', everyMs: 25 });
});

test('answers that change while the file is reloaded are in force after it', async () => {
  const [port, serverPort] = (await freePorts(2)) as [number, number];
  await using _a = await WebServer.start('127.0.0.2', serverPort);
  await using _b = await WebServer.start('127.0.0.3', serverPort);
  let round = 0;
  const both = ['127.0.0.2', '127.0.0.3'];
  await using dns = await FakeDns.start(({ name, type }: FakeQuestion): FakeAnswer => {
    if (type !== 'A') return {};
    // Each answer is another one.
    const data = { kind: type, address: both[round++ % 2]! };
    return { answers: [{ name, ttlS: 0, data }] };
  });
  const parts = { port, dns: addressOf(dns), servers: [`web.test:${serverPort}`] };
  const at = (connectTimeout: number): Tree =>
    configOf({ ...parts, pool: { connectTimeout: `${connectTimeout}s` } });
  await using ballast = await Ballast.start(at(1));
  const load = new Load({ port, clients: 6, restMs: 1 });
  for (let i = 2; i < 20; i++) {
    ballast.writeConfig(at(i));
    const report = await ballast.reload();
    assert.equal(report.ok, true, report.message);
    await load.more(10);
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
  // It stays at one answer, and that is what serves in the end.
  dns.answers = ({ name, type }) => (type === 'A' ? recordsOf(name, 'A', ['127.0.0.9']) : {});
  await serversAre(ballast, `web.test:${serverPort}/127.0.0.9:${serverPort}`);
});

test('a successor serves where the servers were while the DNS is dead', async () => {
  const [port, serverPort] = (await freePorts(2)) as [number, number];
  await using _a = await WebServer.start('127.0.0.2', serverPort);
  await using dns = await FakeDns.start(({ name, type }) =>
    type === 'A' ? recordsOf(name, 'A', ['127.0.0.2']) : {},
  );
  const parts = { port, dns: addressOf(dns), servers: [`web.test:${serverPort}`] };
  const key = `web.test:${serverPort}/127.0.0.2:${serverPort}`;
  await using first = await Ballast.start(configOf(parts));
  const state = first.dir.file('state');
  first.writeConfig(configOf({ ...parts, top: { state } }));
  assert.equal((await first.reload()).ok, true);
  const kept = async () => readFileSync(`${state}/names.json`, 'utf8').includes('127.0.0.2');
  await until(() => kept().catch(() => false), { what: 'the file', everyMs: 50 });
  const load = new Load({ port, clients: 4, restMs: 1 });
  const old = await first.workerPids();
  await endProcess(first.child, 'SIGKILL', 1_000);
  dns.answers = () => null;
  try {
    await using _successor = await Ballast.start(readFileSync(first.configFile, 'utf8'));
    await until(() => old.every((pid) => !isAlive(pid)), { what: 'the old workers to end' });
    await load.more(50);
    // The file names the admin socket of the first one.
    await serversAre(first, key);
    await nameState(first, 'holding');
    // A change that comes to the successor is put in force like any other.
    dns.answers = ({ name, type }) =>
      type === 'A' ? recordsOf(name, 'A', ['127.0.0.2', '127.0.0.4']) : {};
    await serversAre(first, key, `web.test:${serverPort}/127.0.0.4:${serverPort}`);
    await load.stop();
    assert.deepEqual(
      load.failures.filter(({ kind }) => kind !== 'status'),
      [],
    );
  } finally {
    for (const pid of old) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  }
});
