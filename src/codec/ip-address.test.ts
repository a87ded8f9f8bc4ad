/** Addresses and networks as text and as bytes. */
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CIDR_BYTES,
  cidrListContains,
  compileCidrList,
  formatIp,
  isMappedIpv4,
  parseCidr,
  parseIp,
  unmapIpv4,
} from './ip-address.ts';

const ip = (text: string): Uint8Array => {
  const address = parseIp(text);
  assert.notEqual(address, null, text);
  return address!;
};
const contains = (cidrs: string, address: string): boolean =>
  cidrListContains(compileCidrList(cidrs.split(' '))!, ip(address));

test('parseIp reads IPv4 (RFC 3986 §3.2.2)', () => {
  assert.deepEqual([...ip('192.0.2.255')], [192, 0, 2, 255]);
  assert.deepEqual([...ip('255.255.255.255')], [255, 255, 255, 255]);
});

for (const text of [
  '',
  '1',
  '1.2.3',
  '1.2.3.4.5',
  '256.1.1.1',
  '01.2.3.4',
  '1.2.3.04',
  '1..2.3',
  '1.2.3.',
  '.1.2.3',
  '1.2.3.4 ',
  '0x1.2.3.4',
  ':',
  ':::',
  '1:',
  ':1',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8',
  '12345::',
  '::1.2.3',
  '1.2.3.4::',
  '::1%eth0',
  '[::1]',
  '::g',
  '1:2:3:4:5:6:7:1.2.3.4',
  '::1/128',
  'localhost',
]) {
  test(`parseIp refuses "${text}"`, () => assert.equal(parseIp(text), null));
}

test('formatIp writes the shortest form (RFC 5952 §4)', () => {
  for (const [text, form] of [
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:0DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8:0:0:1:0:0:0', '2001:db8:0:0:1::'],
    ['1::', '1::'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::192.0.2.1', '::c000:201'],
    ['::0.0.0.0', '::'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ['1111:2222:3333:4444:5555:6666:255.255.255.255', '1111:2222:3333:4444:5555:6666:ffff:ffff'],
    ['10.0.0.1', '10.0.0.1'],
  ] as const) {
    assert.equal(formatIp(ip(text)), form);
  }
});

test('formatIp and parseIp are inverse, and agree with the platform on what is an address', () => {
  const sizes = fc.constantFrom(4, 16);
  const bytes = fc.oneof(fc.nat(255), fc.constant(0));
  const addresses = sizes.chain((size) => fc.array(bytes, { minLength: size, maxLength: size }));
  fc.assert(
    fc.property(addresses, (address) => {
      const text = formatIp(Uint8Array.from(address));
      assert.deepEqual([...ip(text)], address);
      assert.equal(isIP(text), address.length === 4 ? 4 : 6);
    }),
  );
  const parts = fc.constantFrom(':', '::', '1', 'f0', '0', 'abcd', '1.2.3.4', '255', '.', '12345');
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 16 }), (texts) => {
      const text = texts.join('');
      assert.equal(parseIp(text) !== null, isIP(text) !== 0, text);
    }),
    { numRuns: 5000 },
  );
});

test('unmapIpv4 gives the IPv4 address of an IPv4-mapped one (RFC 4291 §2.5.5.2)', () => {
  assert.deepEqual([...unmapIpv4(ip('::ffff:10.1.2.3'))], [10, 1, 2, 3]);
  assert.equal(isMappedIpv4(ip('::fffe:10.1.2.3')), false);
  assert.equal(unmapIpv4(ip('fd00::1')).length, 16);
});

test('cidrListContains compares prefixes of any length (RFC 4632 §3.1)', () => {
  assert.ok(contains('10.0.0.0/8', '10.255.0.1'));
  assert.ok(!contains('10.0.0.0/8', '11.0.0.0'));
  assert.ok(contains('10.1.2.129/25', '10.1.2.200'));
  assert.ok(!contains('10.1.2.129/25', '10.1.2.100'));
  assert.ok(contains('10.1.2.3', '10.1.2.3'));
  assert.ok(!contains('10.1.2.3', '10.1.2.2'));
  assert.ok(contains('0.0.0.0/0', '203.0.113.1'));
  assert.ok(contains('fd00::/8', 'fdff::1'));
  assert.ok(!contains('fd00::/8', 'fe00::1'));
  assert.ok(contains('2001:db8::/33', '2001:db8:7fff::'));
  assert.ok(!contains('2001:db8::/33', '2001:db8:8000::'));
  assert.ok(contains('192.0.2.0/24 fd00::/8', 'fd00::1'));
  assert.equal(cidrListContains(new Uint8Array(0), ip('::1')), false);
});

test('cidrListContains takes an IPv4-mapped address as IPv4 and keeps the families apart', () => {
  assert.ok(contains('10.0.0.0/8', '::ffff:10.1.1.1'));
  assert.ok(contains('::ffff:10.0.0.0/104', '10.1.1.1'));
  assert.ok(!contains('::/0', '10.1.1.1'));
  assert.ok(!contains('::/0', '::ffff:10.1.1.1'));
  assert.ok(contains('::/0', '2001:db8::1'));
  assert.ok(!contains('0.0.0.0/0', '::1'));
  assert.ok(!contains('::a00:0/104', '10.1.1.1'));
});

test('parseCidr refuses what is no network', () => {
  for (const text of [
    '',
    '10.0.0.0/',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '/8',
    '10/8',
    '::/8/8',
  ]) {
    assert.equal(parseCidr(text), null, text);
    assert.equal(compileCidrList(['::1', text]), null, text);
  }
  assert.equal(parseCidr('10.0.0.0/8')!.length, CIDR_BYTES);
});
