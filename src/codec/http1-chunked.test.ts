/** What ChunkedFilter puts out of chunked bodies, good and bad. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASONS } from '../base/reasons.ts';
import { asciiBytes, asciiText } from './ascii.ts';
import {
  CHUNKED_HEADROOM,
  CHUNKED_MODE,
  CHUNK_EXTENSION_BYTES_MAX,
  ChunkedFilter,
  TRAILER_BYTES_MAX,
  TRAILER_FIELDS_MAX,
} from './http1-chunked.ts';

const { forward, dechunk, forwardWithoutTrailers } = CHUNKED_MODE;

/** Feeds a body in pieces of `size` bytes; what came out, and what was left over behind it. */
function run(body: string, mode: number, size: number): { out: string; end: string; rest: string } {
  const filter = new ChunkedFilter();
  filter.reset(mode);
  let out = '';
  for (let at = 0; at < body.length; at += size) {
    const piece = body.slice(at, at + size);
    const bytes = new Uint8Array(CHUNKED_HEADROOM + piece.length + 1).fill(0x21);
    bytes.set(asciiBytes(piece), CHUNKED_HEADROOM);
    const end = CHUNKED_HEADROOM + piece.length;
    const result = filter.filter(bytes, CHUNKED_HEADROOM, end);
    assert.equal(bytes[end], 0x21);
    assert.ok(filter.outStart >= 0 && filter.outStart <= filter.outEnd);
    assert.ok(filter.outEnd <= filter.consumedEnd && filter.consumedEnd <= end);
    out += asciiText(bytes, filter.outStart, filter.outEnd);
    if (result < 0) {
      assert.equal(filter.outEnd, filter.outStart);
      assert.equal(filter.filter(bytes, CHUNKED_HEADROOM, end), result);
      return { out, end: REASONS[-result]!.word, rest: '' };
    }
    if (result === 1) {
      const rest = body.slice(at + filter.consumedEnd - CHUNKED_HEADROOM);
      return { out, end: 'done', rest };
    }
    assert.equal(filter.consumedEnd, end);
  }
  return { out, end: 'more', rest: '' };
}

const FORWARDED: readonly (readonly [string, string, number, string])[] = [
  ['passes an empty body', '0\r\n\r\n', forward, '0\r\n\r\n'],
  [
    'passes chunks as they are',
    '5\r\nhello\r\n00A\r\n0123456789\r\n0\r\n\r\n',
    forward,
    '5\r\nhello\r\n00A\r\n0123456789\r\n0\r\n\r\n',
  ],
  [
    'takes extensions off (RFC 9112 §7.1.1)',
    '5\t;a\r\nhello\r\n1 \t;b="x;y" ; c\r\n!\r\n0;z\r\n\r\n',
    forward,
    '5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n',
  ],
  [
    'passes trailers on (RFC 9112 §7.1.2)',
    '0\r\nX-Sum: 1\r\nContent-Digest: a\r\n\r\n',
    forward,
    '0\r\nX-Sum: 1\r\nContent-Digest: a\r\n\r\n',
  ],
  [
    'takes forbidden trailers off (RFC 9110 §6.5.1)',
    '1\r\nx\r\n0\r\nContent-Length: 5\r\nA: 1\r\nHOST: b\r\nB: 2\r\n\r\n',
    forward,
    '1\r\nx\r\n0\r\nA: 1\r\nB: 2\r\n\r\n',
  ],
  [
    'takes trailers with unusual names off',
    '0\r\nTransfer_Encoding: x\r\nA.B: 1\r\n\r\n',
    forward,
    '0\r\n\r\n',
  ],
  [
    'takes trailers with long names off',
    `0\r\n${'a'.repeat(65)}: 1\r\n${'b'.repeat(64)}: 2\r\n\r\n`,
    forward,
    `0\r\n${'b'.repeat(64)}: 2\r\n\r\n`,
  ],
  [
    'leaves all trailers out where told',
    '1\r\nx\r\n0;e\r\nA: 1\r\nB: 2\r\n\r\n',
    forwardWithoutTrailers,
    '1\r\nx\r\n0\r\n\r\n',
  ],
  ['puts out the payload alone', '5;a\r\nhello\r\n1\r\n!\r\n0\r\nA: 1\r\n\r\n', dechunk, 'hello!'],
  ['puts out nothing of an empty body', '0\r\n\r\n', dechunk, ''],
];

