import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NONE_TRIED } from './balancer.ts';
import { countPicks, serversOf, testConformance, USUAL } from './conformance.ts';
import { LargeRoundRobin } from './large-round-robin.ts';
import type { Balancer } from './balancer.ts';

testConformance('round-robin of large pools', (s, seed) => new LargeRoundRobin(s, seed), USUAL);

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

describe('round-robin of large pools', () => {
  it('goes round in order for equal weights, from its start', () => {
    const balancer: Balancer = new LargeRoundRobin(serversOf(ones(100)), 40);
    for (let i = 0; i < 1000; i++) {
      assert.equal(balancer.pick(NONE_TRIED, 0, 0, 0), (40 + i) % 100);
    }
  });

  it('is smooth: never picks a server twice running that has half of the weight', () => {
    const weights = [50, ...ones(50)];
    const balancer: Balancer = new LargeRoundRobin(serversOf(weights));
    let run = 0;
    for (let i = 0; i < 1000; i++) {
      run = balancer.pick(NONE_TRIED, 0, 0, 0) === 0 ? run + 1 : 0;
      assert.ok(run <= 2);
    }
  });

  it('gives a raised weight its turns at once', () => {
    const servers = serversOf(ones(100));
    const balancer: Balancer = new LargeRoundRobin(servers);
    assert.equal(balancer.pick(NONE_TRIED, 0, 0, 0), 0);
    servers[0]!.weight = 100;
    balancer.changed();
    const picks = countPicks(balancer, 100, 50);
    assert.ok(picks[0]! >= 20 && picks[0]! <= 30, `${picks[0]} of 50 picks`);
  });

  it('mixes servers that come back together with those that stayed', () => {
    const servers = serversOf(ones(100));
    const balancer: Balancer = new LargeRoundRobin(servers);
    for (const server of servers) server.isUsable = server.index % 2 === 0;
    balancer.changed();
    countPicks(balancer, 100, 10_000);
    for (const server of servers) server.isUsable = true;
    balancer.changed();
    const picks = countPicks(balancer, 100, 40);
    const back = picks.filter((_, i) => i % 2 === 1).reduce((sum, n) => sum + n, 0);
    assert.ok(back >= 10 && back <= 30, `${back} of 40 picks`);
  });

  it('does not repay the turns that a server missed while nearly all servers were full', () => {
    const servers = serversOf(ones(100));
    const balancer: Balancer = new LargeRoundRobin(servers);
    for (const server of servers) server.isFull = server.index !== 50;
    countPicks(balancer, 100, 10_000);
    for (const server of servers) server.isFull = false;
    const picks = countPicks(balancer, 100, 1000);
    for (const n of picks) assert.ok(n >= 8 && n <= 12, `${n} picks instead of about 10`);
  });
});
