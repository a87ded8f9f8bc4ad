import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDns } from '../../codec/dns.ts';
import type { DnsMessage, DnsRecord } from '../../codec/dns.ts';
import type { DnsData } from '../../codec/dns-data.ts';
import { writeDns } from '../../codec/dns-testkit.ts';
import type { DnsParts } from '../../codec/dns-testkit.ts';
import { recordText } from '../../machine/name-lookup.ts';
import { ADDRESSES_MAX, ALIASES_MAX, SERVICES_MAX, readAnswer } from './read-answer.ts';
import type { AnswerRead } from './read-answer.ts';

const A = { host: 'db.test', type: 'A' } as const;
const SRV = { host: '_pg._tcp.test', type: 'SRV' } as const;

function message(parts: DnsParts): DnsMessage {
  const read = readDns(writeDns(parts));
  assert.ok(read.ok);
  return read.value;
}

const record = (name: string, data: DnsData, ttlS = 60): DnsRecord => ({ name, ttlS, data });
const a = (name: string, address: string, ttlS = 60): DnsRecord =>
  record(name, { kind: 'A', address }, ttlS);
const cname = (name: string, target: string, ttlS = 60): DnsRecord =>
  record(name, { kind: 'CNAME', target }, ttlS);
const srv = (target: string, port = 5432, priority = 0): DnsRecord =>
  record(SRV.host, { kind: 'SRV', priority, weight: 1, port, target });
const soa = (minimumS: number, ttlS: number): DnsRecord => {
  const times = { serial: 1, refreshS: 1, retryS: 1, expireS: 1, minimumS };
  return record('test', { kind: 'SOA', primary: 'ns.test', mailbox: 'x.test', ...times }, ttlS);
};

function texts(read: AnswerRead): string[] {
  assert.equal(read.kind, 'records');
  return read.kind === 'records' ? read.records.map(recordText) : [];
}

test('readAnswer gives addresses in one order, each once, with the least time to live', () => {
  const answers = [a('db.test', '10.0.0.2', 9), a('db.test', '10.0.0.1'), a('db.test', '10.0.0.2')];
  const read = readAnswer(message({ answers: [...answers, a('other.test', '10.0.0.9', 1)] }), A);
  assert.deepEqual(texts(read), ['10.0.0.1', '10.0.0.2']);
  assert.ok(read.kind === 'records' && read.ttlMs === 9_000 && read.left === 0);
});

test('readAnswer leaves out addresses that no server can have', () => {
  const answers = ['0.0.0.0', '224.0.0.1', '255.255.255.255'].map((ip) => a('db.test', ip));
  const read = readAnswer(message({ answers }), A);
  assert.ok(read.kind === 'empty' && read.reason === 'name-no-records');
  const good = readAnswer(message({ answers: [...answers, a('db.test', '127.0.0.1')] }), A);
  assert.deepEqual(texts(good), ['127.0.0.1']);
  const v6 = ['::', 'ff02::1', 'fd00::1'].map((ip) =>
    record('db.test', { kind: 'AAAA', address: ip }),
  );
  assert.deepEqual(texts(readAnswer(message({ answers: v6 }), { ...A, type: 'AAAA' })), [
    'fd00::1',
  ]);
});

test('readAnswer takes so many addresses and no more, always the same', () => {
  const answers = Array.from({ length: 1_100 }, (_, i) =>
    a('db.test', `10.0.${i >> 8}.${i & 255}`),
  );
  const read = readAnswer(message({ answers }), A);
  assert.ok(read.kind === 'records' && read.left === 76);
  assert.equal(texts(read).length, ADDRESSES_MAX);
  assert.deepEqual(texts(readAnswer(message({ answers: answers.reverse() }), A)), texts(read));
});

