import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLOTS_MAX } from '../../base/meters.ts';
import type { NamePlan, Plan, ServerPlan } from '../../config/plan.ts';
import type { NameRecord } from '../../machine/name-lookup.ts';
import { ipv4, planOf, poolPlan, serverPlan } from '../health/test-plan.ts';
import { NAME_SERVERS_LIMIT, expandNames } from './expand.ts';
import { questionKey } from './question.ts';
import { questionsOf } from './questions-of.ts';
import type { KnownRecords } from './questions-of.ts';

const name = (parts: Partial<NamePlan> = {}): NamePlan => ({
  key: 'web/db',
  name: 'db',
  kind: 'address',
  host: 'db.test',
  port: 5432,
  family: 'any',
  weight: 3,
  maxConnections: 7,
  backup: false,
  tlsName: '',
  ...parts,
});

const planWith = (names: NamePlan[], servers: ServerPlan[] = []): Plan =>
  planOf([{ ...poolPlan('web', null, servers), names }]);

const known =
  (records: Record<string, (string | [number, number, number, string])[]>): KnownRecords =>
  (question) =>
    (records[questionKey(question)] ?? []).map((one): NameRecord => {
      if (typeof one === 'string') return { kind: 'address', address: one };
      const [priority, weight, port, target] = one;
      return { kind: 'service', priority, weight, port, target };
    });

const serversIn = (plan: Plan): ServerPlan[] => plan.pools.flatMap(({ servers }) => [...servers]);
const shown = (plan: Plan): string[] =>
  serversIn(plan).map(({ key, weight, backup }) => `${key} ${weight}${backup ? ' backup' : ''}`);

test('expandNames turns addresses of both families into servers with the settings of the name', () => {
  const fixed = serverPlan('web', 'fixed', ipv4('10.0.0.9', 80));
  const records = known({ 'A db.test': ['10.0.0.1', '10.0.0.2'], 'AAAA db.test': ['fd00::1'] });
  const { plan } = expandNames(planWith([name()], [fixed]), records);
  assert.deepEqual(shown(plan), [
    'web/fixed 1',
    'web/db/10.0.0.1:5432 3',
    'web/db/10.0.0.2:5432 3',
    'web/db/[fd00::1]:5432 3',
  ]);
  const [, first, , last] = serversIn(plan);
  assert.deepEqual(first, {
    key: 'web/db/10.0.0.1:5432',
    name: 'db/10.0.0.1:5432',
    slot: 0,
    address: { family: 'ipv4', host: '10.0.0.1', port: 5432 },
    weight: 3,
    maxConnections: 7,
    backup: false,
    checkAddress: null,
    tlsName: '10.0.0.1',
  });
  assert.deepEqual(last!.address, { family: 'ipv6', host: 'fd00::1', port: 5432 });
  const { plan: held } = expandNames(planWith([name({ tlsName: 'db.test' })], []), records);
  assert.equal(serversIn(held)[0]!.tlsName, 'db.test');
});

test('expandNames uses the family that is asked for', () => {
  const records = known({ 'A db.test': ['10.0.0.1'], 'AAAA db.test': ['fd00::1'] });
  const only = (family: NamePlan['family']): string[] =>
    shown(expandNames(planWith([name({ family })]), records).plan);
  assert.deepEqual(only('ipv4'), ['web/db/10.0.0.1:5432 3']);
  assert.deepEqual(only('ipv6'), ['web/db/[fd00::1]:5432 3']);
});

test('expandNames leaves a pool without servers while its name does not resolve', () => {
  assert.deepEqual(serversIn(expandNames(planWith([name()]), known({})).plan), []);
});

test('expandNames returns a plan without names as it is', () => {
  const plan = planWith([], [serverPlan('web', 'a', ipv4('10.0.0.1', 80))]);
  assert.equal(expandNames(plan, known({})).plan, plan);
});

test('expandNames changes the digest with the servers, and with nothing else', () => {
  const digestOf = (addresses: string[]): string =>
    expandNames(planWith([name()]), known({ 'A db.test': addresses })).plan.digest;
  assert.equal(digestOf(['10.0.0.1']), digestOf(['10.0.0.1']));
  assert.notEqual(digestOf(['10.0.0.1']), digestOf(['10.0.0.2']));
});

const SRV = name({ kind: 'srv', host: '_db._tcp.test', port: 0, weight: 1 });

