/** Every hazard that makes two programs read one request in two ways: refused, or made plain. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequestText } from './head-testkit.ts';
import type { RequestPolicy } from './http1-head.ts';

const H = 'Host: a.example\r\n';
const post = (...fields: string[]): string =>
  `POST / HTTP/1.1\r\n${H}${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
const get = (target: string): string => `GET ${target} HTTP/1.1\r\n${H}\r\n`;
const host = (value: string): string => `GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`;
const te = (value: string): string => post(`Transfer-Encoding: ${value}`);
const cl = (value: string): string => post(`Content-Length: ${value}`);

/** Title, request, the word of the reason, and a policy. */
type Refused = readonly [string, string, string, Partial<RequestPolicy>?];

const FRAMING: readonly Refused[] = [
  [
    'CL.TE (RFC 9112 §6.1)',
    post('Content-Length: 3', 'Transfer-Encoding: chunked'),
    'length-and-chunked',
  ],
  [
    'TE.CL (RFC 9112 §6.1)',
    post('Transfer-Encoding: chunked', 'Content-Length: 3'),
    'length-and-chunked',
  ],
  [
    'CL with an unknown TE',
    post('Transfer-Encoding: x', 'Content-Length: 3'),
    'length-and-chunked',
  ],
  ['TE: gzip, chunked (RFC 9112 §7.2)', te('gzip, chunked'), 'unsupported-transfer-coding'],
  ['TE: gzip;q=1, chunked', te('gzip;q=1, chunked'), 'unsupported-transfer-coding'],
  ['TE: gzip , chunked', te('gzip \t, \tchunked'), 'unsupported-transfer-coding'],
  ['TE: gzip x, chunked', te('gzip x, chunked'), 'bad-transfer-encoding'],
  ['TE: chunked, gzip (RFC 9112 §6.3)', te('chunked, gzip'), 'bad-transfer-encoding'],
  ['TE: gzip', te('gzip'), 'bad-transfer-encoding'],
  ['TE: identity', te('identity'), 'bad-transfer-encoding'],
  ['TE: chunked twice in a list', te('chunked, chunked'), 'bad-transfer-encoding'],
  [
    'TE given twice',
    post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
    'bad-transfer-encoding',
  ],
  [
    'TE given twice, once empty',
    post('Transfer-Encoding:', 'Transfer-Encoding: chunked'),
    'bad-transfer-encoding',
  ],
  ['TE: xchunked', te('xchunked'), 'bad-transfer-encoding'],
  ['TE: chunked in quotes (RFC 9110 §5.6.2)', te('"chunked"'), 'bad-transfer-encoding'],
  ['TE: chunked with a parameter', te('chunked;a=b'), 'bad-transfer-encoding'],
  ['TE: VT before chunked', te('\x0bchunked'), 'bad-field-value'],
  ['TE: empty first item (RFC 9110 §5.6.1)', te(',chunked'), 'bad-transfer-encoding'],
  ['TE: empty last item', te('chunked,'), 'bad-transfer-encoding'],
  ['TE: empty', te(''), 'bad-transfer-encoding'],
  ['TE: two words', te('chunked chunked'), 'bad-transfer-encoding'],
  [
    'TE in HTTP/1.0 (RFC 9112 §6.1)',
    'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
    'chunked-in-http10',
  ],
  [
    'CL given twice, the same (RFC 9112 §6.3)',
    post('Content-Length: 5', 'Content-Length: 5'),
    'duplicate-content-length',
  ],
  [
    'CL given twice, differing',
    post('Content-Length: 5', 'content-length: 6'),
    'duplicate-content-length',
  ],
  ['CL: 5, 5', cl('5, 5'), 'bad-content-length'],
  ['CL: +5 (RFC 9110 §8.6)', cl('+5'), 'bad-content-length'],
  ['CL: -1', cl('-1'), 'bad-content-length'],
  ['CL: 0x5', cl('0x5'), 'bad-content-length'],
  ['CL: 5 5', cl('5 5'), 'bad-content-length'],
  ['CL: 1e3', cl('1e3'), 'bad-content-length'],
  ['CL: empty', cl(''), 'bad-content-length'],
  ['CL: 2^53', cl('9007199254740992'), 'bad-content-length'],
  ['CL: past 2^63', cl('9223372036854775809'), 'bad-content-length'],
];

