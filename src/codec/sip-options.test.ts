import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SIP_HEAD_BYTES_MAX, encodeSipOptions, isSipAnswerTo, readSip } from './sip-options.ts';
import type { SipMessage } from './sip-options.ts';

const QUESTION = {
  uri: 'sip:10.0.0.1:5060',
  transport: 'udp',
  local: '10.0.0.9:40000',
  unique: 'abc123',
} as const;

const read = (text: string, transport: 'udp' | 'tcp' = 'tcp'): SipMessage =>
  readSip(Buffer.from(text, 'latin1'), transport);

const FIELDS = [
  'Via: SIP/2.0/UDP 10.0.0.9:40000;branch=z9hG4bKabc123;rport=40000;received=10.0.0.9',
  'From: <sip:ballast@10.0.0.9:40000>;tag=abc123',
  'To: <sip:10.0.0.1:5060>;tag=1',
  'Call-ID: abc123@ballast',
  'CSeq: 1 OPTIONS',
];

function answer(fields: readonly string[] = FIELDS, status = '200 OK', body = ''): string {
  const head = [`SIP/2.0 ${status}`, ...fields, `Content-Length: ${body.length}`];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** FIELDS with one line replaced. */
function withField(begin: string, line: string): string[] {
  return FIELDS.map((field) => (field.startsWith(begin) ? line : field));
}

test('encodeSipOptions writes the six fields that every request has (RFC 3261 §8.1.1)', () => {
  assert.equal(
    encodeSipOptions(QUESTION),
    'OPTIONS sip:10.0.0.1:5060 SIP/2.0\r\n' +
      'Via: SIP/2.0/UDP 10.0.0.9:40000;branch=z9hG4bKabc123;rport\r\n' +
      'Max-Forwards: 70\r\n' +
      'From: <sip:ballast@10.0.0.9:40000>;tag=abc123\r\n' +
      'To: <sip:10.0.0.1:5060>\r\n' +
      'Call-ID: abc123@ballast\r\n' +
      'CSeq: 1 OPTIONS\r\n' +
      'Contact: <sip:ballast@10.0.0.9:40000;transport=udp>\r\n' +
      'Accept: application/sdp\r\n' +
      'User-Agent: ballast-check\r\n' +
      'Content-Length: 0\r\n\r\n',
  );
});

test('readSip reads what encodeSipOptions writes as a request', () => {
  const text = encodeSipOptions(QUESTION);
  assert.deepEqual(read(text), { kind: 'request', size: text.length });
});

test('readSip reads an answer, and of a stream asks for more at every cut', () => {
  const text = answer(FIELDS, '200 OK', 'v=0\r\n');
  const wanted = {
    kind: 'answer',
    status: 200,
    branch: 'z9hG4bKabc123',
    callId: 'abc123@ballast',
    cseq: '1 OPTIONS',
    size: text.length,
  };
  assert.deepEqual(read(text), wanted);
  assert.deepEqual(read(text, 'udp'), wanted);
  assert.deepEqual(read(`${text}SIP/2.0`), wanted);
  assert.deepEqual(read(`\r\n\r\n${text}`), { ...wanted, size: text.length + 4 });
  for (let size = 0; size < text.length; size++) {
    assert.deepEqual(read(text.slice(0, size)), { kind: 'more' }, `${size} bytes`);
    assert.equal(read(text.slice(0, size), 'udp').kind, 'bad');
  }
});

test('a datagram without Content-Length is a whole message (RFC 3261 §18.3)', () => {
  const text = `SIP/2.0 200 OK\r\n${FIELDS.join('\r\n')}\r\n\r\nbody`;
  const message = read(text, 'udp');
  assert.equal(message.kind === 'answer' && message.size, text.length);
  assert.equal(read(text, 'tcp').kind, 'bad');
});

const MATCHES: readonly (readonly [string, readonly string[], boolean])[] = [
  ['itself', FIELDS, true],
  ['short names', withField('Via', `v: ${FIELDS[0]!.slice(5)}`), true],
  [
    'a folded Via',
    withField('Via', 'VIA : SIP/2.0/UDP 10.0.0.9:40000\r\n ;Branch = z9hG4bKabc123'),
    true,
  ],
  ['the short Call-ID', withField('Call-ID', 'i:abc123@ballast'), true],
  ['a wide CSeq', withField('CSeq', 'cseq:   1   OPTIONS  '), true],
  ['a second Via', ['Via: SIP/2.0/UDP proxy;branch=z9hG4bKother', ...FIELDS], false],
  [
    'a Via behind a comma',
    withField('Via', 'Via: SIP/2.0/UDP a, SIP/2.0/UDP b;branch=z9hG4bKabc123'),
    false,
  ],
  ['another branch', withField('Via', 'Via: SIP/2.0/UDP a;branch=z9hG4bKabc124'), false],
  ['another Call-ID', withField('Call-ID', 'Call-ID: other@ballast'), false],
  ['another method', withField('CSeq', 'CSeq: 1 INVITE'), false],
  ['another number', withField('CSeq', 'CSeq: 2 OPTIONS'), false],
  ['no Via', FIELDS.slice(1), false],
];

for (const [name, fields, isOurs] of MATCHES) {
  test(`isSipAnswerTo says ${isOurs} for an answer with ${name}`, () => {
    const message = read(answer(fields));
    assert.equal(message.kind, 'answer');
    assert.equal(message.kind === 'answer' && isSipAnswerTo(message, 'abc123'), isOurs);
  });
}

const BAD: readonly (readonly [string, string])[] = [
  ['HTTP', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['another version', answer().replace('SIP/2.0', 'SIP/3.0')],
  ['a status of 700', answer(FIELDS, '700 No')],
  ['a line without a colon', answer([...FIELDS, 'nonsense'])],
  ['a NUL', answer([...FIELDS, 'X: \0'])],
  ['two Call-IDs', answer([...FIELDS, 'i: abc123@ballast'])],
  ['two lengths', answer([...FIELDS, 'l: 0'])],
  ['a signed length', answer().replace('Content-Length: 0', 'Content-Length: +0')],
  ['garbage', '\0\x01\x02'],
  ['a banner', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
];

for (const [name, text] of BAD) {
  test(`readSip refuses ${name}`, () => {
    assert.equal(read(text).kind, 'bad');
    assert.equal(read(text, 'udp').kind, 'bad');
  });
}

test('readSip bounds head and message', () => {
  const head = `SIP/2.0 200 OK\r\nX: ${'x'.repeat(SIP_HEAD_BYTES_MAX)}`;
  assert.equal(read(head).kind, 'too-large');
  assert.equal(read(`${head}\r\n\r\n`).kind, 'too-large');
  const body = answer().replace('Content-Length: 0', 'Content-Length: 70000');
  assert.equal(read(body).kind, 'too-large');
});

test('readSip takes any bytes without an exception', () => {
  const text = answer(FIELDS, '200 OK', 'abc');
  const changes = fc.array(fc.tuple(fc.nat({ max: text.length - 1 }), fc.nat({ max: 255 })));
  fc.assert(
    fc.property(changes, (list) => {
      const bytes = Buffer.from(text, 'latin1');
      for (const [at, value] of list) bytes[at] = value;
      for (const transport of ['udp', 'tcp'] as const) {
        const message = readSip(bytes, transport);
        if (message.kind === 'answer') assert.ok(message.size <= bytes.length);
      }
    }),
  );
});
