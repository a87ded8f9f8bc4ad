import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DNS_POINTERS_MAX, canonicalDnsName, readDnsName, writeDnsName } from './dns-name.ts';

const bytes = (...parts: (number | string)[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'number' ? part : [...Buffer.from(part)])),
  );

test('readDnsName reads labels in lower case, and the root as nothing', () => {
  assert.deepEqual(readDnsName(bytes(3, 'wWw', 2, 'eX', 0, 9), 0), { name: 'www.ex', end: 8 });
  assert.deepEqual(readDnsName(bytes(7, 0), 1), { name: '', end: 2 });
});

test('readDnsName escapes what is no plain part of a label', () => {
  const label = bytes(5, 'a.\\', 0, 0xff, 0);
  assert.deepEqual(readDnsName(label, 0), { name: 'a\\046\\092\\000\\255', end: 7 });
  assert.deepEqual(writeDnsName('a\\046\\092\\000\\255'), label);
});

test('readDnsName follows pointers backwards and ends behind the first', () => {
  const message = bytes(2, 'ex', 0, 1, 'a', 0xc0, 0, 1, 'b', 0xc0, 4, 7);
  assert.deepEqual(readDnsName(message, 8), { name: 'b.a.ex', end: 12 });
});

test('readDnsName refuses pointers that lead to themselves, forwards, or into their own part', () => {
  const fault = 'a name has a pointer that does not lead backwards';
  assert.equal(readDnsName(bytes(0xc0, 0), 0), fault);
  assert.equal(readDnsName(bytes(0xc0, 2, 0), 0), fault);
  assert.equal(readDnsName(bytes(1, 'a', 0xc0, 0), 0), fault);
  assert.equal(readDnsName(bytes(0, 1, 'a', 0xc0, 1), 1), fault);
  // Two that point at each other.
  assert.equal(readDnsName(bytes(0xc0, 2, 0xc0, 0), 2), fault);
});

test('readDnsName refuses more pointers than a name can have labels', () => {
  const chain = (count: number): Uint8Array => {
    const all = [0];
    for (let i = 0; i < count; i++) {
      const target = i === 0 ? 0 : 1 + (i - 1) * 2;
      all.push(0xc0 | (target >> 8), target & 255);
    }
    return Uint8Array.from(all);
  };
  const most = chain(DNS_POINTERS_MAX);
  assert.deepEqual(readDnsName(most, most.length - 2), { name: '', end: most.length });
  const more = chain(DNS_POINTERS_MAX + 1);
  assert.match(readDnsName(more, more.length - 2) as string, /more than 127 pointers/);
});

test('readDnsName refuses names above 255 bytes, also by pointers, and labels of other kinds', () => {
  const label = [63, ...Array.from({ length: 63 }, () => 0x61)];
  const longest = Uint8Array.from([...label, ...label, ...label, 61, ...label.slice(3), 0]);
  assert.equal(longest.length, 255);
  const read = readDnsName(longest, 0);
  assert.ok(typeof read !== 'string' && read.end === 255);
  assert.deepEqual(writeDnsName(read.name), longest);
  const byPointer = Uint8Array.from([...longest, 1, 0x61, 0xc0, 0]);
  assert.match(readDnsName(byPointer, 255) as string, /more than 255 bytes/);
  assert.match(readDnsName(bytes(0x40, 0), 0) as string, /unknown kind/);
});

test('readDnsName says that a name is cut off wherever it is cut', () => {
  const message = bytes(2, 'ex', 0, 3, 'abc', 0xc0, 0);
  for (let size = 4; size < message.length; size++) {
    assert.equal(readDnsName(message.subarray(0, size), 4), 'a name is cut off', `${size}`);
  }
});

test('writeDnsName refuses what is no name', () => {
  for (const text of ['a..b', '.a', 'a b', 'ä', 'a\\1', 'a\\999', 'a\\', `${'a'.repeat(64)}.b`]) {
    assert.equal(writeDnsName(text), null, text);
  }
  assert.equal(writeDnsName('a.'.repeat(127))!.length, 255);
  assert.equal(writeDnsName('a.'.repeat(128)), null);
  assert.equal(writeDnsName('a'.repeat(100_000)), null);
  assert.deepEqual(writeDnsName('.'), bytes(0));
  assert.deepEqual(writeDnsName('a.b.'), writeDnsName('a.b'));
});

test('canonicalDnsName takes names of any spelling to one', () => {
  assert.equal(canonicalDnsName('Db.Example.COM.'), 'db.example.com');
  assert.equal(canonicalDnsName('.'), '');
});
