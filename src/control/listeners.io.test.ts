import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import test from 'node:test';
import { TempDir } from '../../test/kit/temp-dir.ts';
import { errorsIn, type BallastError } from '../base/errors.ts';
import { loadConfig } from '../config/load.ts';
import type { Plan } from '../config/plan.ts';
import { bindKey } from '../plane/worker-protocol.ts';
import { connectDatagram, openDatagramListener } from '../sys/datagram-sockets.ts';
import { addressOf } from '../sys/libc.ts';
import { AF_INET, encodeSockaddr } from '../sys/sockaddr.ts';
import { boundAddress, closeFd, openListener } from '../sys/sockets.ts';
import { Listeners } from './listeners.ts';

function planWith(binds: Readonly<Record<string, readonly string[]>>): Plan {
  const routes = [{ respond: { status: 200 } }];
  const listeners = Object.fromEntries(
    Object.entries(binds).map(([name, bind]) => [name, { bind, routes }]),
  );
  const text = JSON.stringify({ listeners });
  const { plan } = loadConfig(text, '/ballast.yaml', { readFile: () => null, cores: 1 });
  return plan!;
}

function keysOf(plan: Plan): string[] {
  return plan.listeners.flatMap(({ binds }) => binds.map(bindKey));
}

function answers(key: string): Promise<boolean> {
  const path = key.startsWith('unix:') ? key.slice(5) : '';
  const port = Number(key.slice(key.lastIndexOf(':') + 1));
  return new Promise((resolve) => {
    const socket = path === '' ? connect(port, '127.0.0.1') : connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

test('Listeners gives each bind of port 0 its own port and keeps it over reloads', async () => {
  const it = new Listeners();
  const plan = planWith({ a: ['127.0.0.1:0'], b: ['127.0.0.1:0'] });
  const first = await it.prepare(plan);
  first.commit();
  const second = await it.prepare(plan);
  second.commit();
  assert.equal(new Set(keysOf(first.plan)).size, 2);
  assert.deepEqual(keysOf(second.plan), keysOf(first.plan));
  assert.deepEqual(second.sockets, first.sockets);
  for (const key of keysOf(second.plan)) assert.equal(await answers(key), true);
  it.close();
  for (const key of keysOf(second.plan)) assert.equal(await answers(key), false);
});

test('Listeners closes on commit what the plan does not need, and nothing else', async () => {
  const it = new Listeners();
  const first = await it.prepare(planWith({ a: ['127.0.0.1:0'], b: ['127.0.0.1:0'] }));
  first.commit();
  const second = await it.prepare(planWith({ a: ['127.0.0.1:0'] }));
  const [kept, gone] = keysOf(first.plan);
  assert.equal(await answers(gone!), true);
  second.commit();
  assert.deepEqual([await answers(kept!), await answers(gone!)], [true, false]);
  it.close();
});

test('Listeners closes on rollback what it opened, and nothing else', async () => {
  const it = new Listeners();
  const first = await it.prepare(planWith({ a: ['127.0.0.1:0'] }));
  first.commit();
  const second = await it.prepare(planWith({ a: ['127.0.0.1:0'], b: ['127.0.0.1:0'] }));
  const [kept, added] = keysOf(second.plan);
  second.rollback();
  assert.deepEqual([await answers(kept!), await answers(added!)], [true, false]);
  it.close();
});

test('Listeners opens nothing when one of several addresses is in use', async () => {
  using dir = new TempDir();
  const path = dir.file('web.sock');
  const other = new Listeners();
  const taken = await other.prepare(planWith({ a: ['127.0.0.1:0'] }));
  const address = keysOf(taken.plan)[0]!.replace('ipv4:', '');
  const it = new Listeners();
  await assert.rejects(it.prepare(planWith({ a: [`unix:${path}`, address] })), {
    code: 'BAL_LISTEN_IN_USE',
  });
  assert.equal(existsSync(path), false);
  taken.rollback();
});

test('Listeners names every address that it cannot open, with its place in the file', async () => {
  using dir = new TempDir();
  const it = new Listeners();
  const plan = planWith({
    a: [`unix:${dir.file('none/a.sock')}`],
    b: ['127.0.0.1:0', '192.0.2.1:80'],
  });
  const error = await it.prepare(plan).then(
    () => assert.fail('it has opened all of them'),
    (refusal: BallastError) => refusal,
  );
  assert.deepEqual(
    errorsIn(error).map(({ code, at }) => [code, at]),
    [
      ['BAL_LISTEN_PATH', ['listeners', 'a', 'bind', 0]],
      ['BAL_LISTEN_NOT_HERE', ['listeners', 'b', 'bind', 1]],
    ],
  );
});

test('Listeners says so when a new address overlaps one of its own', async () => {
  const it = new Listeners();
  const first = await it.prepare(planWith({ a: ['127.0.0.1:0'] }));
  first.commit();
  const port = keysOf(first.plan)[0]!.split(':').at(-1)!;
  await assert.rejects(it.prepare(planWith({ a: [`0.0.0.0:${port}`] })), {
    code: 'BAL_LISTEN_IN_USE',
    hint: /this balancer itself listens on ipv4:127\.0\.0\.1:\d+, which overlaps/,
  });
  it.close();
});

test('Listeners takes over the unix socket of a dead process, and removes its own', async () => {
  using dir = new TempDir();
  const path = dir.file('web.sock');
  closeFd(openListener({ family: 'unix', host: path, port: 0 }, { backlog: 1, nodelay: false }));
  const it = new Listeners();
  (await it.prepare(planWith({ a: [`unix:${path}`] }))).commit();
  assert.equal(await answers(`unix:${path}`), true);
  it.close();
  assert.equal(existsSync(path), false);
});

test('Listeners keeps a unix socket over reloads', async () => {
  using dir = new TempDir();
  const path = dir.file('web.sock');
  const it = new Listeners();
  const plan = planWith({ a: [`unix:${path}`] });
  const first = await it.prepare(plan);
  first.commit();
  const second = await it.prepare(plan);
  second.commit();
  assert.deepEqual(second.sockets, first.sockets);
  assert.equal(await answers(`unix:${path}`), true);
  it.close();
});

test('Listeners uses sockets that it was given, and leaves their files when it lets go', async () => {
  using dir = new TempDir();
  const path = dir.file('web.sock');
  const bind = { family: 'unix', host: path, port: 0 } as const;
  const fd = openListener(bind, { backlog: 1, nodelay: false });
  const it = new Listeners();
  it.adopt(new Map([[bindKey(bind), fd]]));
  const change = await it.prepare(planWith({ a: [`unix:${path}`] }));
  assert.equal(change.sockets.get(bindKey(bind)), fd);
  change.rollback();
  assert.equal(await answers(`unix:${path}`), true);
  it.letGo();
  assert.equal(existsSync(path), true);
  assert.equal(await answers(`unix:${path}`), false);
});

/** A plan of one listener for datagrams, made by hand from one for HTTP. */
function datagramPlan(bind: string, workers: number): Plan {
  const plan = planWith({ dns: [bind] });
  const listener = { ...plan.listeners[0]!, protocol: 'udp' };
  return { ...plan, workers, listeners: [listener] } as unknown as Plan;
}

test('Listeners opens a socket for datagrams for each place of a worker', async () => {
  const it = new Listeners();
  const first = await it.prepare(datagramPlan('127.0.0.1:0', 3));
  first.commit();
  const { port } = first.plan.listeners[0]!.binds[0]!;
  const keys = [0, 1, 2].map((place) => `udp:ipv4:127.0.0.1:${port}#${place}`);
  assert.deepEqual([...first.sockets.keys()], keys);
  assert.deepEqual(
    [...first.sockets.values()].map((fd) => boundAddress(fd).port),
    [port, port, port],
  );
  const fewer = await it.prepare(datagramPlan('127.0.0.1:0', 2));
  assert.deepEqual([...fewer.sockets], [...first.sockets].slice(0, 2));
  fewer.commit();
  const more = await it.prepare(datagramPlan('127.0.0.1:0', 3));
  more.rollback();
  const again = await it.prepare(datagramPlan(`0.0.0.0:${port}`, 1));
  again.commit();
  assert.deepEqual([...again.sockets.keys()], [`udp:ipv4:0.0.0.0:${port}#0`]);
  it.close();
});

test('Listeners does not share an address for datagrams with a stranger', async () => {
  const stranger = openDatagramListener(
    { family: 'ipv4', host: '127.0.0.1', port: 0 },
    { joins: true },
  );
  const { port } = boundAddress(stranger);
  const it = new Listeners();
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    await assert.rejects(it.prepare(datagramPlan(`${host}:${port}`, 2)), {
      code: 'BAL_LISTEN_IN_USE',
    });
  }
  closeFd(stranger);
});

test('Listeners opens an address for datagrams beside sockets of a balancer that leaves', async () => {
  const bind = { family: 'ipv4', host: '127.0.0.1', port: 0 } as const;
  const server = openDatagramListener(bind, { joins: false });
  const raw = encodeSockaddr(boundAddress(server));
  const departing = connectDatagram(
    { at: addressOf(raw), length: raw.length },
    { family: AF_INET, source: encodeSockaddr(bind), joins: true },
  );
  const { port } = boundAddress(departing);
  const it = new Listeners();
  const { sockets } = await it.prepare(datagramPlan(`127.0.0.1:${port}`, 2));
  assert.equal(sockets.size, 2);
  it.close();
  for (const fd of [server, departing, ...sockets.values()]) closeFd(fd);
});