const LINES: readonly Refused[] = [
  ['WS before the colon (RFC 9112 §5.1)', post('Content-Length : 5'), 'bad-field-name'],
  ['HTAB before the colon', post('X\t: 5'), 'bad-field-name'],
  ['no colon', post('X'), 'bad-field-name'],
  ['an empty field name', post(': x'), 'bad-field-name'],
  ['a field name in brackets', post('[x]: x'), 'bad-field-name'],
  ['a field name past ASCII', post('\xe9: x'), 'bad-field-name'],
  ['obs-fold with SP (RFC 9112 §5.2)', post('X: a', ' b'), 'field-folding'],
  ['obs-fold with HTAB', post('Transfer-Encoding:', '\tchunked'), 'field-folding'],
  ['WS before the first field (RFC 9112 §2.2)', `GET / HTTP/1.1\r\n ${H}\r\n`, 'bad-field-name'],
  ['bare LF after the request line (RFC 9112 §2.2)', `GET / HTTP/1.1\n${H}\r\n`, 'bare-line-feed'],
  ['bare LF after a field', `GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n`, 'bare-line-feed'],
  ['bare LF as the end of the head', `GET / HTTP/1.1\r\n${H}\n`, 'bare-line-feed'],
  ['bare LF within a field name', post('X\nY: z'), 'bare-line-feed'],
  ['bare LF in the target', 'GET /\n HTTP/1.1\r\n\r\n', 'bare-line-feed'],
  ['bare LF before the request line', `\nGET / HTTP/1.1\r\n${H}\r\n`, 'bare-line-feed'],
  [
    'two empty lines before the request line',
    `\r\n\r\nGET / HTTP/1.1\r\n${H}\r\n`,
    'bad-request-line',
  ],
  ['bare CR in a value (RFC 9112 §2.2)', post('X: a\rb'), 'bare-carriage-return'],
  ['CR CR LF', post('X: a\r'), 'bare-carriage-return'],
  ['bare CR at the end of the head', `GET / HTTP/1.1\r\n${H}\rX`, 'bare-carriage-return'],
  ['bare CR after the version', 'GET / HTTP/1.1\rX', 'bare-carriage-return'],
  ['bare CR before the request line', '\rGET / HTTP/1.1\r\n\r\n', 'bare-carriage-return'],
  ['NUL in a value (RFC 9110 §5.5)', post('X: a\0b'), 'bad-field-value'],
  ['another control in a value', post('X: a\x07b'), 'bad-field-value'],
  ['DEL in a value', post('X: a\x7fb'), 'bad-field-value'],
  ['NUL in a field name', post('X\0: a'), 'bad-field-name'],
  ['a Connection that is no list of tokens', post('Connection: "close"'), 'bad-field-value'],
  ['a Connection of 65 options', post(`Connection: ${'a,'.repeat(65)}`), 'bad-field-value'],
  [
    'an unusual field name by policy',
    post('Transfer_Encoding: chunked'),
    'bad-field-name',
    { unusualFieldNames: 'reject' },
  ],
];

