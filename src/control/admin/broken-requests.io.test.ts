// Whatever is sent to the admin address, the supervisor goes on and answers the next request.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { TestSupervisor } from '../supervisor-testkit.ts';

const CONFIG = `
admin: 127.0.0.1:0
workers: 1
listeners:
  web: { bind: 127.0.0.1:0, pool: web }
pools:
  web: { servers: [127.0.0.1:1] }
`;

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const ROUNDS = 300;

/** Mulberry32: enough to draw bytes and cuts. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const JSON_FIELDS = 'Host: localhost\r\nContent-Type: application/json\r\n';

const SOUND = [
  `GET /v1/status HTTP/1.1\r\n${JSON_FIELDS}\r\n`,
  `GET /v1/events/stream HTTP/1.1\r\n${JSON_FIELDS}Last-Event-ID: x-1\r\n\r\n`,
  `GET /v1/servers?limit=9999999999999999999&q=%ff%00 HTTP/1.1\r\n${JSON_FIELDS}\r\n`,
  `GET /v1/pools/%2e%2e/servers/%00 HTTP/1.1\r\n${JSON_FIELDS}\r\n`,
  `PATCH /v1/servers?match=*** HTTP/1.1\r\n${JSON_FIELDS}Content-Length: 40\r\n\r\n{"weight":1e999,"__proto__":{"a":[[[[1]]]}`,
  `PUT /v1/config HTTP/1.1\r\n${JSON_FIELDS}If-Match: *\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\nabc`,
  `POST /v1/config/rollback HTTP/1.1\r\n${JSON_FIELDS}Content-Length: 5\r\n\r\n[[[[[`,
  `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`,
];

function broken(draw: () => number): Buffer {
  const bytes = Buffer.from(SOUND[Math.floor(draw() * SOUND.length)]!, 'latin1');
  const changes = Math.floor(draw() * 6);
  for (let i = 0; i < changes; i++) {
    bytes[Math.floor(draw() * bytes.length)] = Math.floor(draw() * 256);
  }
  const end = draw() < 0.4 ? Math.floor(draw() * bytes.length) : bytes.length;
  return bytes.subarray(0, end);
}

/** Sends, and leaves: politely, by a reset, or once something came back. */
function send(port: number, bytes: Buffer, how: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.on('connect', () => {
      socket.write(bytes, () => {
        if (how < 0.3) socket.resetAndDestroy();
        else if (how < 0.6) socket.end();
      });
    });
    socket.on('data', () => socket.destroy());
    socket.setTimeout(200, () => socket.destroy());
  });
}

test(`the supervisor survives ${ROUNDS} broken requests (seed ${SEED})`, async () => {
  await using bench = await TestSupervisor.start(CONFIG);
  const { adminAddress } = bench.supervisor;
  const port = Number(new URL(adminAddress!).port);
  const draw = random(SEED);
  for (let round = 0; round < ROUNDS; round += 10) {
    const batch = Array.from({ length: 10 }, () => send(port, broken(draw), draw()));
    await Promise.all(batch);
  }
  assert.equal((await fetch(`${adminAddress}/healthz`)).status, 200);
  assert.equal((await fetch(`${adminAddress}/v1/overview`)).status, 200);
  assert.equal((await bench.ask()).plan, 1);
});
