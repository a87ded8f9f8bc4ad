/** Socket addresses: what the kernel is given is what it gives back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BindPlan } from '../config/plan.ts';
import { decodeSockaddr, encodeSockaddr, formatIpv6 } from './sockaddr.ts';

const ADDRESSES: readonly BindPlan[] = [
  { family: 'ipv4', host: '127.0.0.1', port: 80 },
  { family: 'ipv4', host: '255.254.1.0', port: 65_535 },
  { family: 'ipv6', host: '::', port: 1 },
  { family: 'ipv6', host: '::1', port: 8080 },
  { family: 'ipv6', host: '2001:db8::a:0:0:1', port: 443 },
  { family: 'ipv6', host: 'fe80:1:2:3:4:5:6:7', port: 443 },
];

for (const address of ADDRESSES) {
  test(`an address comes back from its encoded form: ${address.host}`, () => {
    assert.deepEqual(decodeSockaddr(encodeSockaddr(address), 0), address);
  });
}

test('encodeSockaddr writes the port in network order (ip(7))', () => {
  const bytes = encodeSockaddr({ family: 'ipv4', host: '1.2.3.4', port: 0x1234 });
  assert.deepEqual([...bytes.subarray(2, 8)], [0x12, 0x34, 1, 2, 3, 4]);
});

test('encodeSockaddr refuses a path that the kernel has no room for (unix(7))', () => {
  const long = { family: 'unix', host: `/${'x'.repeat(107)}`, port: 0 } as const;
  assert.throws(() => encodeSockaddr(long), { code: 'BAL_LISTEN_PATH' });
  assert.equal(encodeSockaddr({ ...long, host: long.host.slice(1) }).length, 110);
});

test('formatIpv6 shortens the longest run of zeros, the first of equals (RFC 5952 §4.2)', () => {
  const text = (groups: readonly number[]): string =>
    formatIpv6(Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255])), 0);
  assert.equal(text([0x2001, 0xdb8, 0, 0, 1, 0, 0, 1]), '2001:db8::1:0:0:1');
  assert.equal(text([1, 0, 2, 3, 4, 5, 6, 7]), '1:0:2:3:4:5:6:7');
});
