import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeDns } from '../../codec/dns-testkit.ts';
import type { DnsRecord } from '../../codec/dns.ts';
import type { DnsData } from '../../codec/dns-data.ts';
import type { DnsProbePlan } from '../../config/plan-check.ts';
import { Dnsmasq, withoutDnsmasq } from '../../../test/kit/dnsmasq.ts';
import { freePort } from '../../../test/kit/free-ports.ts';
import { FakeDns, recordsOf } from '../names/dns-server-testkit.ts';
import type { FakeAnswers } from '../names/dns-server-testkit.ts';
import { tcpFrame } from '../names/tcp-frames.ts';
import { DNS_FOREIGN_MAX } from './dns-probe.ts';
import type { ProbeReason } from './probe.ts';
import { byteByByte, closing, drip, endless, resetting, talking } from './test-behaviours.ts';
import type { Behaviour } from './test-behaviours.ts';
import { ipv4 } from './test-plan.ts';
import { runAgainst, runOnce } from './test-run.ts';
import { silent } from './test-server.ts';

const UDP: DnsProbePlan = {
  kind: 'dns',
  transport: 'udp',
  name: 'www.test',
  type: 'A',
  codes: ['NOERROR'],
  expect: null,
};
const TCP: DnsProbePlan = { ...UDP, transport: 'tcp' };

const good: FakeAnswers = ({ name }) => recordsOf(name, 'A', ['10.0.0.1', '10.0.0.2']);

type Case = readonly [string, Partial<DnsProbePlan>, FakeAnswers, ProbeReason, RegExp];

const CASES: readonly Case[] = [
  ['an answer', {}, good, 'check-passed', /^NOERROR, 2 A records$/],
  ['no record where none is expected', {}, () => ({}), 'check-passed', /^NOERROR, 0 A records$/],
  ['the expected address', { expect: '10.0.0.2' }, good, 'check-passed', /2 A/],
  [
    'another address',
    { expect: '10.0.0.3' },
    good,
    'body',
    /^NOERROR, but none of 2 A records is the expected one$/,
  ],
  ['no record', { expect: '10.0.0.3' }, () => ({}), 'body', /^NOERROR, but no A record$/],
  ['another code', {}, () => ({ code: 2 }), 'status', /^SERVFAIL, expected NOERROR$/],
  [
    'an accepted code',
    { codes: ['NOERROR', 'NXDOMAIN'] },
    () => ({ code: 3 }),
    'check-passed',
    /^NXDOMAIN, 0 A records$/,
  ],
  [
    'an answer that is not well-formed',
    {},
    ({ message: { id, questions } }) => Buffer.concat([writeDns({ id, questions }), Buffer.of(0)]),
    'protocol',
    /^bytes follow the last record$/,
  ],
];

for (const transport of ['udp', 'tcp'] as const) {
  for (const [name, parts, answers, reason, detail] of CASES) {
    test(`dnsProbe over ${transport} ends with ${reason}: ${name}`, async () => {
      await using dns = await FakeDns.start(answers);
      const result = await runOnce(dns.server, { ...UDP, transport, ...parts });
      assert.equal(result.reason, reason, result.detail);
      assert.match(result.detail, detail);
      assert.equal(dns.asked[0], `${transport} A www.test`);
    });
  }
}

const EXPECTED: readonly (readonly [DnsData, string, string])[] = [
  [{ kind: 'AAAA', address: 'fd00::1' }, 'FD00:0::1', 'fd00::2'],
  [{ kind: 'CNAME', target: 'a.test' }, 'A.test.', 'b.test'],
  [{ kind: 'NS', target: 'a.test' }, 'a.test', 'b.test'],
  [{ kind: 'PTR', target: 'a.test' }, 'a.test', 'test'],
  [{ kind: 'MX', preference: 1, target: 'a.test' }, 'a.test', '1 a.test'],
  [{ kind: 'SRV', priority: 1, weight: 1, port: 1, target: 'a.test' }, 'a.test', 'b.test'],
  [{ kind: 'TXT', texts: ['v=1 ', 'Ã¤'] }, 'v=1 ä', 'v=1'],
  [
    {
      kind: 'SOA',
      primary: 'ns.test',
      mailbox: 'x.test',
      serial: 7,
      refreshS: 1,
      retryS: 1,
      expireS: 1,
      minimumS: 1,
    },
    '7',
    '8',
  ],
];

for (const [data, expect, other] of EXPECTED) {
  test(`dnsProbe finds what is expected of a ${data.kind} record`, async () => {
    assert.ok(data.kind !== 'other');
    const answers: DnsRecord[] = [{ name: 'www.test', ttlS: 1, data }];
    await using dns = await FakeDns.start(() => ({ answers }));
    const plan: DnsProbePlan = { ...UDP, type: data.kind };
    assert.equal((await runOnce(dns.server, { ...plan, expect })).reason, 'check-passed');
    assert.equal((await runOnce(dns.server, { ...plan, expect: other })).reason, 'body');
  });
}

