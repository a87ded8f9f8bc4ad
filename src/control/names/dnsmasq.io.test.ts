// Against a real name server, on a port of this machine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordText } from '../../machine/name-lookup.ts';
import { Dnsmasq, withoutDnsmasq } from '../../../test/kit/dnsmasq.ts';
import type { Outcome, Question } from './question.ts';
import { Resolver } from './resolver.ts';

const many = Array.from({ length: 150 }, (_, i) => `10.2.0.${i}`);
const ZONE = {
  hosts: { 'db.test': ['10.0.0.2', '10.0.0.1', 'fd00::1'], 'many.test': many },
  lines: [
    'srv-host=_pg._tcp.test,db.test,5432,10,60',
    'srv-host=_pg._tcp.test,spare.test,5433,20,0',
    'cname=alias.test,db.test',
    'txt-record=words.test,hello',
  ],
};

function resolverAt(port: number): Resolver {
  const resolver = new Resolver({ resolvConf: '/nonexistent', hosts: '/nonexistent' });
  resolver.configure({
    servers: [{ family: 'ipv4', host: '127.0.0.1', port }],
    timeoutMs: 5_000,
  });
  return resolver;
}

const texts = (outcome: Outcome): string[] =>
  outcome.kind === 'records' ? outcome.records.map(recordText) : [outcome.kind, outcome.reason];

test('Resolver reads what dnsmasq answers', { skip: withoutDnsmasq }, async () => {
  await using dnsmasq = await Dnsmasq.start(ZONE, 7);
  const resolver = resolverAt(dnsmasq.port);
  const ask = async (host: string, type: Question['type']): Promise<string[]> =>
    texts(await resolver.lookup({ host, type }));

  assert.deepEqual(await ask('db.test', 'A'), ['10.0.0.1', '10.0.0.2']);
  assert.deepEqual(await ask('db.test', 'AAAA'), ['fd00::1']);
  assert.deepEqual(await ask('alias.test', 'A'), ['10.0.0.1', '10.0.0.2']);
  assert.deepEqual(await ask('_pg._tcp.test', 'SRV'), [
    '10 60 5432 db.test',
    '20 0 5433 spare.test',
  ]);
  assert.deepEqual(await ask('gone.test', 'A'), ['empty', 'name-not-found']);
  assert.deepEqual(await ask('words.test', 'A'), ['empty', 'name-no-records']);
  assert.deepEqual(await ask('elsewhere.example', 'A'), ['failed', 'name-server-error']);
  const timed = await resolver.lookup({ host: 'db.test', type: 'A' });
  assert.ok(timed.kind === 'records' && timed.ttlMs === 7_000);
});

test(
  'Resolver gets more than fits into a datagram over TCP',
  { skip: withoutDnsmasq },
  async () => {
    await using dnsmasq = await Dnsmasq.start(ZONE);
    const found = await resolverAt(dnsmasq.port).lookup({ host: 'many.test', type: 'A' });
    assert.equal(texts(found).length, many.length);
  },
);

test(
  'Resolver finds a name server that was gone for a while',
  { skip: withoutDnsmasq },
  async () => {
    await using dnsmasq = await Dnsmasq.start(ZONE);
    const resolver = resolverAt(dnsmasq.port);
    await dnsmasq.stop();
    const gone = await resolver.lookup({ host: 'db.test', type: 'A' });
    assert.deepEqual(texts(gone), ['failed', 'name-no-answer']);
    assert.match(gone.kind === 'failed' ? gone.detail : '', /ECONNREFUSED/);
    await dnsmasq.resume();
    const back = await resolver.lookup({ host: 'db.test', type: 'A' });
    assert.deepEqual(texts(back), ['10.0.0.1', '10.0.0.2']);
  },
);
