import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import type { Plan } from '../config/plan.ts';
import { ALL_WELL } from './facts-testkit.ts';
import { ownersNow, type PoolMap } from './pool-map.ts';
import { kernelRules } from './ruleset.ts';

function planOf(servers: string, kernel = '', bind = '"10.0.0.1:80"'): Plan {
  const yaml = `
listeners:
  l: { bind: [${bind}], protocol: tcp, mode: kernel, pool: p ${kernel} }
pools:
  p: { servers: [${servers}] }
`;
  const loaded = loadConfig(yaml, '/etc/ballast.yaml', { readFile: () => null, cores: 1 });
  assert.ok(loaded.plan !== null, JSON.stringify(loaded));
  return loaded.plan;
}

/** The elements of a set or map of the text. */
function elementsOf(text: string, name: string): string[] {
  const at = text.indexOf(`${name} {`);
  assert.ok(at >= 0, `${name} is not there`);
  return /^[^{}]*\{[^{}]*elements = \{ ([^}]*) \}/.exec(text.slice(at))?.[1]?.split(', ') ?? [];
}

const THREE = '"10.1.0.1:80", "10.1.0.2:80", "10.1.0.3:80"';

const counts = (owners: Int32Array): number[] => {
  const out = [0, 0, 0];
  for (const owner of owners) if (owner >= 0) out[owner]!++;
  return out;
};

test('a weight by command takes slots away, or gives more than the others have', () => {
  const [map] = kernelRules(planOf(THREE), ALL_WELL).maps.values();
  const by = (weights: Record<string, number>) =>
    counts(ownersNow(map!, { ...ALL_WELL, weightOf: (key) => weights[key.slice(2)] ?? null }));
  const even = by({});
  assert.deepEqual(by({ '10.1.0.1:80': 1 }), even);
  const twice = by({ '10.1.0.1:80': 2 });
  assert.ok(Math.abs(twice[0]! / 1_021 - 0.5) < 0.06, twice.join(' '));
  const half = by({ '10.1.0.2:80': 2, '10.1.0.3:80': 2 });
  assert.ok(Math.abs(half[0]! / 1_021 - 0.2) < 0.06, half.join(' '));
});

test('servers of weight 0 in the file take nothing, and backups serve in their place', () => {
  const servers = '{ address: "10.1.0.1:80", weight: 0 }, { address: "10.1.0.2:80", backup: true }';
  const [map] = kernelRules(planOf(servers), ALL_WELL).maps.values();
  assert.deepEqual(counts(ownersNow(map!, ALL_WELL)), [0, 1_021, 0]);
});

test('after a change of servers the middle of connections goes by what was in force before', () => {
  const eleven = Array.from({ length: 11 }, (_, i) => `"10.1.0.${i + 1}:80"`).join(', ');
  const before = kernelRules(planOf(eleven), ALL_WELL);
  const [[name, map]] = [...before.maps] as [[string, PoolMap]];
  const isDown = (key: string): boolean => key === 'p/10.1.0.2:80';
  const owners = ownersNow(map, { ...ALL_WELL, isUsable: (key) => !isDown(key) });
  const facts = { ...ALL_WELL, previous: new Map([[name, { map, owners }]]) };
  const { text } = kernelRules(planOf(THREE), facts);
  // Tables of both sizes: 10,007 slots for eleven servers, 1,021 for three.
  assert.match(text, /syn \| ack\) != syn .* mod 10007 .*_prev/);
  assert.match(text, /dport 80 meta priority set jhash ip saddr \. tcp sport mod 1021/);
  const targets = elementsOf(text, `${name}_prev`).map((one) => one.split(' : ')[1]);
  assert.ok(targets.includes('10.1.0.9 . 80') && !targets.includes('10.1.0.2 . 80'));
  // Those that have left are known still: what they say first finds its way.
  assert.ok(elementsOf(text, 'r_ipv4_tcp').includes('10.1.0.9 . 80 : 10.0.0.1 . 80'));
});

test('one-armed: a server that has left is spoken to from the inside address still', () => {
  const kernel = ', kernel: { form: one-armed, inside: [10.1.0.100] }';
  const before = kernelRules(planOf(THREE, kernel), ALL_WELL);
  const [[name, map]] = [...before.maps] as [[string, PoolMap]];
  const owners = before.owners.get(name)!;
  const facts = { ...ALL_WELL, previous: new Map([[name, { map, owners }]]) };
  const { text } = kernelRules(planOf('"10.1.0.1:80"', kernel), facts);
  assert.deepEqual(elementsOf(text, `s_${name}`), [
    '10.1.0.1 . 80',
    '10.1.0.2 . 80',
    '10.1.0.3 . 80',
  ]);
});

test('routed: what a server of several listeners says first waits for the client', () => {
  const one = kernelRules(planOf(THREE), ALL_WELL).text;
  assert.equal(elementsOf(one, 'r_ipv4_tcp').length, 3);
  assert.doesNotMatch(one, /w_ipv4_tcp/);
  const two = kernelRules(planOf(THREE, '', '"10.0.0.1:80", "10.0.0.2:80"'), ALL_WELL).text;
  assert.deepEqual(elementsOf(two, 'r_ipv4_tcp'), []);
  assert.equal(elementsOf(two, 'w_ipv4_tcp').length, 3);
  assert.match(two, /@w_ipv4_tcp tcp flags & \(syn \| rst\) == 0 ct state new,invalid drop/);
});

test('while the program ends nothing new is taken', () => {
  const facts = { ...ALL_WELL, isClosing: true };
  const [owners] = kernelRules(planOf(THREE), facts).owners.values();
  assert.ok(owners!.every((owner) => owner === -1));
  const stateless = kernelRules(planOf(THREE, ', kernel: { form: stateless }'), facts);
  assert.ok([...stateless.owners.values()][0]!.every((owner) => owner >= 0));
  assert.match(stateless.text, /dport 80 tcp flags & \(syn \| ack\) != syn meta priority set/);
});
