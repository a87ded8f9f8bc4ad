/** ClientHellos of real programs and broken ones, cut at every byte and spread over records. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asciiBytes } from './ascii.ts';
import {
  CHROMIUM_HELLO,
  CURL_HELLO,
  OPENSSL_HELLO,
  OPENSSL_PLAIN_HELLO,
  alpnExtension,
  extension,
  handshake,
  helloOf,
  nameExtension,
  records,
  vector,
} from './client-hello-testkit.ts';
import {
  ALPN_PROTOCOLS_MAX,
  CLIENT_HELLO_BYTES_MAX,
  ClientHello,
  HELLO_DONE,
  HELLO_FAULT,
  HELLO_FAULT_TEXTS,
  HELLO_MORE,
  TICKET_KEY_NAME_BYTES,
  readClientHello,
} from './tls-client-hello.ts';

type Read = {
  readonly result: 'done' | 'more' | keyof typeof HELLO_FAULT;
  readonly name?: string;
  readonly alpn?: readonly string[];
};

const MARGIN = 5;
const hello = new ClientHello();
const FAULTS = Object.entries(HELLO_FAULT) as [keyof typeof HELLO_FAULT, number][];

/** Reads `input` within other bytes and checks that it is unchanged. */
function read(input: Uint8Array, around = 0, needsAlpn = true): Read {
  const bytes = new Uint8Array(input.length + 2 * MARGIN).fill(around);
  bytes.set(input, MARGIN);
  hello.needsAlpn = needsAlpn;
  const result = readClientHello(bytes, MARGIN, input.length, hello);
  assert.deepEqual(bytes.subarray(MARGIN, MARGIN + input.length), input);
  if (result === HELLO_DONE) {
    return { result: 'done', name: hello.serverName, alpn: [...hello.alpn] };
  }
  return { result: result === HELLO_MORE ? 'more' : FAULTS.find(([, id]) => id === -result)![0] };
}

/** Reads every beginning; returns what it comes to and how many bytes decided it. */
function readEverySplit(input: Uint8Array, needsAlpn = true): Read & { decidedAt: number } {
  const whole = read(input, 0, needsAlpn);
  let decidedAt = input.length + 1;
  for (let end = 0; end <= input.length; end++) {
    const part = read(input.subarray(0, end), input[end] ?? 0, needsAlpn);
    if (part.result === 'more') {
      assert.ok(decidedAt > input.length, `of the first ${end} bytes: more, after a decision`);
      continue;
    }
    decidedAt = Math.min(decidedAt, end);
    assert.deepEqual(part, whole, `of the first ${end} bytes`);
  }
  return { ...whole, decidedAt };
}

for (const [program, input, name, alpn] of [
  ['openssl', OPENSSL_HELLO, 'db.example.com', ['h2', 'postgresql']],
  ['openssl without name and ALPN', OPENSSL_PLAIN_HELLO, '', []],
  ['curl', CURL_HELLO, 'shop.example.com', ['h2', 'http/1.1']],
  ['chromium', CHROMIUM_HELLO, 'shop.example.com', ['h2', 'http/1.1']],
] as const) {
  test(`the ClientHello of ${program} is read at every split, and no further than needed`, () => {
    const all = readEverySplit(Uint8Array.from([...input, 1, 2, 3]));
    assert.deepEqual([all.result, all.name, all.alpn], ['done', name, alpn]);
    assert.ok(all.decidedAt <= input.length);
    const nameOnly = readEverySplit(input, false);
    assert.deepEqual([nameOnly.result, nameOnly.name], ['done', name]);
    assert.ok(nameOnly.decidedAt <= all.decidedAt);
    if (name !== '') assert.ok(nameOnly.decidedAt < input.length);
  });

  test(`the ClientHello of ${program} is read from records of any size`, () => {
    const body = [...input.subarray(5)];
    const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(sizes, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
        const split = records(body, list);
        if (split.length > CLIENT_HELLO_BYTES_MAX) return;
        const part = read(split.subarray(0, Math.floor(split.length * share)), 22);
        if (part.result !== 'more') assert.deepEqual(part, { result: 'done', name, alpn });
        assert.deepEqual(read(split), { result: 'done', name, alpn });
      }),
      { numRuns: 200 },
    );
    assert.deepEqual(read(records(body, [1])), { result: 'done', name, alpn });
  });
}

test('what follows the ClientHello is not looked at', () => {
  const early = [20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 0];
  for (const sizes of [[1 << 14], [40]]) {
    const bytes = Uint8Array.from([...records(handshake({}), sizes), ...early]);
    assert.equal(readEverySplit(bytes).name, 'a.example');
  }
  const two = [...handshake({ extensions: null }), 99, 99];
  assert.equal(readEverySplit(records(two, [50, 7])).result, 'done');
});

