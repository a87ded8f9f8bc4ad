/** Headers of the PROXY protocol, cut, too long, contradictory or good (sections 2.1 and 2.2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asciiBytes } from './ascii.ts';
import { PROXY_FAMILY, PROXY_FAULT, PROXY_FAULT_TEXTS, PROXY_TRANSPORT } from './proxy-header.ts';
import { PROXY_LOOK, looksLikeProxyHeader } from './proxy-protocol.ts';
import { IPV4, readEverySplit, read, tlv, v2, withChecksum } from './proxy-testkit.ts';

const V4_LINE = 'PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n';

test('version 1: TCP4, TCP6 and UNKNOWN at every split (section 2.1)', () => {
  const four = readEverySplit(`${V4_LINE}GET /`);
  assert.equal(four.decidedAt, V4_LINE.length);
  assert.equal(four.result, V4_LINE.length);
  assert.deepEqual(four.header, {
    version: 1,
    isLocal: false,
    family: PROXY_FAMILY.inet,
    transport: PROXY_TRANSPORT.stream,
    source: '192.0.2.1:56324',
    destination: '198.51.100.7:443',
  });
  const six = readEverySplit('PROXY TCP6 2001:DB8::1 ::ffff:192.0.2.9 0 65535\r\n');
  assert.equal(six.header?.source, '2001:db8::1:0');
  assert.equal(six.header?.destination, '::ffff:192.0.2.9:65535');
  for (const line of [
    'PROXY UNKNOWN\r\n',
    'PROXY UNKNOWN \r\n',
    'PROXY UNKNOWN ff::1 what\0ever 1 2\r\n',
  ]) {
    const unknown = readEverySplit(line);
    assert.equal(unknown.result, line.length);
    assert.equal(unknown.header?.family, PROXY_FAMILY.unspecified);
  }
});

test('version 1: the longest line of the specification, and not one byte more', () => {
  const full = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
  assert.equal(read(`PROXY TCP6 ${full} ${full} 65535 65535\r\n`).result, 104);
  assert.equal(read(`PROXY UNKNOWN ${full} ${full} 65535 65535\r\n`).result, 107);
  const long = readEverySplit(`PROXY UNKNOWN ${full} ${full} 65535 65535 \r\n`);
  assert.equal(long.result, 'tooLong');
  assert.equal(long.decidedAt, 107);
});

for (const [line, decidedAt] of [
  ['PROXX', 5],
  ['PROXY\r\n', 6],
  ['PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n', 7],
  ['PROXY TCP5 ', 10],
  ['PROXY tcp4 ', 7],
  ['PROXY TCP4\t', 11],
  ['PROXY TCP4 1.1.1.1\t', 19],
  ['PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n', 20],
  ['PROXY TCP4 ::1 2.2.2.2 1 2\r\n', 12],
  ['PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n', 20],
  ['PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n', 17],
  ['PROXY TCP4 256.1.1.1 2.2.2.2 1 2\r\n', 21],
  ['PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n', 19],
  ['PROXY TCP6 ::1 ::g 1 2\r\n', 18],
  ['PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n', 29],
  ['PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n', 32],
  ['PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n', 28],
  ['PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n', 29],
  ['PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n', 31],
  ['PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n', 31],
  ['PROXY TCP4 1.1.1.1 2.2.2.2 1 2\rx', 32],
  ['PROXY TCP4 1.1.1.1 2.2.2.2 1 \r\n', 30],
  ['PROXY UNKNOWNS\r\n', 14],
  ['PROXY UNKNOWN a\nb\r\n', 16],
  ['PROXY UNKNOWN a\rb\r\n', 17],
] as const) {
  test(`version 1 refuses ${JSON.stringify(line)} at its first wrong byte`, () => {
    const { result, decidedAt: at } = readEverySplit(line);
    assert.equal(result, 'badLine');
    assert.equal(at, decidedAt);
  });
}

test('what is no header is refused at the first byte that shows it', () => {
  assert.deepEqual(readEverySplit('GET / HTTP/1.1\r\n'), { result: 'notHeader', decidedAt: 1 });
  assert.equal(readEverySplit('\x16\x03\x01').decidedAt, 1);
  assert.deepEqual(readEverySplit('\r\n\r\n\0\r\nQUIP\n'), { result: 'notHeader', decidedAt: 11 });
  assert.equal(readEverySplit('\r\nGET').decidedAt, 3);
});

test('version 2: TCP and UDP over IPv4 and IPv6 at every split (section 2.2)', () => {
  const four = readEverySplit(Uint8Array.from([...v2({}), 1, 2, 3]));
  assert.equal(four.decidedAt, 28);
  assert.deepEqual(four.header, {
    version: 2,
    isLocal: false,
    family: PROXY_FAMILY.inet,
    transport: PROXY_TRANSPORT.stream,
    source: '192.0.2.1:56324',
    destination: '198.51.100.7:443',
  });
  const udp = read(v2({ family: 0x12 })).header;
  assert.equal(udp?.transport, PROXY_TRANSPORT.datagram);
  const body = Array.from({ length: 36 }, (_, i) => i);
  const six = readEverySplit(v2({ family: 0x21, body })).header;
  assert.equal(six?.source, '1:203:405:607:809:a0b:c0d:e0f:8225');
  assert.equal(six?.destination, '1011:1213:1415:1617:1819:1a1b:1c1d:1e1f:8739');
});

test('version 2: paths of unix sockets end at NUL, abstract names keep theirs', () => {
  const path = (text: string): number[] => [...asciiBytes(text.padEnd(108, '\0'))];
  const body = [...path('/run/a.sock\0junk'), ...path('\0abstract\0name')];
  const { header } = readEverySplit(v2({ family: 0x31, body }));
  assert.equal(header?.family, PROXY_FAMILY.unix);
  assert.equal(header?.source, '/run/a.sock:0');
  assert.equal(header?.destination, '\0abstract\0name:0');
  const full = 'p'.repeat(108);
  assert.equal(
    read(v2({ family: 0x32, body: [...path(full), ...path(full)] })).header?.source,
    `${full}:0`,
  );
});

test('version 2: what follows LOCAL and an unspecified family is passed over unread', () => {
  for (const parts of [
    { command: 0x20, family: 0x00, body: [] },
    { command: 0x20, family: 0xff, body: [9, 9, 9] },
    { command: 0x20, family: 0x11, body: [1] },
    { command: 0x21, family: 0x00, body: [1, 0xff, 0xff] },
    { command: 0x21, family: 0x10, body: [1, 2, 3] },
    { command: 0x21, family: 0x01, body: IPV4 },
  ]) {
    const { result, header } = readEverySplit(v2(parts));
    assert.equal(result, 16 + parts.body.length);
    assert.equal(header?.family, PROXY_FAMILY.unspecified);
    assert.equal(header.isLocal, parts.command === 0x20);
    assert.equal(header.source, ':0');
  }
});

for (const [what, fault, decidedAt, parts] of [
  ['another version', 'badVersion', 13, { command: 0x11 }],
  ['version 3', 'badVersion', 13, { command: 0x31 }],
  ['an unknown command', 'badCommand', 13, { command: 0x22 }],
  ['an unknown family', 'badFamily', 14, { family: 0x41 }],
  ['an unknown transport', 'badFamily', 14, { family: 0x13 }],
  ['IPv4 in 4 bytes', 'tooShort', 16, { body: IPV4.slice(0, 4) }],
  ['IPv4 in 11 bytes', 'tooShort', 16, { body: IPV4.slice(0, 11) }],
  ['IPv6 in the 12 bytes of IPv4', 'tooShort', 16, { family: 0x21 }],
  ['a unix socket in the bytes of IPv6', 'tooShort', 16, { family: 0x31, length: 36 }],
  ['a length of 65,535', 'tooLong', 16, { length: 65_535 }],
  ['LOCAL with a length of 2,049', 'tooLong', 16, { command: 0x20, length: 2049 }],
] as const) {
  test(`version 2 refuses ${what} at its first wrong byte`, () => {
    const found = readEverySplit(v2(parts));
    assert.equal(found.result, fault);
    assert.equal(found.decidedAt, decidedAt);
  });
}

test('version 2: 2,048 bytes after the fixed part are taken, 2,049 are not', () => {
  const body = [...IPV4, ...tlv(0xe0, new Array<number>(2048 - 12 - 3).fill(7))];
  assert.equal(read(v2({ body })).result, 2064);
  assert.equal(read(v2({ body: [...body, 0] })).result, 'tooLong');
});

test('TLVs are found, those of unknown types kept as they are (section 2.2)', () => {
  const ssl = [
    ...[1, 0, 0, 0, 0],
    ...tlv(0x21, 'TLSv1.3'),
    ...tlv(0x22, 'client.example.com'),
    ...tlv(0x23, 'TLS_AES_128_GCM_SHA256'),
    ...tlv(0x24, 'RSA-SHA256'),
    ...tlv(0x25, 'RSA2048'),
    ...tlv(0x7f, 'later'),
  ];
  const body = [
    ...IPV4,
    ...tlv(0x01, 'h2'),
    ...tlv(0x02, 'db.example.com'),
    ...tlv(0x04, 'padding'),
    ...tlv(0x04, ''),
    ...tlv(0x05, 'x'.repeat(128)),
    ...tlv(0x20, ssl),
    ...tlv(0x30, 'blue'),
    ...tlv(0xea, 'vpce-1'),
    ...tlv(0xea, 'again'),
  ];
  const bytes = withChecksum(body);
  const { header, result } = readEverySplit(bytes);
  assert.equal(result, bytes.length);
  const { checksum, ssl: sslText, ...rest } = header!;
  assert.equal(checksum!.length, 4);
  assert.equal(sslText!.length, ssl.length);
  assert.deepEqual(rest, {
    version: 2,
    isLocal: false,
    family: PROXY_FAMILY.inet,
    transport: PROXY_TRANSPORT.stream,
    source: '192.0.2.1:56324',
    destination: '198.51.100.7:443',
    alpn: 'h2',
    authority: 'db.example.com',
    uniqueId: 'x'.repeat(128),
    netns: 'blue',
    sslVersion: 'TLSv1.3',
    sslCommonName: 'client.example.com',
    sslCipher: 'TLS_AES_128_GCM_SHA256',
    sslSignature: 'RSA-SHA256',
    sslKey: 'RSA2048',
    sslClient: 1,
    sslVerify: 0,
    tlvBytes: body.length - IPV4.length + 7,
  });
  const refused = read(v2({ body: [...IPV4, ...tlv(0x20, [7, 255, 255, 255, 254])] })).header;
  assert.equal(refused?.sslVerify, 0xfffffffe);
  assert.equal(refused?.sslClient, 7);
});

for (const [what, tail] of [
  ['one byte', [1]],
  ['a type and half a length', [1, 0]],
  ['a value past the end', [1, 0, 3, 104, 50]],
  ['a length of 65,535', [1, 255, 255]],
  ['a good one and a byte more', [...tlv(1, 'h2'), 0]],
  ['a unique identifier of 129 bytes', tlv(5, 'x'.repeat(129))],
  ['an authority of 256 bytes', tlv(2, 'x'.repeat(256))],
  ['a checksum of 3 bytes', tlv(3, [1, 2, 3])],
  ['SSL of 4 bytes', tlv(0x20, [1, 0, 0, 0])],
  [
    'SSL whose inner value overlaps what follows',
    [...tlv(0x20, [1, 0, 0, 0, 0, 0x21, 0, 9]), 1, 0, 0],
  ],
  ['SSL with a byte more', tlv(0x20, [1, 0, 0, 0, 0, 0x21])],
  ['two authorities', [...tlv(2, 'a.example'), ...tlv(2, 'b.example')]],
  ['two common names', tlv(0x20, [1, 0, 0, 0, 0, ...tlv(0x22, 'a'), ...tlv(0x22, 'b')])],
] as const) {
  test(`version 2 refuses as TLVs: ${what}`, () => {
    const bytes = v2({ body: [...IPV4, ...tail] });
    const { result, decidedAt } = readEverySplit(bytes);
    assert.equal(result, 'badTlv');
    assert.equal(decidedAt, bytes.length);
  });
}

test('version 2 refuses a header of which any bit differs from what its checksum covers', () => {
  const good = withChecksum([...IPV4, ...tlv(0xe0, 'abc')]);
  assert.equal(read(good).result, good.length);
  // Past the fixed part, whose changes are other faults, and the type and length of each TLV.
  const fixed = new Set([28, 29, 30, 34, 35, 36]);
  for (let i = 16; i < good.length; i++) {
    if (fixed.has(i)) continue;
    const bad = good.slice();
    bad[i]! ^= 1 << (i % 8);
    assert.equal(read(bad).result, 'badChecksum', `byte ${i}`);
  }
});

test('looksLikeProxyHeader knows both beginnings, and what can still become one', () => {
  const look = (text: string): number => {
    const bytes = asciiBytes(`..${text}PROXY \r\n`);
    return looksLikeProxyHeader(bytes, 2, text.length);
  };
  for (const text of ['', 'P', 'PROXY', '\r', '\r\n\r\n\0\r\nQUIT']) {
    assert.equal(look(text), PROXY_LOOK.perhaps, JSON.stringify(text));
  }
  for (const text of ['PROXY ', V4_LINE, '\r\n\r\n\0\r\nQUIT\n', '\r\n\r\n\0\r\nQUIT\n\x21\x11']) {
    assert.equal(look(text), PROXY_LOOK.yes, JSON.stringify(text));
  }
  for (const text of ['G', 'POST', 'PROXYS', '\r\nQ', '\n', '\x16\x03', '\r\n\r\n\0\r\nQUIT\r']) {
    assert.equal(look(text), PROXY_LOOK.no, JSON.stringify(text));
  }
});

test('every fault has its text', () => {
  for (const id of Object.values(PROXY_FAULT)) assert.ok(PROXY_FAULT_TEXTS[id]!.length > 10);
  assert.equal(PROXY_FAULT_TEXTS.length, Object.keys(PROXY_FAULT).length + 1);
});
