// Operators take servers out and back: what clients and servers see of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FakeDns, recordsOf } from '../../src/control/names/dns-server-testkit.ts';
import { connectTo } from '../kit/byte-stream.ts';
import { answers, HeldServer, run, serverOf } from '../kit/held-server.ts';
import { Load } from '../kit/load.ts';
import { startPair } from '../kit/pair.ts';
import { named, startTcpScene } from '../kit/tcp-scene.ts';
import { ask, getBytes } from '../kit/scene.ts';
import { until } from '../kit/wait.ts';

test('drain under load: no request fails, what the server has ends, nothing new reaches it', async () => {
  await using a = await HeldServer.start('a');
  await using b = await HeldServer.start('b');
  await using pair = await startPair([a.plan, b.plan], {}, { top: { workers: 2 } });
  const load = new Load({ port: pair.port, clients: 8 });
  const renewing = new Load({ port: pair.port, clients: 2, requestsPerConnection: 1 });
  const held = await Promise.all([1, 2, 3, 4].map(() => connectTo(pair.port)));
  for (const client of held) void client.write(getBytes('/held'));
  await until(() => heldBy(a) > 0 && heldBy(b) > 0, { what: 'both to hold requests' });
  await load.more(50);
  const left = heldBy(a);
  await run(pair, ['drain', 'web/a']);
  const before = a.served;
  await Promise.all([load.more(500), renewing.more(50)]);
  assert.equal(a.served, before);
  await Promise.all([load.stop(), renewing.stop()]);
  assert.deepEqual([...load.failures, ...renewing.failures], []);
  assert.equal(serverOf(await pair.ballast.status(), 'a').requestsLive, left);
  a.release();
  b.release();
  for (const client of held) {
    assert.equal((await client.readMessage('response')).status, 200);
    client.destroy();
  }
  await run(pair, ['ready', 'web/a']);
  await until(async () => (await answers(pair.port, 4)).has('a'), { what: 'a to serve again' });
});

function heldBy({ origin }: HeldServer): number {
  return origin.requests.filter(({ target }) => target === '/held').length;
}

test('drain --wait does not call a server empty that leaves the configuration meanwhile', async () => {
  await using a = await HeldServer.start('a');
  await using b = await HeldServer.start('b');
  await using pair = await startPair([
    { ...a.plan, weight: 256 },
    { ...b.plan, weight: 0 },
  ]);
  const client = await connectTo(pair.port);
  void client.write(getBytes('/held'));
  await a.origin.received(1);
  const waiting = run(pair, ['drain', 'web/a', '--wait'], 1);
  const isDrained = async () => {
    return serverOf(await pair.ballast.status(), 'a').administrative.state === 'drain';
  };
  await until(isDrained, { what: 'a to be drained' });
  const config = JSON.parse(readFileSync(pair.ballast.configFile, 'utf8')) as {
    pools: { web: { servers: unknown[] } };
  };
  config.pools.web.servers = [b.plan];
  pair.ballast.writeConfig(JSON.stringify(config));
  assert.ok((await pair.ballast.reload()).ok);
  const { stderr } = await waiting;
  assert.match(stderr, /BAL_SERVER_GONE: web\/a left the configuration while it was waited for/);
  assert.doesNotMatch(stderr, /nothing left/);
  a.release();
  assert.equal((await client.readMessage('response')).status, 200);
  client.destroy();
});

test('drain --wait returns when the last request has ended, and exits 1 at its time limit', async () => {
  await using a = await HeldServer.start('a');
  await using b = await HeldServer.start('b');
  await using pair = await startPair([
    { ...a.plan, weight: 256 },
    { ...b.plan, weight: 0 },
  ]);
  const client = await connectTo(pair.port);
  void client.write(getBytes('/held'));
  await a.origin.received(1);
  const late = await run(pair, ['drain', 'web/a', '--wait', '--timeout', '300ms'], 1);
  assert.match(late.stdout, /web\/a {2}drain, was ready {2}1 request or session left\n/);
  assert.match(late.stderr, /BAL_SERVER_BUSY: web\/a: 1 request or session left after /);
  assert.match(late.stderr, /it stays drained/);
  const waiting = run(pair, ['drain', 'web/a', '--wait', '--timeout', '60s', '--json']);
  const count = async () => serverOf(await pair.ballast.status(), 'a').requestsLive;
  assert.equal(await count(), 1);
  a.release();
  assert.equal((await client.readMessage('response')).status, 200);
  client.destroy();
  const done = await waiting;
  const report = JSON.parse(done.stdout) as { servers: { requestsLive: number }[] };
  assert.equal(report.servers[0]!.requestsLive, 0);
});

test('drain holds through a reload and through the death of every worker', async () => {
  await using a = await HeldServer.start('a');
  await using b = await HeldServer.start('b');
  await using pair = await startPair([a.plan, b.plan], {}, { top: { workers: 2 } });
  await run(pair, ['drain', 'web/a']);
  const { ballast, port } = pair;
  const config = JSON.parse(readFileSync(ballast.configFile, 'utf8')) as { drain?: string };
  ballast.writeConfig({ ...config, drain: '7s' });
  assert.equal((await ballast.reload()).ok, true);
  assert.deepEqual(await answers(port, 10), new Set(['b']));
  for (const pid of await ballast.workerPids()) {
    process.kill(pid, 'SIGKILL');
    await until(async () => !(await ballast.workerPids()).includes(pid), { what: 'its successor' });
  }
  await until(async () => (await ballast.workerPids()).length === 2, { what: 'two workers' });
  assert.deepEqual(await answers(port, 20), new Set(['b']));
  assert.equal(a.served, 0);
  assert.equal(serverOf(await ballast.status(), 'a').administrative.state, 'drain');
});

