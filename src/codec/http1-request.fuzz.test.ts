/** Properties of parseRequestHead over made-up, mutated and random heads. A failure prints its seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asciiBytes } from './ascii.ts';
import { TEST_POLICY, parseRequestText } from './head-testkit.ts';
import { RequestHead } from './http1-head.ts';
import { parseRequestHead } from './http1-request.ts';

const TOKEN_CHARS = "abcXYZ019-!#$%&'*+.^_`|~";
const blank = fc.constantFrom('', ' ', '\t', '  ');
const token = fc.string({ unit: fc.constantFrom(...TOKEN_CHARS), minLength: 1, maxLength: 12 });
const value = fc
  .string({ unit: fc.constantFrom(...'ab,;= \t"\\/:\xe9\x80'), maxLength: 20 })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''));
const path = fc.string({ unit: fc.constantFrom(..."abc-_~!$&'()*+,;=:@"), maxLength: 20 });
const query = fc.option(fc.string({ unit: fc.constantFrom(...'ab/?%=&.'), maxLength: 20 }));
const fieldOf = fc.tuple(token, blank, value, blank);

const heads = fc.record({
  method: token.filter((text) => text !== 'TRACE' && text !== 'CONNECT'),
  path: path.map((text) => `/${text}`),
  query,
  minor: fc.constantFrom('0', '1', '7'),
  host: fc.constantFrom('a', 'a.example:80', '[::1]:8', '127.0.0.1'),
  fields: fc.array(fieldOf, { maxLength: 8 }),
});
type Head = typeof heads extends fc.Arbitrary<infer T> ? T : never;

const write = (head: Head): string => {
  const target = head.query === null ? head.path : `${head.path}?${head.query}`;
  const lines = head.fields.map(
    ([name, before, text, after]) => `${name}:${before}${text}${after}`,
  );
  return [
    `${head.method} ${target} HTTP/1.${head.minor}`,
    `Host: ${head.host}`,
    ...lines,
    '',
    '',
  ].join('\r\n');
};

test('parseRequestHead reads back every head of the grammar', () => {
  fc.assert(
    fc.property(heads, (head) => {
      const input = write(head);
      const read = parseRequestText(`${input}more`, { unusualFieldNames: 'keep' });
      assert.equal(read.result, 'ok');
      assert.equal(read.size, input.length);
      assert.equal(read.path, head.path);
      assert.equal(read.query, head.query);
      assert.equal(read.version, head.minor === '0' ? 0 : 1);
      assert.equal(read.host, head.host);
      const fields = head.fields.map(([name, , text]) => `${name}: ${text}`);
      assert.deepEqual(read.fields, [`Host: ${head.host}`, ...fields]);
    }),
    { numRuns: 3000 },
  );
});

const PIECES = [
  'GET / HTTP/1.1\r\n',
  'POST /a/../b%2e HTTP/1.0\r\n',
  'OPTIONS * HTTP/1.1\r\n',
  'GET http://b/x HTTP/1.1\r\n',
  'Host: a\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Connection: close, x-foo\r\n',
  'Connection: upgrade\r\n',
  'Upgrade: h2c, websocket\r\n',
  'X-Foo: bar\r\n',
  'Te: trailers\r\n',
  'Expect: 100-continue\r\n',
  '\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  ':',
  ',',
  '\0',
  'x',
  '%',
  '_',
  '5',
  '\xff',
  '/',
];
const soup = fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }).map((parts) => parts.join(''));
const rough = fc.oneof(
  soup,
  soup.map((text) => `GET /a/./%41 HTTP/1.1\r\nHost: a\r\n${text}\r\n\r\n`),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => String.fromCharCode(...bytes)),
);

test('parseRequestHead comes to the same result at every length (any split of the input)', () => {
  fc.assert(
    fc.property(rough, (input) => {
      const whole = parseRequestText(input);
      for (let end = 0; end < input.length; end++) {
        const part = parseRequestText(input.slice(0, end));
        if (part.result !== 'incomplete')
          assert.deepEqual(part, whole, `of the first ${end} bytes`);
        else assert.ok(whole.result !== 'ok' || end < whole.size);
      }
    }),
    { numRuns: 2000 },
  );
});

test('parseRequestHead reads nothing outside its input', () => {
  fc.assert(
    fc.property(rough, (input) => {
      const one = parseRequestText(input, {}, 0x0d);
      assert.deepEqual(parseRequestText(input, {}, 0x2f), one);
      assert.deepEqual(parseRequestText(input, {}, 0x0a), one);
      assert.ok(one.size <= input.length);
    }),
    { numRuns: 5000 },
  );
});

test('parseRequestHead changes nothing in a head that is incomplete', () => {
  fc.assert(
    fc.property(rough, (input) => {
      const bytes = asciiBytes(input);
      const result = parseRequestHead(bytes, 0, bytes.length, TEST_POLICY, new RequestHead());
      if (result === 0) assert.deepEqual(bytes, asciiBytes(input));
    }),
    { numRuns: 2000 },
  );
});

test('parseRequestHead accepts nothing ambiguous among 10,000 mutations of good heads', () => {
  const framings = fc.constantFrom(
    'Content-Length: 5\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
    'Content-Length: 5\r\nContent-Length: 5\r\n',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
  );
  const mutations = fc.array(fc.tuple(fc.nat(200), fc.nat(3), fc.constantFrom('', ...PIECES)), {
    maxLength: 2,
  });
  let accepted = 0;
  fc.assert(
    fc.property(framings, mutations, (framing, edits) => {
      let input = `POST /a HTTP/1.1\r\nHost: a\r\n${framing}X-Foo: bar\r\n\r\n`;
      for (const [at, gone, put] of edits) {
        const place = at % input.length;
        input = input.slice(0, place) + put + input.slice(place + gone);
      }
      const head = parseRequestText(input);
      if (head.result !== 'ok') return;
      // A leading "-" is also how the test kit shows a field that is marked to be dropped.
      if (/\n-(content-length|transfer-encoding|host):/i.test(input)) return;
      accepted++;
      const named = (name: string): string[] =>
        head.fields.filter((field) => field.replace(/^-/, '').toLowerCase().startsWith(`${name}:`));
      const lengths = named('content-length');
      const codings = named('transfer-encoding');
      assert.ok(lengths.length + codings.length <= 1);
      if (lengths.length === 1) assert.match(lengths[0]!, /^-?content-length: [0-9]{1,16}$/i);
      if (codings.length === 1) assert.match(codings[0]!, /^-transfer-encoding: chunked$/i);
      assert.equal(head.body === 'chunked', codings.length === 1);
      assert.equal(head.body === 'length', lengths.length === 1 && head.contentLength > 0);
      assert.ok(head.version === 0 || named('host').length === 1);
      assert.ok(named('host').length <= 1);
      assert.doesNotMatch(input.slice(0, head.size), /[^\r]\n|\r[^\n]|\0|\n[ \t]/);
    }),
    { numRuns: 10_000 },
  );
  assert.ok(accepted > 1000, `only ${accepted} were accepted`);
});
