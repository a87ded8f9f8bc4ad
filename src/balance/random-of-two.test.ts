import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NONE_TRIED } from './balancer.ts';
import { serversOf, testConformance, USUAL } from './conformance.ts';
import { RandomOfTwo } from './random-of-two.ts';
import { Xorshift } from './xorshift.ts';
import type { Balancer } from './balancer.ts';

testConformance('random-of-two', (servers, seed) => new RandomOfTwo(servers, seed), USUAL);

describe('random-of-two', () => {
  it('takes the less loaded of two servers, by live requests per weight', () => {
    const servers = serversOf([1, 4]);
    const balancer: Balancer = new RandomOfTwo(servers, 1);
    servers[0]!.live = 2;
    servers[1]!.live = 7;
    for (let i = 0; i < 100; i++) assert.equal(balancer.pick(NONE_TRIED, 0, 0, 0), 1);
    servers[1]!.live = 9;
    for (let i = 0; i < 100; i++) assert.equal(balancer.pick(NONE_TRIED, 0, 0, 0), 0);
  });

  it('never takes the most loaded of three servers', () => {
    const servers = serversOf([1, 1, 1]);
    const balancer: Balancer = new RandomOfTwo(servers, 7);
    servers[2]!.live = 1;
    const picks = [0, 0, 0];
    for (let i = 0; i < 3000; i++) picks[balancer.pick(NONE_TRIED, 0, 0, 0)]!++;
    assert.equal(picks[2], 0);
    assert.ok(Math.abs(picks[0]! - picks[1]!) < 300, picks.join(' '));
  });

  it('keeps the longest of 100 servers within a few of the mean, as one draw would not', () => {
    const servers = serversOf(Array.from({ length: 100 }, () => 1));
    const balancer: Balancer = new RandomOfTwo(servers, 3);
    for (let i = 0; i < 10_000; i++) servers[balancer.pick(NONE_TRIED, 0, 0, 0)]!.live++;
    const most = Math.max(...servers.map((server) => server.live));
    assert.ok(most <= 105, `${most} instead of 100`);
  });

  it('depends on its seed alone', () => {
    const picksOf = (seed: number): number[] => {
      const balancer: Balancer = new RandomOfTwo(serversOf([1, 2, 3]), seed);
      return Array.from({ length: 50 }, () => balancer.pick(NONE_TRIED, 0, 0, 0));
    };
    assert.deepEqual(picksOf(11), picksOf(11));
    assert.notDeepEqual(picksOf(11), picksOf(12));
  });
});

describe('xorshift', () => {
  it('spreads over ten values within 5 %, for any seed, 0 included', () => {
    for (const seed of [0, 1, -1, 0x9e3779b9, 2 ** 40 + 0.5]) {
      const random = new Xorshift(seed);
      const counts = Array.from({ length: 10 }, () => 0);
      for (let i = 0; i < 100_000; i++) counts[random.below(10)]!++;
      for (const n of counts) assert.ok(Math.abs(n - 10_000) < 500, `${n} for seed ${seed}`);
    }
  });
});
