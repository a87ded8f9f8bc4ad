// Servers that are none, or speak only a part of the protocol: every probe ends in time.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ProbePlan } from '../../config/plan-check.ts';
import type { ProbeReason, ProbeResult } from './probe.ts';
import {
  grpcPlan,
  mysqlPlan,
  postgresPlan,
  probeOnce,
  redisPlan,
  secret,
} from './test-probe-plans.ts';
import { tlsPlan } from './test-certificates.ts';
import { ipv4 } from './test-plan.ts';
import { TestServer, refusingPort, silent } from './test-server.ts';
import { MYSQL_SESSION, POSTGRES_SESSION } from './test-sessions.ts';

const TLS = tlsPlan();
const SEVEN = { text: 'select 7', expect: '7' };

/** Each kind with everything that it can ask for. */
const PLANS: readonly ProbePlan[] = [
  postgresPlan({ role: 'primary', maxLagMs: 1000, query: SEVEN, password: null }),
  mysqlPlan({ role: 'primary', query: SEVEN }),
  redisPlan({ role: 'primary', password: secret('p') }),
  grpcPlan(),
];

async function serve(t: TestContext, behave: TestServer['behave']): Promise<TestServer> {
  const server = await TestServer.start(behave);
  t.after(async () => server.stop());
  return server;
}

type Behaviour = TestServer['behave'];

/** Sends the same again and again, as fast as it is read. */
function endless(again: Buffer | string): Behaviour {
  return (socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(again));
    };
    socket.on('drain', more).resume();
    more();
  };
}

/** Says the first chunk to who connects, or to the first words, and each next one to the next. */
function playing(chunks: readonly Buffer[], speaksFirst: boolean): Behaviour {
  return (socket) => {
    let next = 0;
    const say = (): void => {
      const chunk = chunks[next++];
      if (chunk !== undefined) socket.write(chunk);
    };
    if (speaksFirst) say();
    socket.on('data', say);
  };
}

/** A notice of PostgreSQL, which may come at any time. */
const NOTICE = Buffer.from('N\0\0\0\x08Sxy\0');

