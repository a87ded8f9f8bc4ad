/** What the writers of the PROXY protocol make, byte for byte and read back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asciiText } from './ascii.ts';
import { formatIp } from './ip-address.ts';
import { PROXY_FAMILY, PROXY_V1_BYTES_MAX, ProxyAddresses } from './proxy-header.ts';
import { writeProxyV1 } from './proxy-protocol-v1.ts';
import { PROXY_V2_WRITE_BYTES_MAX, writeProxyV2 } from './proxy-protocol-v2.ts';
import type { ProxyExtras } from './proxy-protocol-v2.ts';
import { IPV4, read, tlv, v2, withChecksum } from './proxy-testkit.ts';

const NOTHING: ProxyExtras = { authority: '', uniqueId: '', checksum: false };
const addresses = new ProxyAddresses();
const buffer = new Uint8Array(1024);

function line(): string {
  const end = writeProxyV1(buffer, 5, addresses);
  assert.ok(end - 5 <= PROXY_V1_BYTES_MAX);
  return asciiText(buffer, 5, end);
}

function header(extras: ProxyExtras = NOTHING): Uint8Array {
  const end = writeProxyV2(buffer, 5, addresses, extras);
  assert.ok(end - 5 <= PROXY_V2_WRITE_BYTES_MAX);
  return buffer.slice(5, end);
}

test('writeProxyV1 writes TCP4, TCP6 and UNKNOWN (section 2.1)', () => {
  assert.ok(addresses.setTcp('192.0.2.1', 56_324, '198.51.100.7', 443));
  assert.equal(line(), 'PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n');
  assert.ok(addresses.setTcp('2001:db8::1', 0, 'fe80::ff', 65_535));
  assert.equal(line(), 'PROXY TCP6 2001:db8:0:0:0:0:0:1 fe80:0:0:0:0:0:0:ff 0 65535\r\n');
  assert.equal(addresses.setTcp('', 0, '127.0.0.1', 80), false);
  assert.equal(line(), 'PROXY UNKNOWN\r\n');
  addresses.setNone(true);
  assert.equal(line(), 'PROXY UNKNOWN\r\n');
  addresses.setUnix('/a', '/b');
  assert.equal(line(), 'PROXY UNKNOWN\r\n');
});

test('writeProxyV2 writes TCP, LOCAL, unknown and unix sockets (section 2.2)', () => {
  addresses.setTcp('192.0.2.1', 56_324, '198.51.100.7', 443);
  assert.deepEqual(header(), v2({}));
  addresses.setNone(true);
  assert.deepEqual(header(), v2({ command: 0x20, family: 0, body: [] }));
  addresses.setNone(false);
  assert.deepEqual(header(), v2({ family: 0, body: [] }));
  addresses.setUnix('/run/a', `/${'b'.repeat(200)}`);
  assert.equal(header().length, 16 + 216);
  assert.equal(read(header()).header?.source, '/run/a:0');
  assert.equal(read(header()).header?.destination, `/${'b'.repeat(107)}:0`);
});

test('writeProxyV2 writes an authority, a unique identifier and the checksum over both', () => {
  addresses.setTcp('192.0.2.1', 56_324, '198.51.100.7', 443);
  const extras = { authority: 'db.example.com', uniqueId: 'id-1', checksum: true };
  const body = [...IPV4, ...tlv(2, 'db.example.com'), ...tlv(5, 'id-1')];
  assert.deepEqual(header(extras), withChecksum(body));
  const long = { authority: 'a'.repeat(256), uniqueId: 'b'.repeat(129), checksum: false };
  assert.deepEqual(header(long), v2({}));
  addresses.setUnix('a'.repeat(108), 'b'.repeat(108));
  const most = { authority: 'a'.repeat(255), uniqueId: 'b'.repeat(128), checksum: true };
  assert.equal(header(most).length, PROXY_V2_WRITE_BYTES_MAX);
  assert.equal(read(header(most)).result, PROXY_V2_WRITE_BYTES_MAX);
});

test('setTcp makes IPv4 of two IPv4-mapped addresses, and IPv6 of a mixed pair', () => {
  addresses.setTcp('::ffff:192.0.2.1', 1, '192.0.2.2', 2);
  assert.equal(line(), 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n');
  addresses.setTcp('192.0.2.1', 1, '2001:db8::2', 2);
  assert.equal(line(), 'PROXY TCP6 0:0:0:0:0:ffff:c000:201 2001:db8:0:0:0:0:0:2 1 2\r\n');
  assert.equal(addresses.family, PROXY_FAMILY.inet6);
  for (const text of ['', 'localhost', '1.2.3', '::g', `${'1'.repeat(46)}`, '١.2.3.4']) {
    assert.equal(addresses.setTcp('::1', 1, text, 1), false, text);
    assert.equal(addresses.hasIp, false);
  }
});

const port = fc.nat(65_535);
const ip = fc
  .constantFrom(4, 16)
  .chain((size) => fc.uint8Array({ minLength: size, maxLength: size }))
  .map(formatIp);
const word = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'ab.-0'), maxLength });
const ends = fc.tuple(ip, port, ip, port);

test('a header of either version reads back as what it was made from', () => {
  const extras = fc.record({
    authority: word(255),
    uniqueId: word(128),
    checksum: fc.boolean(),
  });
  fc.assert(
    fc.property(ends, extras, ([source, sourcePort, destination, destinationPort], sent) => {
      assert.ok(addresses.setTcp(source, sourcePort, destination, destinationPort));
      const from = `${addresses.sourceText()}:${sourcePort}`;
      const to = `${addresses.destinationText()}:${destinationPort}`;
      for (const made of [line(), header(sent)]) {
        const { result, header: found } = read(made, 0x20);
        assert.equal(result, made.length);
        assert.equal(found?.source, from);
        assert.equal(found.destination, to);
        if (typeof made === 'string') continue;
        assert.equal(found.authority ?? '', sent.authority);
        assert.equal(found.uniqueId ?? '', sent.uniqueId);
        assert.equal('checksum' in found, sent.checksum);
      }
    }),
  );
});