test('dnsProbe asks over TCP for what does not fit, where it matters', async () => {
  await using dns = await FakeDns.start((question) =>
    question.transport === 'udp' ? { isTruncated: true } : good(question),
  );
  const fits = await runOnce(dns.server, UDP);
  assert.match(fits.detail, /^NOERROR, more than fits into a datagram$/);
  assert.equal((await runOnce(dns.server, { ...UDP, expect: '10.0.0.1' })).passed, true);
  assert.equal((await runOnce(dns.server, { ...UDP, expect: '10.0.0.9' })).reason, 'body');
  assert.equal((await runOnce(dns.server, { ...UDP, codes: ['NXDOMAIN'] })).reason, 'status');
  assert.deepEqual(dns.asked.filter((text) => text.startsWith('tcp')).length, 2);
});

test('dnsProbe over UDP passes over what is no answer to its question', async () => {
  await using dns = await FakeDns.start(({ message, from, socket, name }) => {
    const { id, questions } = message;
    const foreign = [writeDns({ id: id ^ 1, questions, code: 2 }), Buffer.from('garbage')];
    for (const bytes of foreign) socket.send(bytes, from!.port, from!.address);
    return recordsOf(name, 'A', ['10.0.0.1']);
  });
  assert.equal((await runOnce(dns.server, UDP)).reason, 'check-passed');
  dns.answers = () => Buffer.from('garbage');
  const result = await runOnce(dns.server, UDP, 150);
  assert.equal(result.reason, 'timeout');
  assert.match(result.detail, /, 1 datagram did not fit the question$/);
  dns.answers = ({ from, socket }) => {
    for (let i = 0; i < DNS_FOREIGN_MAX; i++) socket.send('x', from!.port, from!.address);
    return null;
  };
  assert.equal((await runOnce(dns.server, UDP)).reason, 'protocol');
});

test('dnsProbe over UDP says that nobody listens, and that nobody answers', async () => {
  const gone = await runOnce(ipv4('127.0.0.1', await freePort()), UDP);
  assert.equal(gone.reason, 'connect-refused', gone.detail);
  await using dns = await FakeDns.start(() => null);
  const quiet = await runOnce(dns.server, UDP, 150);
  assert.deepEqual([quiet.reason, quiet.detail], ['timeout', 'no full answer within 150 ms']);
});

const header = (size: number): Buffer => Buffer.of(size >> 8, size & 255);
const BAD: readonly (readonly [string, Behaviour, ProbeReason])[] = [
  ['silence', silent, 'timeout'],
  ['a close', closing, 'closed'],
  ['a reset', resetting, 'reset'],
  ['an answer that never ends', drip(header(60_000), 5), 'timeout'],
  ['another protocol', talking('', () => 'HTTP/1.1 400 Bad Request\r\n\r\n'), 'timeout'],
  ['garbage', talking('', () => tcpFrame(Buffer.from('garbage'))), 'protocol'],
  ['nothing at length', talking('', () => header(0)), 'protocol'],
  ['garbage without end', endless(header(1), 'x'.repeat(60_000)), 'protocol'],
];

for (const [name, behave, reason] of BAD) {
  test(`dnsProbe over TCP ends with ${reason}: ${name}`, async () => {
    const result = await runAgainst(behave, TCP, reason === 'timeout' ? 200 : 5000);
    assert.equal(result.reason, reason, result.detail);
  });
}

test('dnsProbe over TCP takes an answer in single bytes', async () => {
  const behave: Behaviour = (socket) => {
    socket.once('data', (bytes: Buffer) => {
      const question = bytes.subarray(2);
      // The question itself, as an answer without records.
      const answer = Buffer.from(question);
      answer[2] = 0x81;
      socket.write(tcpFrame(answer));
    });
  };
  assert.equal((await runAgainst(byteByByte(behave), TCP)).detail, 'NOERROR, 0 A records');
});

test('dnsProbe checks a real name server', { skip: withoutDnsmasq }, async () => {
  const lines = ['txt-record=words.test,v=1', 'mx-host=mail.test,mx.test,10'];
  await using dnsmasq = await Dnsmasq.start({ hosts: { 'www.test': ['10.0.0.1'] }, lines });
  const server = ipv4('127.0.0.1', dnsmasq.port);
  const check = async (parts: Partial<DnsProbePlan>): Promise<ProbeReason> =>
    (await runOnce(server, { ...UDP, ...parts })).reason;
  for (const transport of ['udp', 'tcp'] as const) {
    assert.equal(await check({ transport, expect: '10.0.0.1' }), 'check-passed');
    assert.equal(await check({ transport, expect: '10.0.0.2' }), 'body');
    const words = { transport, name: 'words.test', type: 'TXT' } as const;
    assert.equal(await check({ ...words, expect: 'v=1' }), 'check-passed');
    const mail = { transport, name: 'mail.test', type: 'MX' } as const;
    assert.equal(await check({ ...mail, expect: 'mx.test' }), 'check-passed');
    assert.equal(await check({ transport, name: 'gone.test' }), 'status');
    assert.equal(
      await check({ transport, name: 'gone.test', codes: ['NXDOMAIN'] }),
      'check-passed',
    );
  }
});