test('expandNames takes ports, weights and priorities of SRV', () => {
  const records = known({
    'SRV _db._tcp.test': [
      [10, 60, 5432, 'a.test'],
      [10, 20, 5433, 'b.test'],
      [20, 5, 5434, 'c.test'],
      [30, 5, 5435, 'c.test'],
      [10, 5, 5432, 'gone.test'],
    ],
    'A a.test': ['10.0.0.1'],
    'A b.test': ['10.0.0.2', '10.0.0.3'],
    'A c.test': ['10.0.0.4'],
  });
  assert.deepEqual(shown(expandNames(planWith([SRV]), records).plan), [
    // Two addresses share the weight of one target: all weights are doubled.
    'web/db/10.0.0.1:5432 120',
    'web/db/10.0.0.2:5433 20',
    'web/db/10.0.0.3:5433 20',
    'web/db/10.0.0.4:5434 10 backup',
    'web/db/10.0.0.4:5435 10 backup',
  ]);
});

test('expandNames scales weights of SRV to 1 ... 256 where they do not fit', () => {
  const weights = (...given: number[]): number[] => {
    const targets = given.map((weight, i): [number, number, number, string] => {
      return [0, weight, 1 + i, 'a.test'];
    });
    const records = known({ 'SRV _db._tcp.test': targets, 'A a.test': ['10.0.0.1'] });
    return serversIn(expandNames(planWith([SRV]), records).plan).map(({ weight }) => weight);
  };
  assert.deepEqual(weights(0, 0), [1, 1]);
  assert.deepEqual(weights(0, 256), [1, 256]);
  assert.deepEqual(weights(65_535, 32_768, 1, 0), [256, 128, 1, 1]);
});

test('expandNames gives no weight to what is to take no new requests', () => {
  const records = known({ 'SRV _db._tcp.test': [[0, 5, 1, 'a.test']], 'A a.test': ['10.0.0.1'] });
  const names = [{ ...SRV, weight: 0, backup: true }];
  assert.deepEqual(shown(expandNames(planWith(names), records).plan), [
    'web/db/10.0.0.1:1 0 backup',
  ]);
});

test('expandNames takes an address once per name, and no key twice', () => {
  const records = known({
    'SRV _db._tcp.test': [
      [0, 1, 80, 'a.test'],
      [0, 1, 80, 'b.test'],
    ],
    'A a.test': ['10.0.0.1'],
    'A b.test': ['10.0.0.1'],
  });
  const fixed = serverPlan('web', 'db/10.0.0.1:80', ipv4('10.0.0.9', 80));
  assert.equal(serversIn(expandNames(planWith([SRV]), records).plan).length, 1);
  assert.equal(serversIn(expandNames(planWith([SRV], [fixed]), records).plan).length, 1);
});

test('expandNames leaves out what is too much, and says so', () => {
  const addresses = Array.from({ length: 800 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  const records = known({
    'SRV _db._tcp.test': [
      [0, 1, 80, 'a.test'],
      [0, 1, 81, 'a.test'],
    ],
    'A a.test': addresses,
    'A db.test': addresses.slice(0, 10),
  });
  const many = expandNames(planWith([SRV]), records);
  assert.deepEqual([serversIn(many.plan).length, many.left], [NAME_SERVERS_LIMIT, 576]);
  const fixed = Array.from({ length: SLOTS_MAX - 7 }, (_, i) => {
    return serverPlan('web', `s${i}`, ipv4('10.0.0.9', 80));
  });
  const full = expandNames(planWith([name()], fixed), records);
  assert.ok(full.left > 0 && full.left < 10);
  assert.equal(serversIn(full.plan).length, fixed.length + 10 - full.left);
});

test('questionsOf asks for the targets of a service once they are known', () => {
  const texts = (plan: NamePlan, records: KnownRecords): string[] =>
    questionsOf(plan, records).map(questionKey);
  assert.deepEqual(texts(name({ host: 'Db.test.' }), known({})), ['A db.test', 'AAAA db.test']);
  assert.deepEqual(texts(SRV, known({})), ['SRV _db._tcp.test']);
  const records = known({
    'SRV _db._tcp.test': [
      [0, 1, 80, 'a.test'],
      [0, 1, 81, 'a.test'],
    ],
  });
  assert.deepEqual(texts({ ...SRV, family: 'ipv4' }, records), ['SRV _db._tcp.test', 'A a.test']);
});