test('a ClientHello may leave out name, ALPN and all extensions', () => {
  for (const extensions of [null, [], extension(0x0a0a, []), alpnExtension(['h2'])]) {
    const found = readEverySplit(helloOf({ extensions }));
    assert.equal(found.result, 'done');
    assert.equal(found.name, '');
  }
});

test('names come in lower case and without a trailing dot', () => {
  const named = (name: string): Read => read(helloOf({ extensions: nameExtension(name) }));
  assert.equal(named('Db-1.EXAMPLE.com').name, 'db-1.example.com');
  assert.equal(named('a.example.').name, 'a.example');
  assert.equal(named('_a.b').name, '_a.b');
  const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
  assert.equal(named(long).name, long);
  assert.equal(named(`${long}.`).name, long);
  assert.equal(named(`${long}e`).result, 'badName');
});

for (const name of [
  'a\0.example',
  'a..b',
  '.a',
  '.',
  '',
  'a b',
  '::1',
  '*.a',
  'ä.example',
  'a/b',
]) {
  test(`the server name ${JSON.stringify(name)} is refused`, () => {
    const { result } = readEverySplit(helloOf({ extensions: nameExtension(name) }));
    assert.equal(result, 'badName');
  });
}

test('protocols of ALPN are bytes, and reserved ones are left out (RFC 8701 §2)', () => {
  const alpn = ['\x0a\x0a', 'h2', '\xfa\xfa', '\xff\0', '\x1a\x2a', 'acme-tls/1'];
  const found = readEverySplit(helloOf({ extensions: alpnExtension(alpn) }));
  assert.deepEqual(found.alpn, ['h2', '\xff\0', '\x1a\x2a', 'acme-tls/1']);
});

const NAME = nameExtension('a.example');
const ALPN = alpnExtension(['h2']);
const NAME_ENTRY = [0, ...vector(2, [...asciiBytes('a')])];

for (const [what, parts] of [
  ['version 2', { version: [2, 3] }],
  ['a session of 33 bytes', { session: new Array<number>(33).fill(1) }],
  ['no cipher', { ciphers: [] }],
  ['half a cipher', { ciphers: [1, 2, 3] }],
  ['no compression', { compression: [] }],
  ['a byte after the extensions', { tail: [0] }],
  ['extensions cut', { extensions: NAME.slice(0, -1) }],
  ['half an extension header', { extensions: [...extension(9, []), 0, 16] }],
  ['a body that ends in the random', { bodyBytes: 30 }],
  ['a body that ends in the extensions', { bodyBytes: 50 }],
  ['two names', { extensions: [...NAME, ...NAME] }],
  ['two lists of protocols', { extensions: [...ALPN, ...ALPN] }],
  ['an empty name extension', { extensions: extension(0, []) }],
  ['an empty list of names', { extensions: extension(0, [0, 0]) }],
  ['two names in a list', { extensions: extension(0, vector(2, [...NAME_ENTRY, ...NAME_ENTRY])) }],
  ['a list of names that is too long', { extensions: extension(0, [0, 9, ...NAME_ENTRY]) }],
  ['a name that runs past its list', { extensions: extension(0, [0, 4, 0, 0, 9, 97]) }],
  ['a name of another type', { extensions: nameExtension('a.example', 1) }],
  ['an empty list of protocols', { extensions: extension(16, [0, 0]) }],
  ['an empty protocol', { extensions: extension(16, [0, 4, 0, 2, 104, 50]) }],
  ['a protocol past its list', { extensions: extension(16, [0, 3, 3, 104, 50]) }],
  ['too many protocols', { extensions: alpnExtension(new Array<string>(65).fill('x')) }],
] as const) {
  test(`a ClientHello is refused: ${what}`, () => {
    assert.equal(readEverySplit(helloOf(parts)).result, 'malformed');
  });
}

test(`${ALPN_PROTOCOLS_MAX} protocols are taken`, () => {
  const alpn = new Array<string>(ALPN_PROTOCOLS_MAX).fill('x');
  assert.deepEqual(read(helloOf({ extensions: alpnExtension(alpn) })).alpn, alpn);
});

test('what is no TLS is refused at the first byte that shows it', () => {
  const of = (...bytes: number[]): unknown => {
    const { result, decidedAt } = readEverySplit(Uint8Array.from(bytes));
    return [result, decidedAt];
  };
  assert.deepEqual(of(...asciiBytes('GET / HTTP/1.1\r\n')), ['notTls', 1]);
  // The request of a PostgreSQL client to go on with TLS.
  assert.deepEqual(of(0, 0, 0, 8, 4, 210, 22, 47), ['notTls', 1]);
  assert.deepEqual(of(22, 2, 0), ['notTls', 2]);
  assert.deepEqual(of(0x80, 46, 1, 0, 2, 0, 21), ['ssl2', 3]);
  assert.deepEqual(of(0x80, 46, 4, 0, 2), ['notTls', 3]);
  assert.deepEqual(of(22, 3, 1, 0, 0), ['malformed', 5]);
  assert.deepEqual(of(22, 3, 1, 0x41), ['malformed', 4]);
  assert.deepEqual(of(22, 3, 1, 0x40, 1), ['malformed', 5]);
  assert.deepEqual(of(22, 3, 1, 0, 4, 2, 0, 0, 0), ['malformed', 6]);
});

