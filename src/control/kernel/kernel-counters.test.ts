import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../config/load.ts';
import { ALL_WELL } from '../../kernel/facts-testkit.ts';
import { kernelRules } from '../../kernel/ruleset.ts';
import { countersOf } from './kernel-counters.ts';

const YAML = `
listeners:
  a: { bind: "10.0.0.1:80", protocol: tcp, mode: kernel, pool: p }
  b: { bind: "10.0.0.2:80", protocol: tcp, mode: kernel, pool: p, kernel: { hash: source } }
  c: { bind: "10.0.0.1:80", protocol: udp, mode: kernel, pool: p }
pools:
  p: { servers: [{ address: "10.1.0.1:80", name: one }, { address: "10.1.0.2:80", name: two }] }
`;

const element = (host: string, packets: number) => ({
  elem: { val: { concat: [host, 80] }, counter: { packets, bytes: packets * 100 } },
});

test('countersOf: what several maps count is counted once, protocols are added up', () => {
  const loaded = loadConfig(YAML, '/etc/ballast.yaml', { readFile: () => null, cores: 1 });
  const { maps } = kernelRules(loaded.plan!, ALL_WELL);
  assert.equal(maps.size, 3);
  const sets = [...maps.values()].map(({ name, protocol }) => ({
    set: {
      table: 'ballast',
      name: `s_${name}`,
      elem: [element('10.1.0.1', protocol === 'tcp' ? 5 : 2)],
    },
  }));
  const [{ set }] = sets as [(typeof sets)[number]];
  const foreign = { set: { ...set, table: 'other', elem: [element('10.1.0.1', 1_000)] } };
  const said = JSON.stringify({ nftables: [{ metainfo: {} }, foreign, ...sets] });
  assert.deepEqual(countersOf(said, maps), [
    { pool: 'p', server: 'one', packets: 7, bytes: 700 },
    { pool: 'p', server: 'two', packets: 0, bytes: 0 },
  ]);
});