test('a server that is drained, removed and put back gets nothing in between', async () => {
  await using a = await HeldServer.start('a');
  await using b = await HeldServer.start('b');
  await using pair = await startPair([a.plan, b.plan]);
  await run(pair, ['drain', 'web/a']);
  const { ballast, port } = pair;
  const both = readFileSync(ballast.configFile, 'utf8');
  const config = JSON.parse(both) as { pools: { web: { servers: unknown[] } } };
  config.pools.web.servers = [b.plan];
  ballast.writeConfig(JSON.stringify(config));
  assert.equal((await ballast.reload()).ok, true);
  const load = new Load({ port, clients: 4 });
  await load.more(20);
  ballast.writeConfig(both);
  assert.equal((await ballast.reload()).ok, true);
  await load.more(200);
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal(a.served, 0);
});

test('maintenance stops the check too, and after it the check begins anew', async () => {
  await using a = await HeldServer.start('a');
  await using b = await HeldServer.start('b');
  const check = { http: { path: '/healthz' }, every: '20ms' };
  await using pair = await startPair([a.plan, b.plan], { check });
  await pair.ballast.serverState(a.origin.address, 'up');
  await run(pair, ['drain', 'web/a']);
  const { checks } = a;
  await until(() => a.checks > checks + 2, { what: 'checks of a drained server' });
  await run(pair, ['maintenance', 'web/a']);
  const before = a.checks;
  const others = b.checks;
  await until(() => b.checks > others + 20, { what: 'checks of the other server' });
  assert.equal(a.checks, before);
  assert.deepEqual(await answers(pair.port, 5), new Set(['b']));
  await a.origin.stop();
  await run(pair, ['ready', 'web/a']);
  // Nothing is believed of a server that was away: its first probe decides.
  await pair.ballast.serverState(a.origin.address, 'down');
});

test('weight changes the shares at once, and 0 takes a server out', async () => {
  await using a = await HeldServer.start('a');
  await using b = await HeldServer.start('b');
  await using pair = await startPair([a.plan, b.plan]);
  await run(pair, ['weight', 'web/a', '3']);
  for (let i = 0; i < 40; i++) await ask(pair.port, getBytes('/'));
  assert.deepEqual([a.served, b.served], [30, 10]);
  await run(pair, ['weight', 'web/a', '0']);
  assert.deepEqual(await answers(pair.port, 6), new Set(['b']));
  await run(pair, ['weight', 'web/a', 'default']);
  const before = a.served;
  for (let i = 0; i < 40; i++) await ask(pair.port, getBytes('/'));
  assert.equal(a.served - before, 20);
});

test('a server that a name stands for is drained, also after it has left and come back', async () => {
  await using a = await HeldServer.start('a');
  await using b = await HeldServer.start('b');
  let addresses = ['127.0.0.1'];
  await using dns = await FakeDns.start(({ type }) => {
    return recordsOf('db.test', 'A', type === 'A' ? addresses : []);
  });
  const resolver = { servers: [`127.0.0.1:${dns.server.port}`], ttlMin: '100ms', ttlMax: '200ms' };
  const byName = { address: `db.test:${a.origin.port}`, name: 'db' };
  await using pair = await startPair([byName, b.plan], {}, { top: { resolver } });
  const server = `db/127.0.0.1:${a.origin.port}`;
  const isThere = async () => serverOf(await pair.ballast.status(), server) !== undefined;
  await until(isThere, { what: 'the name to be looked up' });
  const { stdout } = await run(pair, ['drain', `web/${server}`]);
  assert.ok(stdout.startsWith(`web/${server}  drain, was ready`), stdout);
  await run(pair, ['weight', 'web/db/*', '4']);
  const before = a.served;
  assert.deepEqual(await answers(pair.port, 6), new Set(['b']));
  addresses = ['127.0.0.9'];
  await until(async () => !(await isThere()), { what: 'the address to go' });
  addresses = ['127.0.0.1'];
  await until(isThere, { what: 'the address to come back' });
  await pair.ballast.reload();
  assert.deepEqual(await answers(pair.port, 6), new Set(['b']));
  const { administrative, weightEffective } = serverOf(await pair.ballast.status(), server);
  assert.deepEqual([administrative.state, weightEffective, a.served], ['drain', 4, before]);
});

for (const onDown of ['keep', 'close']) {
  test(`sessions of layer 4 go on in drain; maintenance with onDown: ${onDown} is ${onDown}`, async () => {
    await using scene = await startTcpScene({ scripts: [named('a')], pool: { onDown } });
    const client = await scene.connect();
    await client.readUntil('a\n');
    const server = `tcp/${scene.origin.address}`;
    const drained = await run(scene, ['drain', server]);
    assert.match(drained.stdout, /1 request or session left/);
    await client.write('one\n');
    await client.readUntil('one\n');
    // The reset of a client that finds no server may come while it still connects.
    await scene.connect().then(
      (refused) => refused.closed(),
      (error: Error) => assert.match(error.message, /ECONNRESET/),
    );
    assert.equal(scene.origin.connections.length, 1);
    await run(scene, ['maintenance', server]);
    if (onDown === 'close') {
      assert.equal(await client.closed(), 'reset');
      const isLeft = async () => {
        return (await scene.ballast.status()).pools[0]!.servers[0]!.requestsLive > 0;
      };
      await until(async () => !(await isLeft()), { what: 'no session left' });
      return;
    }
    await client.write('two\n');
    await client.readUntil('two\n');
    client.destroy();
    await run(scene, ['drain', server, '--wait', '--timeout', '10s']);
  });
}
