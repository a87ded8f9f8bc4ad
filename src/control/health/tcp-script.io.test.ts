import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { TcpStep } from '../../config/plan-check.ts';
import type { ProbeReason, ProbeResult } from './probe.ts';
import { EXPECT_BYTES_MAX, REGEX_TRIES_MAX } from './tcp-script.ts';
import { byteByByte, closing, drip, endless, resetting, talking } from './test-behaviours.ts';
import type { Behaviour } from './test-behaviours.ts';
import { runOnce } from './test-run.ts';
import { TestServer, silent } from './test-server.ts';

const send = (text: string): TcpStep => ({
  kind: 'send',
  hex: Buffer.from(text).toString('hex'),
});
const expect = (value: string): TcpStep => ({ kind: 'expect', pattern: { kind: 'text', value } });
const regex = (value: string): TcpStep => ({ kind: 'expect', pattern: { kind: 'regex', value } });
const hex = (value: string): TcpStep => ({ kind: 'expect-hex', hex: value });

async function run(
  t: TestContext,
  behave: Behaviour,
  steps: readonly TcpStep[],
  timeoutMs = 5000,
): Promise<[ProbeResult, TestServer]> {
  const server = await TestServer.start(behave);
  t.after(async () => server.stop());
  const { address } = server;
  const probe = { kind: 'tcp', tls: null, steps } as const;
  const result = await runOnce(address, probe, timeoutMs);
  await server.quiet();
  return [result, server];
}

/** Speaks a little like Redis. */
const REDIS = talking('', (said) => {
  if (said === 'PING\r\n') return '+PONG\r\n';
  if (said === 'INFO\r\n') return '$13\r\nrole:master\r\n\r\n';
  return '-ERR\r\n';
});
const BANNER = talking(Buffer.from('220 ready, übung\r\n'), (said) =>
  said === 'QUIT\r\n' ? 'bye\r\n' : '',
);

type Case = readonly [string, Behaviour, readonly TcpStep[], ProbeReason, RegExp?];

const CASES: readonly Case[] = [
  ['one exchange', REDIS, [send('PING\r\n'), expect('+PONG')], 'check-passed', /^2 steps done$/],
  [
    'several exchanges',
    REDIS,
    [send('PING\r\n'), regex('^\\+P.NG\\r\\n$'), send('INFO\r\n'), expect('role:master')],
    'check-passed',
  ],
  ['a greeting', BANNER, [expect('220'), send('QUIT\r\n'), expect('bye')], 'check-passed'],
  ['hex', BANNER, [hex('323230'), hex('0d0a')], 'check-passed'],
  ['a text in UTF-8', BANNER, [expect('übung')], 'check-passed'],
  ['bytes as Latin-1 in a regex', BANNER, [regex('\\xc3\\xbc')], 'check-passed'],
  [
    'two matches in one piece',
    talking('aXbX', () => ''),
    [expect('X'), regex('^bX')],
    'check-passed',
  ],
  [
    'a match only once',
    talking('aXb', () => ''),
    [expect('X'), expect('X')],
    'timeout',
    /at step 2$/,
  ],
  ['byte by byte', byteByByte(BANNER), [expect('ready'), hex('0d0a')], 'check-passed'],
  ['byte by byte, regex', byteByByte(BANNER), [regex('^220 .*\\r\\n$')], 'check-passed'],
  ['silence', silent, [expect('x')], 'timeout', /^no full answer within 150 ms, at step 1$/],
  ['a drip', drip('', 5), [send('x'), expect('x')], 'timeout', /at step 2$/],
  ['garbage', REDIS, [send('nonsense'), expect('+PONG')], 'timeout'],
  ['a close', closing, [expect('x')], 'closed', /^closed before step 1 was done$/],
  ['a reset', resetting, [send('x'), expect('x')], 'reset'],
  [
    'no end',
    endless('', 'abc'.repeat(1000)),
    [expect('x')],
    'too-large',
    /step 1: no match in 65536/,
  ],
  ['no end, hex', endless('', '\0'.repeat(1000)), [hex('01')], 'too-large'],
  ['no end, regex', endless('', 'abc'.repeat(1000)), [regex('x$')], 'too-large'],
];

for (const [name, behave, steps, reason, detail] of CASES) {
  test(`a tcp script ends with ${reason}: ${name}`, async (t) => {
    const [result] = await run(t, behave, steps, reason === 'timeout' ? 150 : 5000);
    assert.equal(result.reason, reason, result.detail);
    if (detail !== undefined) assert.match(result.detail, detail);
  });
}

test('a tcp script finds what stands at the very end of its 64 KiB, and not one byte later', async (t) => {
  const fill = 'a'.repeat(EXPECT_BYTES_MAX - 1);
  const [inside] = await run(
    t,
    talking(`${fill}X`, () => ''),
    [expect('X')],
  );
  assert.equal(inside.reason, 'check-passed');
  const [outside] = await run(
    t,
    talking(`${fill}aX`, () => ''),
    [expect('X')],
  );
  assert.equal(outside.reason, 'too-large');
});

test('each expect of a tcp script has 64 KiB of its own', async (t) => {
  const part = `${'a'.repeat(EXPECT_BYTES_MAX - 1)}X`;
  const [result] = await run(
    t,
    talking(part.repeat(4), () => ''),
    Array(4).fill(expect('X')),
  );
  assert.equal(result.reason, 'check-passed', result.detail);
});

test('a regular expression is tried on a bounded number of pieces', async (t) => {
  const flood = byteByByte(talking('a'.repeat(REGEX_TRIES_MAX * 4), () => ''));
  const [result] = await run(t, flood, [regex('x$')], 20_000);
  assert.equal(result.reason, 'too-large', result.detail);
});

test('what the last step of a tcp script sends reaches the server', async (t) => {
  let said = '';
  const behave: Behaviour = (socket) => {
    socket.write('hello\r\n');
    socket.on('data', (chunk) => (said += chunk.toString()));
    socket.on('end', () => socket.end());
  };
  const [result] = await run(t, behave, [expect('hello'), send('QUIT\r\n')]);
  assert.equal(result.reason, 'check-passed');
  assert.equal(said, 'QUIT\r\n');
});

test('a tcp script speaks over unread bytes: a send does not wait for what came before', async (t) => {
  const [result] = await run(t, BANNER, [send('QUIT\r\n'), expect('bye')]);
  assert.equal(result.reason, 'check-passed');
});