const BEHAVIOURS: readonly (readonly [string, Behaviour, readonly ProbeReason[]])[] = [
  ['silence', silent, ['timeout']],
  ['a close at once', (socket) => socket.end().resume(), ['closed', 'reset']],
  ['a reset', (socket) => socket.resetAndDestroy(), ['reset']],
  [
    'an answer of HTTP',
    (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n').resume(),
    ['protocol'],
  ],
  ['zeros without end', endless(Buffer.alloc(16384)), ['protocol', 'too-large']],
  ['bytes 255 without end', endless(Buffer.alloc(16384, 255)), ['protocol', 'too-large']],
  ['letters without end', endless('R'.repeat(16384)), ['protocol', 'too-large']],
];

for (const plan of PLANS) {
  for (const [name, behave, reasons] of BEHAVIOURS) {
    test(`${plan.kind} probe fails in time at ${name}`, async (t) => {
      const server = await serve(t, behave);
      const timeoutMs = name === 'silence' ? 200 : 10_000;
      const result = await probeOnce(server.address, plan, timeoutMs);
      assert.ok(reasons.includes(result.reason), `${result.reason}: ${result.detail}`);
      assert.equal(result.passed, false);
      await server.quiet();
    });
  }

  test(`${plan.kind} probe is connect-refused where nobody listens`, async (t) => {
    const [port, release] = await refusingPort(await serve(t, silent));
    t.after(release);
    assert.equal((await probeOnce(ipv4('127.0.0.1', port), plan)).reason, 'connect-refused');
  });
}

/** Floods whose every part could be right. */
const FLOODS: readonly (readonly [ProbePlan, string, Buffer, ProbeReason])[] = [
  [PLANS[0]!, 'notices', NOTICE, 'too-large'],
  [PLANS[2]!, 'digits of a length', Buffer.from('$65536\r\n'), 'protocol'],
  [PLANS[2]!, 'letters of a line', Buffer.from('+PONGPONG'), 'protocol'],
  // SETTINGS without entries: HTTP/2 itself has a limit for what must be acknowledged.
  [PLANS[3]!, 'settings', Buffer.from('000000040000000000', 'hex'), 'protocol'],
];

for (const [plan, name, bytes, reason] of FLOODS) {
  test(`${plan.kind} probe ends with ${reason} at a flood of ${name}`, async (t) => {
    const server = await serve(t, endless(Buffer.concat(new Array<Buffer>(2000).fill(bytes))));
    const result = await probeOnce(server.address, plan, 10_000);
    assert.equal(result.reason, reason, result.detail);
    await server.quiet();
  });
}

const SESSIONS = [
  { plan: PLANS[0]!, chunks: POSTGRES_SESSION, speaksFirst: false },
  { plan: PLANS[1]!, chunks: MYSQL_SESSION, speaksFirst: true },
];

for (const { plan, chunks, speaksFirst } of SESSIONS) {
  test(`${plan.kind} probe passes at a recorded session`, async (t) => {
    const server = await serve(t, playing(chunks, speaksFirst));
    const result = await probeOnce(server.address, plan);
    assert.equal(result.reason, 'check-passed', result.detail);
    await server.quiet();
  });

  test(`${plan.kind} probe never passes at a session cut anywhere`, async (t) => {
    const size = Buffer.concat(chunks).length;
    const results: Promise<ProbeResult>[] = [];
    for (let cut = 0; cut < size; cut += 7) {
      const parts = cutAt(chunks, cut);
      const server = await serve(t, (socket) => {
        playing(parts, speaksFirst)(socket);
        // What follows the last part is the end.
        let asked = speaksFirst ? 1 : 0;
        if (asked >= parts.length) socket.end();
        socket.on('data', () => {
          if (++asked >= parts.length) socket.end();
        });
      });
      results.push(probeOnce(server.address, plan, 10_000));
    }
    for (const { reason, detail } of await Promise.all(results)) {
      assert.ok(['closed', 'reset', 'protocol'].includes(reason), `${reason}: ${detail}`);
    }
  });

  test(`${plan.kind} probe gives a result, and says nothing itself, at damaged sessions`, async (t) => {
    const words = ['error', 'warn', 'log', 'trace'] as const;
    const said = words.map((word) => t.mock.method(console, word, () => undefined));
    const random = generator(20260101);
    const size = Buffer.concat(chunks).length;
    for (let round = 0; round < 4; round++) {
      const results: Promise<ProbeResult>[] = [];
      for (let i = 0; i < 50; i++) {
        const bytes = Buffer.concat(chunks);
        for (let n = 0; n <= random() % 3; n++) bytes[random() % size] = random() % 256;
        const lengths = chunks.map((chunk) => chunk.length);
        const server = await serve(t, playing(splitBy(bytes, lengths), speaksFirst));
        results.push(probeOnce(server.address, plan, 300));
      }
      assert.equal((await Promise.all(results)).length, 50);
    }
    assert.deepEqual(
      said.map((method) => method.mock.callCount()),
      [0, 0, 0, 0],
    );
  });
}

/** The chunks up to the byte `end`. */
function cutAt(chunks: readonly Buffer[], end: number): Buffer[] {
  const lengths = chunks.map((chunk) => chunk.length);
  return splitBy(Buffer.concat(chunks).subarray(0, end), lengths).filter((part) => part.length > 0);
}

function splitBy(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  let at = 0;
  return lengths.map((length) => bytes.subarray(at, (at += length)));
}

/** Numbers that look random and are the same in each run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

type Scripted = readonly [string, ProbePlan, Behaviour, ProbeReason, RegExp];

/** An ErrorResponse of PostgreSQL with this SQLSTATE. */
function postgresError(code: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0Mthe secret word\0\0`);
  const head = Buffer.from('E\0\0\0\0');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

/** An ERR packet of MySQL with this number, as the first packet of a connection. */
function mysqlError(number: number): Buffer {
  const text = Buffer.from('#HY000the secret word');
  const head = Buffer.from([text.length + 3, 0, 0, 0, 0xff, number & 0xff, number >> 8]);
  return Buffer.concat([head, text]);
}

const answer =
  (bytes: Buffer | string): Behaviour =>
  (socket) => {
    socket.on('data', () => socket.write(bytes));
  };
const greet =
  (bytes: Buffer | string): Behaviour =>
  (socket) => {
    socket.write(bytes);
    socket.resume();
  };
const POSTGRES = postgresPlan();
const SCRIPTS: readonly Scripted[] = [
  ['it starts', POSTGRES, answer(postgresError('57P03')), 'starting-up', /57P03/],
  ['it is full', POSTGRES, answer(postgresError('53300')), 'too-many-clients', /53300/],
  ['it forbids', POSTGRES, answer(postgresError('28000')), 'auth-failed', /28000/],
  ['another error', POSTGRES, answer(postgresError('XX000')), 'server-error', /^XX000$/],
  ['no SQLSTATE', POSTGRES, answer(postgresError('no!')), 'protocol', /protocol/],
  // AuthenticationCleartextPassword.
  ['clear text', POSTGRES, answer(Buffer.from('R\0\0\0\x08\0\0\0\x03')), 'auth-failed', /clear/],
  // AuthenticationSSPI, which nobody here knows.
  ['SSPI', POSTGRES, answer(Buffer.from('R\0\0\0\x08\0\0\0\x09')), 'protocol', /protocol/],
  ['no TLS', postgresPlan({ tls: TLS }), answer('N'), 'tls-handshake', /TLS/],
  ['words before TLS', postgresPlan({ tls: TLS }), answer('SR'), 'protocol', /one byte/],
  ['it is full', mysqlPlan(), greet(mysqlError(1040)), 'too-many-clients', /1040/],
  ['it blocks us', mysqlPlan(), greet(mysqlError(1129)), 'auth-failed', /1129/],
  ['another error', mysqlPlan(), greet(mysqlError(1234)), 'server-error', /^error 1234$/],
  ['no TLS', mysqlPlan({ tls: TLS }), greet(MYSQL_SESSION[0]!), 'tls-handshake', /TLS/],
  [
    'packets out of order',
    mysqlPlan(),
    playing([MYSQL_SESSION[0]!, Buffer.from('0700000500000002000000', 'hex')], true),
    'protocol',
    /order/,
  ],
  ['it loads', redisPlan(), answer('-LOADING Redis is loading\r\n'), 'starting-up', /LOADING/],
  [
    'it is full',
    redisPlan(),
    greet('-ERR max number of clients reached\r\n'),
    'too-many-clients',
    /ERR/,
  ],
  ['it cannot save', redisPlan(), answer('-MISCONF disk\r\n'), 'server-error', /^MISCONF to PING$/],
  [
    'no password',
    redisPlan(),
    answer('-NOAUTH Authentication required.\r\n'),
    'auth-failed',
    /AUTH/,
  ],
  ['an odd answer', redisPlan(), answer('+GNOP\r\n'), 'protocol', /PING/],
  ['a number', redisPlan(), answer(':1\r\n'), 'protocol', /PING/],
  [
    'an INFO that is none',
    redisPlan({ role: 'primary' }),
    answer('+PONG\r\n$2\r\nhi\r\n'),
    'protocol',
    /role/,
  ],
];

for (const [name, plan, behave, reason, detail] of SCRIPTS) {
  test(`${plan.kind} probe says ${reason} of a server: ${name}`, async (t) => {
    const server = await serve(t, behave);
    const result = await probeOnce(server.address, plan);
    assert.equal(result.reason, reason, result.detail);
    assert.match(result.detail, detail);
    assert.doesNotMatch(result.detail, /secret/);
    await server.quiet();
  });
}

/** A message of PostgreSQL. */
function message(type: string, ...parts: readonly (Buffer | number)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'number' ? int(part, 2) : part)));
  return Buffer.concat([Buffer.from(type), int(body.length + 4, 4), body]);
}

function int(value: number, size: 2 | 4): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeIntBE(value, 0, size);
  return bytes;
}

/** The answer to a query: one row of texts. */
function postgresRow(values: readonly (string | null)[]): Buffer {
  const column = Buffer.concat([Buffer.from('c\0'), Buffer.alloc(6), int(25, 4), Buffer.alloc(8)]);
  const cells = values.map((value) =>
    value === null ? int(-1, 4) : Buffer.concat([int(value.length, 4), Buffer.from(value)]),
  );
  return Buffer.concat([
    message('T', values.length, ...values.map(() => column)),
    message('D', values.length, ...cells),
    message('C', Buffer.from('SELECT 1\0')),
    message('Z', Buffer.from('I')),
  ]);
}

for (const [caughtUp, reason] of [
  ['t', 'check-passed'],
  ['f', 'lag'],
] as const) {
  test(`postgres probe looks twice at a replica after a quiet time: ${reason}`, async (t) => {
    // Connected, something not yet replayed, and the last commit a day ago.
    const state = postgresRow(['t', 'off', 'on', 't', 'f', '0/3000148', '86400000']);
    const queries: string[] = [];
    const server = await serve(t, (socket) => {
      const answers = [POSTGRES_SESSION[0]!, state, postgresRow([caughtUp])];
      socket.on('data', (chunk) => {
        queries.push(chunk.toString('latin1'));
        const next = answers.shift();
        if (next !== undefined) socket.write(next);
      });
    });
    const plan = postgresPlan({ role: 'replica', maxLagMs: 1000 });
    const result = await probeOnce(server.address, plan);
    assert.equal(result.reason, reason, result.detail);
    assert.match(queries[2]!, /pg_last_wal_replay_lsn\(\) >= '0\/3000148'/);
    // What had been received got a moment to be replayed.
    assert.ok(result.durationMs >= 99, `${result.durationMs} ms`);
    await server.quiet();
  });
}

test('probes of databases leave no descriptor open when they are cancelled', async (t) => {
  const server = await serve(t, silent);
  const { runProbe } = await import('./run-probe.ts');
  // Once through, so that the code is loaded.
  for (const plan of PLANS) await probeOnce(server.address, plan, 50);
  await server.quiet();
  const before = readdirSync('/proc/self/fd').length;
  const accepted = new Promise<void>((resolve) => {
    let left = PLANS.length;
    server.behave = (socket: Socket) => {
      silent(socket);
      if (--left === 0) resolve();
    };
  });
  const cancels = PLANS.map((probe) =>
    runProbe(
      { address: server.address, tlsName: 'a', probe, timeoutMs: 5000, server: 'a', pool: 'p' },
      () => assert.fail('a result'),
    ),
  );
  await accepted;
  for (const cancel of cancels) cancel();
  await server.quiet();
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(readdirSync('/proc/self/fd').length <= before);
});
