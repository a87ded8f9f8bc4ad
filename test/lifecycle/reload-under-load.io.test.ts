// 100 reloads, each of which changes routes, servers, checks and other listeners, under mixed load.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { TestCertificates, certificatesSkip } from '../../src/control/health/test-certificates.ts';
import type { TestCertificate } from '../../src/control/health/test-certificates.ts';
import { Ballast } from '../kit/ballast.ts';
import type { Tree } from '../kit/config.ts';
import { freePorts } from '../kit/free-ports.ts';
import { HttpLoad, HttpsLoad, MixedLoad, TcpLoad, WebSocketLoad } from '../kit/mixed-load.ts';
import { httpAnswer, Origin } from '../kit/origin.ts';
import type { ConnectionScript } from '../kit/origin.ts';
import { ask, getBytes } from '../kit/scene.ts';
import { echo } from '../kit/tcp-scene.ts';
import { decodeFrame, encodeFrame } from '../kit/websocket.ts';

const skip = certificatesSkip;
const RELOADS = 100;

const FOR_EVER_MS = 2 ** 31 - 1;

/** Answers requests; after an upgrade sends each frame back. */
const chat: ConnectionScript = async (connection) => {
  for (;;) {
    const head = await connection.readUntil('\r\n\r\n', FOR_EVER_MS);
    if (!/^upgrade: *websocket/im.test(head)) {
      await connection.write(httpAnswer(200, 'ok'));
      continue;
    }
    const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    await connection.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}`);
    break;
  }
  for (;;) {
    const payload = await decodeFrame((count) => connection.readBytes(count, FOR_EVER_MS));
    await connection.write(encodeFrame(payload, false));
  }
};

type Ports = readonly [
  web: number,
  chat: number,
  line: number,
  more: number,
  first: number,
  second: number,
  secure: number,
];
/** Two certificates for one name. */
type Pairs = readonly [TestCertificate, TestCertificate];
type Origins = { readonly [name in 'a' | 'b' | 'chat' | 'c' | 'd']: Origin };

type Parts = { readonly ports: Ports; readonly origins: Origins; readonly pairs: Pairs };

/** The listeners web, secure, chat and line stay; what they lead to changes, and all else. */
function configOf(round: number, { ports, origins, pairs }: Parts): Tree {
  const [web, talk, line, more, first, second, secure] = ports;
  const on = (port: number) => `127.0.0.1:${port}`;
  const { a, b, c, d } = origins;
  const every = `${200 + 50 * (round % 3)}ms`;
  const rewrite = { response: { set: { 'X-Round': String(round) } } };
  const routes = [
    ...(round % 2 === 0 ? [{ hosts: ['other.example.com'], pool: 'chat' }] : []),
    { pool: 'web', rewrite },
  ];
  const moving = { bind: on(round % 2 === 0 ? first : second), pool: 'web' };
  const extra = { bind: on(more), protocol: 'tcp', pool: 'line' };
  return {
    workers: 2,
    certificates: { shop: { ...pairs[round % 2] } },
    listeners: {
      ...(round % 3 === 0 ? { extra } : {}),
      web: { bind: on(web), routes },
      secure: { bind: on(secure), tls: 'shop', routes },
      chat: { bind: on(talk), pool: 'chat' },
      moving,
      line: { bind: on(line), protocol: 'tcp', pool: 'line' },
    },
    pools: {
      ...(round % 4 === 0 ? { spare: { servers: [a.address] } } : {}),
      web: {
        servers: round % 3 === 0 ? [b.address, a.address] : [a.address],
        balance: round % 4 < 2 ? 'round-robin' : 'random-of-two',
        check: { http: { path: `/${round % 2}` }, every },
      },
      chat: { servers: [origins.chat.address], check: { tcp: {}, every: '300ms' } },
      line: {
        servers: round % 2 === 0 ? [c.address, d.address] : [{ address: c.address, weight: 2 }],
        connectTimeout: `${2 + (round % 2)}s`,
        check: { tcp: {}, every },
      },
    },
  };
}

test('100 reloads under mixed load: 0 failed requests, 0 cut connections', { skip }, async () => {
  await using a = await Origin.startHttp(() => httpAnswer(200, 'a'));
  await using b = await Origin.startHttp(() => httpAnswer(200, 'b'));
  await using talk = await Origin.start(chat);
  await using c = await Origin.start(echo);
  await using d = await Origin.start(echo);
  const ports = (await freePorts(7)) as unknown as Ports;
  const origins = { a, b, c, d, chat: talk };
  using authority = new TestCertificates();
  const pairs = [authority.issue('DNS:shop.test'), authority.issue('DNS:shop.test')] as const;
  const parts = { ports, origins, pairs };
  const tls = { servername: 'shop.test', ca: readFileSync(authority.ca.cert) };
  await using ballast = await Ballast.start(configOf(0, parts));
  await ballast.serverState(talk.address, 'up');
  const verdicts = await eventsOf(ballast, talk.address);
  const [web, chatting, line] = ports;
  const secure = ports[6];
  const lasting = [
    new HttpLoad({ port: web, clients: 6, restMs: 5 }),
    new WebSocketLoad({ port: chatting, clients: 4, restMs: 5 }),
    new TcpLoad({ port: line, clients: 4, restMs: 5 }),
    new HttpsLoad({ port: secure, clients: 4, restMs: 5 }, tls),
  ];
  const renewed = [
    new HttpLoad({ port: web, clients: 3, perConnection: 1, restMs: 5 }),
    new TcpLoad({ port: line, clients: 2, perConnection: 3, restMs: 5 }),
    new HttpsLoad({ port: secure, clients: 2, perConnection: 1, restMs: 5 }, tls),
  ];
  await using load = new MixedLoad([...lasting, ...renewed]);
  await load.more(5);
  for (let round = 1; round <= RELOADS; round++) {
    ballast.writeConfig(configOf(round, parts));
    const report = await ballast.reload();
    assert.equal(report.ok, true, report.message);
    if (round % 10 === 0) await load.more(5);
  }
  await load.more(10);
  const { head } = await ask(web, getBytes('/'));
  assert.match(head, new RegExp(`x-round: ${RELOADS}`, 'i'));
  await load.stop();
  assert.deepEqual(load.failed, []);
  assert.deepEqual(load.cut, []);
  // None of the lasting ones was ever opened anew.
  assert.deepEqual(
    lasting.map(({ opened }) => opened),
    [6, 4, 4, 4],
  );
  const status = await ballast.status();
  assert.equal(status.configuration.number, RELOADS + 1);
  // A verdict whose check has not changed is the one of the beginning.
  assert.deepEqual(await eventsOf(ballast, talk.address), verdicts);
  // Counters go on.
  const served = [lasting[0]!, renewed[0]!].reduce((sum, kind) => sum + kind.served, 0);
  const counted = await ballast.metric('ballast_listener_requests_total', 'listener="web"');
  assert.equal(counted, served + 1);
  assert.equal(await ballast.metric('ballast_worker_restarts_total'), 0);
});

/** Ids of the changes of a server's state so far. */
async function eventsOf(ballast: Ballast, address: string): Promise<number[]> {
  const { text } = await ballast.admin('GET', '/events');
  const { events } = JSON.parse(text) as { events: { id: number; server: string }[] };
  return events.filter(({ server }) => server.endsWith(address)).map(({ id }) => id);
}
