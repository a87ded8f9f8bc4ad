/** What parseResponseHead makes of answers, good and bad. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseResponseText } from './head-testkit.ts';
import type { HeadSummary } from './head-testkit.ts';
import { METHOD } from './http1-head.ts';

const answer = (status: string, ...fields: string[]): string =>
  `HTTP/1.1 ${status}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
const ok = (...fields: string[]): string => answer('200 OK', ...fields);
const CHUNKED = 'Transfer-Encoding: chunked';

/** Title, answer, what is expected of the summary, and the request's method where it is not GET. */
type Row = readonly [string, string, Partial<HeadSummary>, number?];

const GOOD: readonly Row[] = [
  [
    'reads status, reason and fields (RFC 9112 §4)',
    ok('Server: x', 'Content-Length: 52'),
    {
      status: 200,
      reason: 'OK',
      version: 1,
      body: 'length',
      contentLength: 52,
      flags: ['length'],
      fields: ['Server: x', 'Content-Length: 52'],
    },
  ],
  ['takes an empty reason', answer('200 ', 'Content-Length: 0'), { reason: '', body: 'none' }],
  [
    'takes a missing SP before an empty reason',
    answer('404', CHUNKED),
    { status: 404, reason: '' },
  ],
  [
    'takes obs-text in the reason',
    answer('200 d\xe9j\xe0 vu', CHUNKED),
    { reason: 'd\xe9j\xe0 vu' },
  ],
  ['takes statuses without a class', answer('999 x', CHUNKED), { status: 999 }],
  [
    'leaves Upgrade alone without its option (RFC 9110 §7.8)',
    ok('Upgrade: h2', 'Connection: x', 'Content-Length: 0'),
    { upgrade: null, flags: ['length', 'drops'] },
  ],
  ['takes HTTP/1.9 as HTTP/1.1', 'HTTP/1.9 200 OK\r\n\r\n', { version: 1 }],
  ['takes HTTP/1.2 as HTTP/1.1', 'HTTP/1.2 200 OK\r\n\r\n', { version: 1 }],
  [
    'frames by chunks (RFC 9112 §6.3)',
    ok(CHUNKED),
    { body: 'chunked', flags: ['chunked', 'drops'], fields: [`-${CHUNKED}`] },
  ],
  [
    'frames by the end of the connection without either field (RFC 9112 §6.3)',
    ok('Server: x'),
    { body: 'untilClose', flags: ['close'] },
  ],
  [
    'lets Transfer-Encoding win over Content-Length, drops it and closes (RFC 9112 §6.3)',
    ok('Content-Length: 5', CHUNKED, 'Content-Length: 6'),
    {
      body: 'chunked',
      contentLength: -1,
      flags: ['close', 'chunked', 'drops'],
      fields: ['-Content-Length: 5', `-${CHUNKED}`, '-Content-Length: 6'],
    },
  ],
  [
    'knows that an answer to HEAD has no body (RFC 9112 §6.3)',
    ok('Content-Length: 500'),
    { body: 'none', contentLength: 500, flags: ['length'], fields: ['Content-Length: 500'] },
    METHOD.head,
  ],
  ['needs no framing of an answer to HEAD', ok(), { body: 'none', flags: [] }, METHOD.head],
  ['ignores chunks of an answer to HEAD', ok(CHUNKED), { body: 'none' }, METHOD.head],
  [
    'knows that a 304 has no body (RFC 9110 §15.4.5)',
    answer('304 Not Modified', 'Content-Length: 500'),
    { body: 'none', contentLength: 500, flags: ['length'] },
  ],
  ['needs no framing of a 304', answer('304 Not Modified'), { body: 'none', flags: [] }],
  [
    'takes the length off a 204 and keeps the connection where it is 0 (RFC 9110 §8.6)',
    answer('204 No Content', 'Content-Length: 0'),
    { body: 'none', contentLength: -1, flags: ['drops'], fields: ['-Content-Length: 0'] },
  ],
  [
    'closes after a 204 that announces a body (RFC 9112 §6.3)',
    answer('204 No Content', 'Content-Length: 5'),
    { body: 'none', flags: ['close', 'drops'], fields: ['-Content-Length: 5'] },
  ],
  [
    'closes after a 204 with chunks',
    answer('204 No Content', CHUNKED),
    { body: 'none', flags: ['close', 'drops'], fields: [`-${CHUNKED}`] },
  ],
  [
    'knows that a 100 has no body',
    answer('100 Continue'),
    { status: 100, body: 'none', flags: [] },
  ],
  [
    'takes framing off a 103 (RFC 9110 §8.6)',
    answer('103 Early Hints', 'Content-Length: 7', 'Link: </a>'),
    { body: 'none', fields: ['-Content-Length: 7', 'Link: </a>'] },
  ],
  [
    'reads the Upgrade of a 101 (RFC 9110 §7.8)',
    answer('101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket'),
    { body: 'none', upgrade: 'websocket', flags: ['upgrade', 'drops'] },
  ],
  [
    'closes after HTTP/1.0',
    'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n',
    { version: 0, flags: ['close', 'length'] },
  ],
  [
    'keeps HTTP/1.0 alive where the server says so',
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n',
    { flags: ['keepAlive', 'length', 'drops'] },
  ],
  [
    'drops hop-by-hop fields and those that Connection names (RFC 9110 §7.6.1)',
    ok(
      'Content-Length: 0',
      'X-Foo: 1',
      'Connection: close, x-foo',
      'Keep-Alive: 5',
      'Proxy-Connection: x',
    ),
    {
      flags: ['close', 'length', 'drops'],
      fields: [
        'Content-Length: 0',
        '-X-Foo: 1',
        '-Connection: close, x-foo',
        '-Keep-Alive: 5',
        '-Proxy-Connection: x',
      ],
    },
  ],
  [
    'does not let a server name Set-Cookie or Content-Length as its own hop',
    ok('Content-Length: 1', 'Set-Cookie: a', 'Connection: set-cookie, content-length'),
    { fields: ['Content-Length: 1', 'Set-Cookie: a', '-Connection: set-cookie, content-length'] },
  ],
  [
    'closes where Connection cannot be read',
    ok('Content-Length: 0', 'Connection: keep-alive; x'),
    { flags: ['close', 'length', 'drops'] },
  ],
  [
    'keeps unusual names of answers',
    ok('X_Y: 1', CHUNKED),
    {
      flags: ['chunked', 'drops', 'unusualNames'],
      fields: ['X_Y: 1', `-${CHUNKED}`],
    },
  ],
];

