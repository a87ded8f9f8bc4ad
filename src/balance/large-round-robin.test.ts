import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NONE_TRIED } from './balancer.ts';
import { countPicks, serversOf, testConformance } from './conformance.ts';
import { LargeRoundRobin } from './large-round-robin.ts';

testConformance('round-robin of large pools', (s, seed) => new LargeRoundRobin(s, seed), true);

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

describe('round-robin of large pools', () => {
  it('goes round in order for equal weights, from its start', () => {
    const balancer = new LargeRoundRobin(serversOf(ones(100)), 40);
    for (let i = 0; i < 1000; i++) {
      assert.equal(balancer.pick(NONE_TRIED, 0), (40 + i) % 100);
    }
  });

  it('is smooth: never picks a server twice running that has half of the weight', () => {
    const weights = [50, ...ones(50)];
    const balancer = new LargeRoundRobin(serversOf(weights));
    let run = 0;
    for (let i = 0; i < 1000; i++) {
      run = balancer.pick(NONE_TRIED, 0) === 0 ? run + 1 : 0;
      assert.ok(run <= 2);
    }
  });

  it('does not repay the turns that a server missed while nearly all servers were full', () => {
    const servers = serversOf(ones(100));
    const balancer = new LargeRoundRobin(servers);
    for (const server of servers) server.isFull = server.index !== 50;
    countPicks(balancer, 100, 10_000);
    for (const server of servers) server.isFull = false;
    const picks = countPicks(balancer, 100, 1000);
    for (const n of picks) assert.ok(n >= 8 && n <= 12, `${n} picks instead of about 10`);
  });
});