for (const [title, body, mode, out] of FORWARDED) {
  test(`ChunkedFilter ${title}, at every size of pieces`, () => {
    for (let size = 1; size <= body.length + 9; size++) {
      assert.deepEqual(run(`${body}GET / HTT`, mode, size), {
        out,
        end: 'done',
        rest: 'GET / HTT',
      });
    }
  });
}

for (const name of [
  'Transfer-Encoding',
  'content-length',
  'Content-Type',
  'CONTENT-ENCODING',
  'Content-Range',
  'Host',
  'Connection',
  'Keep-Alive',
  'Proxy-Connection',
  'TE',
  'Trailer',
  'Upgrade',
  'Authorization',
  'Proxy-Authorization',
  'Cookie',
  'Set-Cookie',
  'WWW-Authenticate',
  'Cache-Control',
  'Expect',
  'Max-Forwards',
  'Range',
  'If-Match',
  'X-Forwarded-For',
  'Forwarded',
]) {
  test(`ChunkedFilter takes a trailer ${name} off (RFC 9110 §6.5.1)`, () => {
    for (const size of [1, 7, 100]) {
      assert.equal(run(`0\r\n${name}: 1\r\n\r\n`, forward, size).out, '0\r\n\r\n');
    }
  });
}

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['an empty size', '\r\n', 'bad-chunk'],
  ['a size with 0x', '0x5\r\nhello\r\n', 'bad-chunk'],
  ['a size with a sign', '+5\r\n', 'bad-chunk'],
  ['a negative size', '-1\r\n', 'bad-chunk'],
  ['a size that is not hexadecimal', '5g\r\n', 'bad-chunk'],
  ['white space before a size', ' 5\r\nhello\r\n', 'bad-chunk'],
  ['white space after a size', '5 \r\nhello\r\n', 'bad-chunk'],
  ['a size of 2^53 (overflow)', '20000000000000\r\n', 'bad-chunk'],
  ['a size past 2^64 (overflow)', 'ffffffffffffffffff\r\n', 'bad-chunk'],
  ['more than 16 digits', '00000000000000005\r\nhello\r\n', 'bad-chunk'],
  ['sizes that sum past 2^53', '1\r\nx\r\n1fffffffffffff\r\n', 'bad-chunk'],
  ['bare LF after a size (RFC 9112 §7.1)', '5\nhello\r\n', 'bad-chunk'],
  ['bare CR after a size', '5\rX', 'bad-chunk'],
  ['bare LF in an extension (RFC 9112 §7.1.1)', '5;a\nhello\r\n', 'bad-chunk'],
  ['bare LF after white space', '5 \nhello\r\n', 'bad-chunk'],
  ['bare CR in an extension', '5;a\rb\r\n', 'bad-chunk'],
  ['NUL in an extension', '5;\0\r\n', 'bad-chunk'],
  ['data longer than its size', '5\r\nhello!\r\n', 'bad-chunk'],
  ['data without CRLF', '5\r\nhello0\r\n\r\n', 'bad-chunk'],
  ['bare LF after data', '5\r\nhello\n0\r\n\r\n', 'bad-chunk'],
  ['CR without LF after data', '5\r\nhello\rX', 'bad-chunk'],
  ['a trailer without a colon', '0\r\nA\r\n\r\n', 'bad-trailer'],
  ['a trailer without a name', '0\r\n: 1\r\n\r\n', 'bad-trailer'],
  ['white space before the colon of a trailer', '0\r\nA : 1\r\n\r\n', 'bad-trailer'],
  ['a folded trailer', '0\r\nA: 1\r\n b\r\n\r\n', 'bad-trailer'],
  ['bare LF after a trailer', '0\r\nA: 1\n\r\n', 'bad-trailer'],
  ['bare CR in a trailer', '0\r\nA: 1\rB', 'bad-trailer'],
  ['NUL in a trailer', '0\r\nA: \0\r\n\r\n', 'bad-trailer'],
  ['bare LF as the end', '0\r\n\n', 'bad-trailer'],
  ['CR without LF as the end', '0\r\n\rX', 'bad-trailer'],
];