const REQUEST_LINES: readonly Refused[] = [
  ['HTTP/0.9 (RFC 9112 §2.3)', 'GET /\r\n', 'bad-request-line'],
  ['HTTP/0.9 spelt out', `GET / HTTP/0.9\r\n${H}\r\n`, 'bad-version'],
  ['HTTP/2.0 (RFC 9110 §15.6.6)', `GET / HTTP/2.0\r\n${H}\r\n`, 'unsupported-version'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'unsupported-version'],
  ['HTTP/2 without a minor version', `GET / HTTP/2\r\n${H}\r\n`, 'bad-version'],
  ['HTTP/1.10', `GET / HTTP/1.10\r\n${H}\r\n`, 'bad-version'],
  ['HTTP/1.x', `GET / HTTP/1.x\r\n${H}\r\n`, 'bad-version'],
  ['HTTP/1./', `GET / HTTP/1./\r\n${H}\r\n`, 'bad-version'],
  ['HTTP/9.9', `GET / HTTP/9.9\r\n${H}\r\n`, 'unsupported-version'],
  ['HTTP/:.0', `GET / HTTP/:.0\r\n${H}\r\n`, 'bad-version'],
  ['lower-case http/1.1', `GET / http/1.1\r\n${H}\r\n`, 'bad-version'],
  ['SP after the version', `GET / HTTP/1.1 \r\n${H}\r\n`, 'bad-version'],
  ['a space in the target (RFC 9112 §3.2)', get('/a b'), 'bad-version'],
  ['two spaces after the method', 'GET  / HTTP/1.1\r\n\r\n', 'bad-request-line'],
  ['HTAB after the method', 'GET\t/ HTTP/1.1\r\n\r\n', 'bad-method'],
  ['a method that is no token', 'G(T / HTTP/1.1\r\n\r\n', 'bad-method'],
  ['a TLS greeting', '\x16\x03\x01\x02\0', 'bad-method'],
  ['no method', ' / HTTP/1.1\r\n\r\n', 'bad-request-line'],
  ['a method alone', 'GET\r\n\r\n', 'bad-request-line'],
  ['CONNECT', `CONNECT a.example:443 HTTP/1.1\r\n${H}\r\n`, 'connect-not-allowed'],
  ['TRACE', `TRACE / HTTP/1.1\r\n${H}\r\n`, 'trace-not-allowed'],
  ['authority-form of another method (RFC 9112 §3.2.3)', get('a.example:80'), 'bad-target'],
  ['* of another method (RFC 9112 §3.2.4)', get('*'), 'bad-target'],
  ['OPTIONS *?', `OPTIONS *? HTTP/1.1\r\n${H}\r\n`, 'bad-target'],
  ['a target without a slash', get('index.html'), 'bad-target'],
  ['a target that is only a query', get('?a'), 'bad-target'],
  ['a fragment (RFC 9112 §3.2)', get('/a#b'), 'bad-target'],
  ['another scheme', get('ftp://a.example/'), 'bad-target'],
  ['absolute-form without a host (RFC 9110 §4.2.1)', get('http:///a'), 'bad-target'],
  [
    'absolute-form with user information (RFC 9110 §4.2.4)',
    get('http://u@a.example/'),
    'bad-target',
  ],
  ['absolute-form with a bad port', get('http://a.example:99999/'), 'bad-target'],
  ['an expectation other than 100-continue', post('Expect: 200-ok'), 'expectation-failed'],
  ['two expectations in one field', post('Expect: 100-continue, x'), 'expectation-failed'],
];
const REFUSED_IN_TARGETS = '"<>\\\0\x01\x7f\x80\xff\t';
const SENT_BY_BROWSERS = '^`{|}';

const HOSTS: readonly Refused[] = [
  ['no Host (RFC 9112 §3.2)', 'GET / HTTP/1.1\r\n\r\n', 'missing-host'],
  ['no Host in absolute-form', 'GET http://a.example/ HTTP/1.1\r\n\r\n', 'missing-host'],
  ['two Hosts', `GET / HTTP/1.1\r\n${H}host: b.example\r\n\r\n`, 'duplicate-host'],
  ['two Hosts, the same', `GET / HTTP/1.1\r\n${H}${H}\r\n`, 'duplicate-host'],
  ['two Hosts in HTTP/1.0', `GET / HTTP/1.0\r\n${H}${H}\r\n`, 'duplicate-host'],
  ['a bad Host in HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a/b\r\n\r\n', 'bad-host'],
  [
    'a bad Host beside absolute-form',
    'GET http://a.example/ HTTP/1.1\r\nHost: a/b\r\n\r\n',
    'bad-host',
  ],
];
const BAD_HOSTS = [
  '',
  'a/evil',
  'u@a.example',
  'a b',
  'a,b',
  'a;b',
  'a%2eb',
  'a\\b',
  'a?b',
  'a#b',
  '.',
  '.a',
  'a..b',
  ':80',
  'a:65536',
  'a:-1',
  'a:8o',
  'a:000080',
  'a:80:80',
  'é.example',
  '[',
  '[]',
  '[::1',
  '::1',
  '[::1]x',
  '[::1]:x',
  '[1.2.3.4]',
  '[::1%25eth0]',
  '[v1.a]',
  '[:::]',
  'a[::1]',
  'x'.repeat(255),
];