for (const [title, input, expect, method] of GOOD) {
  test(`parseResponseHead ${title}`, () => {
    const summary = parseResponseText(`${input}rest`, method);
    const picked = Object.keys(expect).map((key) => [key, summary[key as keyof HeadSummary]]);
    assert.deepEqual(Object.fromEntries(picked), expect);
    assert.equal(summary.result, 'ok');
    assert.equal(summary.size, input.length);
    for (let end = 0; end < input.length; end++) {
      assert.equal(
        parseResponseText(input.slice(0, end), method).result,
        'incomplete',
        `at ${end}`,
      );
    }
  });
}

const BAD: readonly (readonly [string, string])[] = [
  ['HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['HTTP/0.9', 'hello'],
  ['ICY 200 OK', 'ICY 200 OK\r\n\r\n'],
  ['HTTP/1.x', 'HTTP/1.x 200 OK\r\n\r\n'],
  ['HTTP/1./', 'HTTP/1./ 200 OK\r\n\r\n'],
  ['no space before the status', 'HTTP/1.1X200 OK\r\n\r\n'],
  ['a status with another character', answer('2:0 OK')],
  ['a status with a slash', answer('2/0 OK')],
  ['lower-case http', 'http/1.1 200 OK\r\n\r\n'],
  ['an empty line before the status line', '\r\nHTTP/1.1 200 OK\r\n\r\n'],
  ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n'],
  ['a status of two digits', answer('20 OK')],
  ['a status of four digits', answer('2000 OK')],
  ['a status below 100', answer('099 x')],
  ['a control in the reason', answer('200 a\0b')],
  ['bare LF after the status line', 'HTTP/1.1 200 OK\nServer: x\r\n\r\n'],
  ['bare LF after a field', 'HTTP/1.1 200 OK\r\nServer: x\n\r\n'],
  ['bare CR in a value', ok('Server: x\ry')],
  ['NUL in a value', ok('Server: x\0y')],
  ['WS before the colon (RFC 9112 §5.1)', ok('Content-Length : 5')],
  ['obs-fold (RFC 9112 §5.2)', ok('Server: x', ' y')],
  ['differing lengths (RFC 9112 §6.3)', ok('Content-Length: 5', 'Content-Length: 6')],
  ['the same length twice', ok('Content-Length: 5', 'Content-Length: 5')],
  ['a list of lengths', ok('Content-Length: 5, 5')],
  ['a length that is no number', ok('Content-Length: +5')],
  ['a length past 2^53', ok('Content-Length: 9007199254740992')],
  ['another transfer coding', ok('Transfer-Encoding: gzip, chunked')],
  ['a transfer coding after chunked', ok('Transfer-Encoding: chunked, gzip')],
  ['chunked twice', ok(CHUNKED, CHUNKED)],
  ['an empty Transfer-Encoding', ok('Transfer-Encoding:')],
  ['chunks in HTTP/1.0 (RFC 9112 §6.1)', `HTTP/1.0 200 OK\r\n${CHUNKED}\r\n\r\n`],
];

for (const [title, input] of BAD) {
  test(`parseResponseHead refuses ${title}`, () => {
    let refused = false;
    for (let end = 0; end <= input.length; end++) {
      const { result } = parseResponseText(input.slice(0, end));
      refused ||= result !== 'incomplete';
      assert.equal(result, refused ? 'server-bad-answer' : 'incomplete', `of the first ${end}`);
    }
    assert.ok(refused);
  });
}

test('parseResponseHead refuses a bad length of an answer without a body', () => {
  const bad = ok('Content-Length: x');
  assert.equal(parseResponseText(bad, METHOD.head).result, 'server-bad-answer');
  assert.equal(parseResponseText(bad.replace('200', '304')).result, 'server-bad-answer');
});

test('parseResponseHead refuses a head or a number of fields past its limit', () => {
  const input = ok('A: 1', 'B: 2');
  const get = METHOD.get;
  assert.equal(parseResponseText(input, get, { headBytes: input.length, fields: 2 }).result, 'ok');
  const tooLarge = 'server-answer-too-large';
  assert.equal(parseResponseText(input, get, { headBytes: input.length - 1 }).result, tooLarge);
  const limits = { headBytes: input.length - 2 };
  assert.equal(parseResponseText(input.slice(0, -2), get, limits).result, tooLarge);
  assert.equal(parseResponseText(input, get, { fields: 1 }).result, tooLarge);
});
