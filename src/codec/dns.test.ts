import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DNS_RECORDS_MAX, dnsCodeName, readDns, readDnsHead, writeDnsQuery } from './dns.ts';
import type { DnsMessage } from './dns.ts';
import type { DnsData } from './dns-data.ts';
import { questionOf, writeDns } from './dns-testkit.ts';

const hex = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

function read(bytes: Uint8Array): DnsMessage {
  const result = readDns(bytes);
  assert.ok(result.ok, result.ok ? '' : result.fault);
  return result.value;
}

function faultOf(bytes: Uint8Array): string {
  const result = readDns(bytes);
  assert.ok(!result.ok, 'it was taken');
  return result.fault;
}

/** By hand: www.example.com A, with a CNAME, pointers into both, and EDNS. */
const CAPTURED = hex(
  '1c2d 8180 0001 0002 0000 0001' +
    '03777777 076578616d706c65 03636f6d 00 0001 0001' +
    'c00c 0005 0001 00000e10 0006 03636476 c010' +
    'c02d 0001 0001 0000003c 0004 c0000207' +
    '00 0029 04d0 0000 0000 0000',
);

test('readDns reads an answer with a chain, compression and EDNS', () => {
  const message = read(CAPTURED);
  assert.deepEqual(message.questions, [questionOf('www.example.com', 'A')]);
  assert.deepEqual(message.answers, [
    {
      name: 'www.example.com',
      ttlS: 3600,
      data: { kind: 'CNAME', target: 'cdv.example.com' },
    },
    { name: 'cdv.example.com', ttlS: 60, data: { kind: 'A', address: '192.0.2.7' } },
  ]);
  assert.deepEqual([message.id, message.isAnswer, message.canRecurse], [0x1c2d, true, true]);
  assert.deepEqual([message.code, message.hasEdns, message.isTruncated], [0, true, false]);
});

test('readDns refuses a message that is cut at any byte, or has one more', () => {
  for (let size = 0; size < CAPTURED.length; size++) faultOf(CAPTURED.subarray(0, size));
  assert.equal(faultOf(Uint8Array.from([...CAPTURED, 0])), 'bytes follow the last record');
});

test('readDns reads every type of record that it knows', () => {
  const all: DnsData[] = [
    { kind: 'A', address: '10.0.0.1' },
    { kind: 'AAAA', address: 'fd00::1' },
    { kind: 'NS', target: 'ns.a' },
    { kind: 'CNAME', target: '' },
    { kind: 'PTR', target: 'b.a' },
    { kind: 'MX', preference: 65535, target: 'mx.b.a' },
    { kind: 'TXT', texts: ['', 'a"\0ÿ', 'x'.repeat(255)] },
    { kind: 'SRV', priority: 1, weight: 2, port: 65535, target: 'b.a' },
    {
      kind: 'SOA',
      primary: 'ns.a',
      mailbox: 'root.a',
      serial: 4294967295,
      refreshS: 1,
      retryS: 2,
      expireS: 3,
      minimumS: 4,
    },
    { kind: 'other' },
  ];
  const answers = all.map((data, i) => ({ name: 'b.a', ttlS: i, data }));
  const message = read(writeDns({ answers, authority: answers, additional: answers, edns: true }));
  assert.deepEqual(message.answers, answers);
  assert.deepEqual(message.authority, answers);
  assert.deepEqual(message.additional, answers);
});

test('readDns takes a time to live above 2^31 - 1 as 0', () => {
  const data = { kind: 'A', address: '10.0.0.1' } as const;
  const bytes = writeDns({ answers: [{ name: '', ttlS: 0x8000_0000, data }] });
  assert.equal(read(bytes).answers[0]!.ttlS, 0);
});

test('readDns puts the two halves of an extended code together', () => {
  assert.equal(read(writeDns({ code: 16, edns: true })).code, 16);
  assert.deepEqual([0, 3, 16, 99].map(dnsCodeName), ['NOERROR', 'NXDOMAIN', 'BADVERS', '99']);
});

test('readDns refuses data that do not fill their record exactly', () => {
  const header = '0000 8000 0000 0001 0000 0000 00';
  const cases: [string, string][] = [
    ['0001 0001 00000000 0003 000000', 'an address has a wrong length'],
    ['001c 0001 00000000 0004 00000000', 'an address has a wrong length'],
    ['0005 0001 00000000 0002 0000', 'the data of a record of type 5 are not well-formed'],
    ['0005 0001 00000000 0000', 'the data of a record of type 5 are not well-formed'],
    ['000f 0001 00000000 0002 0000', 'the data of a record of type 15 are not well-formed'],
    ['0021 0001 00000000 0006 000000000000', 'the data of a record of type 33 are not well-formed'],
    ['0006 0001 00000000 0003 000000', 'the data of a record of type 6 are not well-formed'],
    ['0010 0001 00000000 0002 0561', 'a text is longer than its record'],
    ['0010 0001 00000000 0000', 'a TXT record has no text'],
    ['0001 0001 00000000 0005 00000000', 'the message is cut off'],
    ['0029 04d0 00000000 0000', 'an OPT record stands where none may'],
  ];
  for (const [record, fault] of cases) assert.equal(faultOf(hex(header + record)), fault, record);
  // The data of another class are not what they look like.
  const chaos = read(hex(`${header}0001 0003 00000000 0001 00`));
  assert.deepEqual(chaos.answers[0]!.data, { kind: 'other' });
});

test('readDns refuses two questions, two OPT records, and too many records', () => {
  const questions = [questionOf('a', 'A'), questionOf('b', 'A')];
  assert.equal(faultOf(writeDns({ questions })), 'a message has more than one question');
  const opt = '00 0029 04d0 00000000 0000';
  const twice = hex(`0000 8000 0000 0000 0000 0002 ${opt} ${opt}`);
  assert.equal(faultOf(twice), 'a message has more than one OPT record');
  const data = { kind: 'other' } as const;
  const answers = Array.from({ length: DNS_RECORDS_MAX + 1 }, () => ({ name: '', ttlS: 0, data }));
  assert.match(faultOf(writeDns({ answers })), /more than 4096 records/);
  assert.equal(read(writeDns({ answers: answers.slice(1) })).answers.length, DNS_RECORDS_MAX);
});

test('readDnsHead reads what a truncated answer begins with', () => {
  const bytes = writeDns({ id: 7, isTruncated: true, questions: [questionOf('a.b', 'SRV')] });
  const cut = Uint8Array.from([...bytes.subarray(0, 7), 9, ...bytes.subarray(8), 1, 2]);
  const head = readDnsHead(cut);
  assert.ok(head.ok && head.value.isTruncated && head.value.id === 7);
  assert.deepEqual(head.value.questions, [questionOf('a.b', 'SRV')]);
  assert.equal(readDns(cut).ok, false);
});

test('writeDnsQuery asks for recursion, with EDNS where it is wanted', () => {
  const query = { id: 0x1234, name: 'a.b', type: 'AAAA', edns: true } as const;
  const bytes = writeDnsQuery(query)!;
  assert.deepEqual(
    bytes,
    hex('1234 0100 0001 0000 0000 0001 01 61 01 62 00 001c 0001 00 0029 04d0 00000000 0000'),
  );
  const message = read(bytes);
  assert.deepEqual([message.isAnswer, message.hasEdns], [false, true]);
  const plain = read(writeDnsQuery({ ...query, edns: false })!);
  assert.equal(plain.hasEdns, false);
  assert.equal(writeDnsQuery({ ...query, name: 'a..b' }), null);
});