for (const [title, input, reason, policy] of [...FRAMING, ...LINES, ...REQUEST_LINES, ...HOSTS]) {
  test(`parseRequestHead refuses ${title}`, () => refuses(input, reason, policy));
}
for (const value of BAD_HOSTS) {
  test(`parseRequestHead refuses Host "${value.slice(0, 20)}" (RFC 9110 §7.2)`, () =>
    refuses(host(value), 'bad-host'));
}
for (const char of REFUSED_IN_TARGETS) {
  test(`parseRequestHead refuses ${JSON.stringify(char)} in a target (RFC 3986 §2)`, () => {
    refuses(get(`/a${char}b`), 'bad-target');
    refuses(get(`/a?b${char}`), 'bad-target');
    refuses(get(`http://a.example${char}/`), 'bad-target');
  });
}
for (const char of SENT_BY_BROWSERS) {
  test(`parseRequestHead takes ${char} in a path and a query, as browsers send it`, () => {
    for (const target of [`/a${char}b`, `/a?b${char}`]) {
      assert.equal(parseRequestText(get(target)).result, 'ok');
    }
  });
}

/** A refused head is refused for the same reason at every length that is refused at all. */
function refuses(input: string, reason: string, policy?: Partial<RequestPolicy>): void {
  assert.equal(parseRequestText(input, policy).result, reason);
  let refused = false;
  for (let end = 0; end <= input.length; end++) {
    const { result } = parseRequestText(input.slice(0, end), policy);
    refused ||= result !== 'incomplete';
    assert.equal(result, refused ? reason : 'incomplete', `of the first ${end} bytes`);
  }
}

test('parseRequestHead takes HTTP/1.2 as HTTP/1.1 (RFC 9110 §2.5)', () => {
  assert.equal(parseRequestText(`GET / HTTP/1.2\r\n${H}\r\n`).version, 1);
  assert.equal(parseRequestText('GET / HTTP/1.9\r\n\r\n').result, 'missing-host');
});

test('parseRequestHead lets the authority of absolute-form win over Host (RFC 9112 §3.2.2)', () => {
  const head = parseRequestText(get('http://B.example:81/x/../y?z'));
  assert.equal(head.host, 'B.example:81');
  assert.equal(head.hostName, 'B.example');
  assert.equal(head.path, '/y');
  assert.equal(head.query, 'z');
  assert.deepEqual(head.flags, ['targetChanged', 'absoluteForm']);
});

test('parseRequestHead drops aliases of fields by default (Transfer_Encoding, Content.Length)', () => {
  const head = parseRequestText(post('Transfer_Encoding: chunked', 'Content.Length: 5', 'X-Y: 1'));
  assert.deepEqual(head.fields.slice(1), [
    '-Transfer_Encoding: chunked',
    '-Content.Length: 5',
    'X-Y: 1',
  ]);
  assert.deepEqual(head.flags, ['drops', 'unusualNames']);
  assert.equal(head.body, 'none');
});

test('parseRequestHead drops hop-by-hop fields (RFC 9110 §7.6.1)', () => {
  const names = ['Connection', 'Keep-Alive', 'Proxy-Connection', 'TE', 'Upgrade', 'HTTP2-Settings'];
  const head = parseRequestText(post(...names.map((name) => `${name}: x`), 'Accept: y'));
  assert.deepEqual(head.fields.slice(1), [...names.map((name) => `-${name}: x`), 'Accept: y']);
});

test('parseRequestHead drops fields that Connection names, before and after it (RFC 9110 §7.6.1)', () => {
  const fields = [
    'X-Foo: 1',
    'Connection: x-foo,X-BAR',
    'Connection: close , baz',
    'x-bar: 2',
    'Baz: 3',
    'X-Foob: 4',
  ];
  const head = parseRequestText(post(...fields));
  const dropped = head.fields
    .filter((field) => field.startsWith('-'))
    .map((field) => field.slice(1));
  assert.deepEqual(dropped, fields.slice(0, 5));
  assert.deepEqual(head.flags, ['close', 'drops']);
});