for (const [title, body, reason] of REFUSED) {
  test(`ChunkedFilter refuses ${title}, at every size of pieces and in every mode`, () => {
    for (const mode of Object.values(CHUNKED_MODE)) {
      for (let size = 1; size <= body.length; size++) {
        assert.equal(run(body, mode, size).end, reason);
      }
    }
  });
}

test('ChunkedFilter bounds the extensions of a whole body (RFC 9112 §7.1.1)', () => {
  const most = `1;${'x'.repeat(CHUNK_EXTENSION_BYTES_MAX - 1)}\r\n`;
  assert.equal(run(most, forward, 1000).end, 'more');
  assert.equal(run(`1;x${most.slice(2)}`, forward, 1000).end, 'chunk-extension-too-long');
  const many = '1;abcdefg\r\nx\r\n'.repeat(CHUNK_EXTENSION_BYTES_MAX / 8);
  assert.equal(run(many, forward, 1000).end, 'more');
  assert.equal(run(`${many}1;\r\n`, forward, 1000).end, 'chunk-extension-too-long');
  assert.equal(
    run(`5${' '.repeat(CHUNK_EXTENSION_BYTES_MAX + 1)}`, forward, 1000).end,
    'chunk-extension-too-long',
  );
});

test('ChunkedFilter bounds the trailers of a body in bytes and in fields', () => {
  const value = 'x'.repeat(TRAILER_BYTES_MAX - 1);
  assert.equal(run(`0\r\nA:${value}\r\n\r\n`, forward, 1000).end, 'done');
  assert.equal(run(`0\r\nA:${value}x\r\n\r\n`, forward, 1000).end, 'bad-trailer');
  assert.equal(run(`0\r\n${'a'.repeat(TRAILER_BYTES_MAX + 1)}`, forward, 1000).end, 'bad-trailer');
  const fields = 'A:\r\n'.repeat(TRAILER_FIELDS_MAX);
  assert.equal(run(`0\r\n${fields}\r\n`, forward, 1000).end, 'done');
  assert.equal(run(`0\r\n${fields}A`, forward, 1000).end, 'bad-trailer');
});

test('ChunkedFilter moves no byte where nothing is left out', () => {
  const body = asciiBytes('5\r\nhello\r\n3\r\nabc\r\n0\r\nX: 1\r\n\r\n');
  const filter = new ChunkedFilter();
  filter.reset(forward);
  const frozen = new Proxy(body, {
    get: (target, key) =>
      key === 'copyWithin' ? assert.fail() : (Reflect.get(target, key, target) as unknown),
    set: () => assert.fail('a byte was written'),
  });
  assert.equal(filter.filter(frozen, 0, body.length), 1);
  assert.deepEqual([filter.outStart, filter.outEnd], [0, body.length]);
});

test('ChunkedFilter counts the payload and what a chunk announces', () => {
  const filter = new ChunkedFilter();
  for (const mode of Object.values(CHUNKED_MODE)) {
    filter.reset(mode);
    assert.equal(filter.payloadBytes, 0);
    const bytes = asciiBytes('3\r\nabc\r\nff\r\n0123');
    assert.equal(filter.filter(bytes, 0, bytes.length), 0);
    assert.equal(filter.payloadBytes, 7);
    assert.equal(filter.announcedBytes, 3 + 255);
  }
});

test('ChunkedFilter takes a chunk of 2^53 - 1 bytes and input at the start of a buffer', () => {
  const filter = new ChunkedFilter();
  filter.reset(forward);
  const bytes = asciiBytes('1fffffffffffff\r\nx');
  assert.equal(filter.filter(bytes, 0, bytes.length), 0);
  assert.deepEqual([filter.outStart, filter.outEnd], [0, bytes.length]);
  assert.equal(filter.announcedBytes, Number.MAX_SAFE_INTEGER);
});

test('ChunkedFilter consumes nothing once it is done', () => {
  const filter = new ChunkedFilter();
  filter.reset(forward);
  const bytes = asciiBytes('0\r\n\r\nGET');
  assert.equal(filter.filter(bytes, 0, bytes.length), 1);
  assert.equal(filter.filter(bytes, 5, bytes.length), 1);
  assert.deepEqual([filter.outStart, filter.outEnd, filter.consumedEnd], [5, 5, 5]);
});
