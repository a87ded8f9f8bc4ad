/** Properties of readDns over made-up and damaged messages. A failure prints its seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readDns, readDnsHead } from './dns.ts';
import { readDnsName, writeDnsName } from './dns-name.ts';
import type { DnsRecord } from './dns.ts';
import type { DnsData } from './dns-data.ts';
import { formatIp } from './ip-address.ts';
import { questionOf, writeDns } from './dns-testkit.ts';

/** A record that compares equal to an object literal. */
const made = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
const the = <T extends string>(word: T): fc.Arbitrary<T> => fc.constant(word);

const label = fc.string({ unit: fc.constantFrom(...'abz09_-'), minLength: 1, maxLength: 12 });
/** Few labels, so that names share their ends. */
const name = fc
  .array(fc.oneof(fc.constantFrom('a', 'bc', 'example'), label), { maxLength: 5 })
  .map((labels) => labels.join('.'));
const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const address = (size: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => formatIp(bytes));
const text = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

const data: fc.Arbitrary<DnsData> = fc.oneof(
  made({ kind: the('A'), address: address(4) }),
  made({ kind: the('AAAA'), address: address(16) }),
  made({ kind: fc.constantFrom('CNAME', 'NS', 'PTR'), target: name }),
  made({ kind: the('MX'), preference: uint16, target: name }),
  made({ kind: the('SRV'), priority: uint16, weight: uint16, port: uint16, target: name }),
  made({ kind: the('TXT'), texts: fc.array(text, { minLength: 1, maxLength: 3 }) }),
  made({
    kind: the('SOA'),
    primary: name,
    mailbox: name,
    serial: uint32,
    refreshS: uint32,
    retryS: uint32,
    expireS: uint32,
    minimumS: uint32,
  }),
  made({ kind: the('other') }),
) as fc.Arbitrary<DnsData>;

const record: fc.Arbitrary<DnsRecord> = made({
  name,
  ttlS: fc.integer({ min: 0, max: 0x7fff_ffff }),
  data,
});
const records = fc.array(record, { maxLength: 6 });
const message = fc.record({
  id: uint16,
  questions: fc.array(name, { maxLength: 1 }),
  answers: records,
  authority: records,
  additional: records,
  edns: fc.boolean(),
});

const encode = ({ questions, ...parts }: Parameters<Parameters<typeof message.map>[0]>[0]) =>
  writeDns({ ...parts, questions: questions.map((asked) => questionOf(asked, 'A')) });

test('readDns gives back what was written, names compressed or not', () => {
  fc.assert(
    fc.property(message, (parts) => {
      const result = readDns(encode(parts));
      assert.ok(result.ok, result.ok ? '' : result.fault);
      const { id, answers, authority, additional, hasEdns } = result.value;
      const { edns, questions: _questions, ...rest } = parts;
      assert.deepEqual({ id, answers, authority, additional }, { ...rest });
      assert.equal(hasEdns, edns);
    }),
  );
});

test('readDns refuses every message that is cut', () => {
  fc.assert(
    fc.property(message, fc.nat(), (parts, cut) => {
      const bytes = encode(parts);
      assert.equal(readDns(bytes.subarray(0, cut % bytes.length)).ok, false);
    }),
  );
});

test('readDns never throws, whatever the bytes', () => {
  const damage = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
  fc.assert(
    fc.property(message, fc.array(damage, { maxLength: 4 }), (parts, damages) => {
      const bytes = encode(parts);
      for (const { at, byte } of damages) bytes[at % bytes.length] = byte;
      readDns(bytes);
      readDnsHead(bytes);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readDns(bytes);
      readDnsHead(bytes);
    }),
  );
});

test('a name that is read can be written, and is read as the same again', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (bytes, at) => {
      const result = readDnsName(bytes, bytes.length === 0 ? 0 : at % bytes.length);
      if (typeof result === 'string') return;
      const written = writeDnsName(result.name);
      assert.ok(written !== null, result.name);
      assert.deepEqual(readDnsName(written, 0), { name: result.name, end: written.length });
    }),
  );
});
