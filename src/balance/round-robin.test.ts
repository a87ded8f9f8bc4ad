import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NONE_TRIED } from './balancer.ts';
import { serversOf, testConformance, USUAL } from './conformance.ts';
import { RoundRobin } from './round-robin.ts';
import type { Balancer } from './balancer.ts';

testConformance('round-robin', (servers, seed) => new RoundRobin(servers, seed), {
  ...USUAL,
  isForLarge: false,
});

/** The next picks as letters. */
function sequence(balancer: Balancer, count: number): string {
  const picks = Array.from({ length: count }, () => balancer.pick(NONE_TRIED, 0, 0, 0));
  return picks.map((index) => (index < 0 ? '-' : 'abcdefgh'[index])).join('');
}

describe('round-robin', () => {
  it('is smooth: 5, 1, 1 gives a a b a c a a, again and again', () => {
    assert.equal(sequence(new RoundRobin(serversOf([5, 1, 1])), 21), 'aabacaa'.repeat(3));
  });

  it('goes round in order for equal weights, from its start', () => {
    assert.equal(sequence(new RoundRobin(serversOf([2, 2, 2])), 6), 'abcabc');
    assert.equal(sequence(new RoundRobin(serversOf([2, 2, 2]), 1), 6), 'bcabca');
    assert.equal(sequence(new RoundRobin(serversOf([1, 1, 1]), 3_000_000_002), 4), 'cabc');
  });

  it('forgets what was owed by a weight that has fallen from 100 to 1', () => {
    const servers = serversOf([100, 100, 1]);
    const balancer: Balancer = new RoundRobin(servers);
    balancer.pick(NONE_TRIED, 0, 0, 0);
    for (const server of servers) server.weight = 1;
    balancer.changed();
    const picks = sequence(balancer, 30);
    for (const name of 'abc') {
      const count = picks.split(name).length - 1;
      assert.ok(count >= 6 && count <= 14, picks);
    }
  });

  it('does not move the others when one server is skipped for a retry', () => {
    const balancer: Balancer = new RoundRobin(serversOf([1, 1, 1, 1]));
    assert.equal(sequence(balancer, 1), 'a');
    assert.equal(balancer.pick(Int32Array.of(1), 1, 0, 0), 2);
    assert.deepEqual([...sequence(balancer, 4)].toSorted().join(''), 'abcd');
  });
});
