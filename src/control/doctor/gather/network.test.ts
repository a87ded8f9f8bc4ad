import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayInterfaces, vrrpDrops } from './network.ts';

const chain = (policy: string, hook = 'input') => ({
  chain: { family: 'inet', table: 'filter', name: 'input', hook, policy },
});
const rule = (...expr: unknown[]) => ({
  rule: { family: 'inet', table: 'filter', chain: 'input', expr },
});
const about = (protocol: string | number) => ({
  match: { op: '==', left: { meta: { key: 'l4proto' } }, right: protocol },
});
const look = (...listed: unknown[]) => vrrpDrops(JSON.stringify({ nftables: listed }));

test('vrrpDrops: a rule that drops it, by number, name or group', () => {
  for (const what of [about(112), about('vrrp'), about('224.0.0.18')]) {
    assert.match(
      look(chain('accept'), rule(what, { drop: null }))[0]!.why,
      /a rule that drops VRRP/,
    );
  }
});

test('vrrpDrops: a policy of drop, unless a rule accepts it', () => {
  assert.equal(look(chain('drop')).length, 1);
  assert.equal(look(chain('drop'), rule(about(112), { accept: null })).length, 0);
  assert.equal(look(chain('accept')).length, 0);
  assert.equal(look(chain('drop', 'forward')).length, 0);
});

test('gatewayInterfaces: default routes by a gateway alone', () => {
  const table = [
    'Iface\tDestination\tGateway',
    'eth0\t00000000\t0100000A',
    'eth1\t00000000\t00000000',
    'eth2\t0000000A\t0100000A',
  ].join('\n');
  assert.deepEqual(gatewayInterfaces(table), ['eth0']);
});