test('a ClientHello that is interrupted by another record is refused', () => {
  const first = records(handshake({}).slice(0, 30), [30]);
  const alert = [21, 3, 3, 0, 2, 1, 0];
  const { result, decidedAt } = readEverySplit(Uint8Array.from([...first, ...alert]));
  assert.deepEqual([result, decidedAt], ['malformed', first.length + 1]);
});

test('a ClientHello that never ends is refused', () => {
  // The length says at once that it will not end within the limit.
  const huge = Uint8Array.from([22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc]);
  assert.deepEqual(readEverySplit(huge), { result: 'tooLong', decidedAt: 9 });
  // Within the limit by its length, but in records of a byte each.
  const before = extension(21, new Array<number>(4000).fill(0));
  const body = handshake({ extensions: [...before, ...nameExtension('a.example')] });
  const drip = records(body, [1]);
  assert.ok(drip.length > CLIENT_HELLO_BYTES_MAX);
  assert.equal(read(drip.subarray(0, CLIENT_HELLO_BYTES_MAX - 1)).result, 'more');
  assert.equal(read(drip.subarray(0, CLIENT_HELLO_BYTES_MAX)).result, 'tooLong');
  assert.equal(read(drip).result, 'tooLong');
  // As long as it may be.
  const padding = CLIENT_HELLO_BYTES_MAX - 5 - 4 - 41 - 2 - 4;
  const fit = helloOf({ extensions: extension(21, new Array<number>(padding).fill(0)) });
  assert.equal(fit.length, CLIENT_HELLO_BYTES_MAX);
  assert.equal(read(fit).result, 'done');
});

test('every beginning and every mutation of a ClientHello comes to one result at any split', () => {
  const sources = fc.constantFrom(OPENSSL_HELLO, CURL_HELLO.subarray(0, 300), helloOf({}));
  const edits = fc.array(fc.tuple(fc.nat(330), fc.nat(255)), { maxLength: 3 });
  const inputs = fc.oneof(
    fc.tuple(sources, edits).map(([source, list]) => {
      const copy = source.slice();
      for (const [at, byte] of list) copy[at % copy.length] = byte;
      return copy;
    }),
    fc.uint8Array({ maxLength: 60 }),
    fc.uint8Array({ maxLength: 60 }).map((tail) => Uint8Array.from([22, 3, 1, 0, 60, 1, ...tail])),
  );
  fc.assert(
    fc.property(inputs, fc.boolean(), (input, needsAlpn) => {
      readEverySplit(input, needsAlpn);
      assert.deepEqual(read(input, 0x0a, needsAlpn), read(input, 0xff, needsAlpn));
    }),
    { numRuns: 400 },
  );
});

test('every fault has its text', () => {
  for (const id of Object.values(HELLO_FAULT)) assert.ok(HELLO_FAULT_TEXTS[id]!.length > 10);
  assert.equal(HELLO_FAULT_TEXTS.length, Object.keys(HELLO_FAULT).length + 1);
});

test('a ticket is told by the name of its key, of TLS 1.2 and of 1.3, where it is asked for', () => {
  const name = Array.from({ length: TICKET_KEY_NAME_BYTES }, (_, i) => i + 1);
  const ticket = [...name, 9, 9, 9];
  const identity = [...vector(2, ticket), 0, 0, 0, 0];
  const binders = vector(2, vector(1, new Array<number>(32).fill(7)));
  const preShared = extension(41, [...vector(2, identity), ...binders]);
  const asking = new ClientHello();
  asking.needsTicket = true;
  for (const [what, last, has] of [
    ['TLS 1.2', extension(35, ticket), true],
    ['TLS 1.3', preShared, true],
    ['none', extension(35, []), false],
  ] as const) {
    const input = helloOf({ extensions: [...nameExtension('a.test'), ...last] });
    assert.equal(readClientHello(input, 0, input.length, asking), HELLO_DONE, what);
    assert.equal(asking.hasTicket, has, what);
    if (has) assert.deepEqual([...asking.ticketKeyName], name, what);
    // Where a ticket is asked for, the whole message is awaited.
    assert.equal(readClientHello(input, 0, input.length - 1, asking), HELLO_MORE, what);
  }
});