test('readAnswer follows aliases within an answer, in any order of its records', () => {
  const answers = [
    a('c.test', '10.0.0.1'),
    cname('b.test', 'c.test', 7),
    cname('db.test', 'b.test'),
  ];
  const read = readAnswer(message({ answers }), A);
  assert.deepEqual(texts(read), ['10.0.0.1']);
  assert.ok(read.kind === 'records' && read.ttlMs === 7_000);
});

test('readAnswer asks on under an alias whose target the answer has not', () => {
  const first = readAnswer(message({ answers: [cname('db.test', 'b.test', 5)] }), A);
  assert.deepEqual(first, { kind: 'alias', host: 'b.test', aliases: 1, ttlMs: 5_000 });
  const question = { ...A, host: 'b.test' };
  const answers = [a('b.test', '10.0.0.1', 60)];
  const read = readAnswer(message({ answers }), question, { aliases: 1, ttlMs: 5_000 });
  assert.ok(read.kind === 'records' && read.ttlMs === 5_000);
  // With the SOA record of its zone the target is there, and has no such record.
  const none = readAnswer(
    message({ answers: [cname('db.test', 'b.test')], authority: [soa(30, 60)] }),
    A,
  );
  assert.ok(none.kind === 'empty' && none.reason === 'name-no-records' && none.ttlMs === 30_000);
});

test('readAnswer refuses aliases that lead on and on, in one answer or over several', () => {
  const loop = readAnswer(
    message({ answers: [cname('db.test', 'b.test'), cname('b.test', 'db.test')] }),
    A,
  );
  assert.ok(loop.kind === 'failed' && loop.reason === 'name-bad-answer', JSON.stringify(loop));
  const next = message({ answers: [cname('db.test', 'b.test')] });
  const last = readAnswer(next, A, { aliases: ALIASES_MAX - 1, ttlMs: 1 });
  assert.equal(last.kind, 'alias');
  assert.equal(readAnswer(next, A, { aliases: ALIASES_MAX, ttlMs: 1 }).kind, 'failed');
});

test('readAnswer says for how long a name will not exist', () => {
  const read = (parts: DnsParts): AnswerRead => readAnswer(message(parts), A);
  const gone = read({ code: 3, authority: [soa(30, 60)] });
  assert.ok(gone.kind === 'empty' && gone.reason === 'name-not-found' && gone.ttlMs === 30_000);
  const shorter = read({ code: 3, authority: [soa(30, 20)] });
  assert.ok(shorter.kind === 'empty' && shorter.ttlMs === 20_000);
  const silent = read({});
  assert.ok(
    silent.kind === 'empty' && silent.reason === 'name-no-records' && silent.ttlMs === null,
  );
});

test('readAnswer takes errors and referrals for failures', () => {
  for (const code of [1, 2, 4, 5, 9]) {
    const read = readAnswer(message({ code }), A);
    assert.ok(read.kind === 'failed' && read.reason === 'name-server-error', `${code}`);
  }
  const authority = [record('test', { kind: 'NS', target: 'ns.test' })];
  const referral = readAnswer(message({ authority, canRecurse: false }), A);
  assert.ok(referral.kind === 'failed' && referral.reason === 'name-bad-answer');
  assert.equal(readAnswer(message({ authority }), A).kind, 'empty');
});

test('readAnswer takes services by priority, and knows a service that is not offered', () => {
  const answers = [
    srv('b.test', 1, 9),
    srv('a.test', 2, 10),
    srv('c.test', 3, 9),
    srv('d.test', 0),
  ];
  assert.deepEqual(texts(readAnswer(message({ answers }), SRV)), [
    '9 1 1 b.test',
    '9 1 3 c.test',
    '10 1 2 a.test',
  ]);
  const none = readAnswer(message({ answers: [srv('')] }), SRV);
  assert.ok(none.kind === 'empty' && none.reason === 'name-no-records');
  const many = Array.from({ length: 300 }, (_, i) => srv(`s${i}.test`));
  const read = readAnswer(message({ answers: many }), SRV);
  assert.ok(read.kind === 'records' && read.records.length === SERVICES_MAX && read.left === 44);
});