const NOT_NOMINABLE = [
  'Host',
  'Content-Length',
  'Authorization',
  'Cookie',
  'Content-Type',
  'X-Forwarded-For',
];
for (const name of NOT_NOMINABLE) {
  test(`parseRequestHead ignores a nomination of ${name} (RFC 9110 §7.6.1)`, () => {
    const own = name === 'Host' ? [] : [`${name}: 1`];
    const head = parseRequestText(post(...own, `Connection: ${name.toLowerCase()}`));
    assert.deepEqual(head.fields.filter((field) => field.startsWith(name)).length, 1);
  });
}

test('parseRequestHead reads 64 connection options', () => {
  assert.equal(parseRequestText(post(`Connection: ${'a,'.repeat(64)}`)).result, 'ok');
});

test('parseRequestHead keeps chunked framing where Connection names Transfer-Encoding', () => {
  const head = parseRequestText(
    post('Transfer-Encoding: chunked', 'Connection: transfer-encoding'),
  );
  assert.equal(head.body, 'chunked');
});

for (const [upgrade, left] of [
  ['h2c', null],
  ['H2C , h2c', null],
  ['websocket, h2c', 'websocket'],
  ['h2c, websocket', 'websocket'],
  ['foo/1, h2c ,bar', 'foo/1,bar'],
  ['"x"', null],
] as const) {
  test(`parseRequestHead takes h2c out of Upgrade: ${upgrade} (RFC 9113 §3.1)`, () => {
    const head = parseRequestText(
      post('Connection: Upgrade, HTTP2-Settings', `Upgrade: ${upgrade}`, 'HTTP2-Settings: AA'),
    );
    assert.equal(head.upgrade, left);
    assert.equal(head.flags.includes('upgrade'), left !== null);
    assert.equal(head.flags.includes('webSocket'), left === 'websocket');
    assert.ok(head.fields.includes('-HTTP2-Settings: AA'));
  });
}

test('parseRequestHead takes an Upgrade that is the first field, and the first that offers more', () => {
  const head = parseRequestText(
    `GET / HTTP/1.1\r\nUpgrade: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n${H}\r\n`,
  );
  assert.equal(head.upgrade, 'x');
  const later = post('Upgrade: h2c', 'Upgrade: websocket', 'Connection: upgrade');
  assert.equal(parseRequestText(later).upgrade, 'websocket');
});

test('parseRequestHead ignores Upgrade without the option and in HTTP/1.0 (RFC 9110 §7.8)', () => {
  assert.equal(parseRequestText(post('Upgrade: websocket')).upgrade, null);
  const old = 'GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
  assert.equal(parseRequestText(old).upgrade, null);
});

test('parseRequestHead refuses a target past its limit as soon as it is known (RFC 9112 §3)', () => {
  const policy = { uriBytes: 10 };
  assert.equal(parseRequestText(get('/123456789'), policy).result, 'ok');
  refuses(get('/1234567890'), 'uri-too-long', policy);
  assert.equal(parseRequestText('GET /123456789', policy).result, 'incomplete');
  assert.equal(parseRequestText('GET /1234567890', policy).result, 'uri-too-long');
  assert.equal(parseRequestText('GET /?234567890', policy).result, 'uri-too-long');
});

test('parseRequestHead refuses a head past its limit as soon as it is known (RFC 6585 §5)', () => {
  const head = get('/');
  assert.equal(parseRequestText(head, { headBytes: head.length }).result, 'ok');
  refuses(head, 'head-too-large', { headBytes: head.length - 1 });
  assert.equal(
    parseRequestText(head.slice(0, -1), { headBytes: head.length - 1 }).result,
    'head-too-large',
  );
});

test('parseRequestHead refuses more fields than allowed as soon as one begins (RFC 6585 §5)', () => {
  const policy = { fields: 3 };
  assert.equal(parseRequestText(post('A: 1', 'B: 2'), policy).result, 'ok');
  refuses(post('A: 1', 'B: 2', 'C: 3'), 'too-many-fields', policy);
  const many = post(...Array.from({ length: 255 }, (_, i) => `X-${i}: 1`));
  assert.equal(parseRequestText(many, { fields: 1000 }).fields.length, 256);
  assert.equal(
    parseRequestText(post(...Array.from({ length: 256 }, () => 'X: 1')), { fields: 1000 }).result,
    'too-many-fields',
  );
});
