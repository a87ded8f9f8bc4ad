import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NONE_TRIED } from './balancer.ts';
import { serversOf, testConformance, USUAL } from './conformance.ts';
import { LeastTime, noteLatency } from './least-time.ts';
import type { Balancer } from './balancer.ts';

testConformance('least-time', (servers, seed) => new LeastTime(servers, seed), USUAL);

function picksAt(balancer: Balancer, nowMs: number, servers: number): number[] {
  const picks = Array.from({ length: servers }, () => 0);
  for (let i = 0; i < 600; i++) picks[balancer.pick(NONE_TRIED, 0, 0, nowMs)]!++;
  return picks;
}

describe('least-time', () => {
  it('picks the server that answers sooner', () => {
    const servers = serversOf([1, 1]);
    const balancer = new LeastTime(servers, 1);
    noteLatency(servers[0]!, 2_000, 100);
    noteLatency(servers[1]!, 1_000, 100);
    assert.deepEqual(picksAt(balancer, 100, 2), [0, 600]);
  });

  it('weighs the time by the requests that are under way, and by the weight', () => {
    const servers = serversOf([1, 1]);
    const balancer = new LeastTime(servers, 1);
    noteLatency(servers[0]!, 3_000, 100);
    noteLatency(servers[1]!, 1_000, 100);
    servers[1]!.live = 3;
    assert.deepEqual(picksAt(balancer, 100, 2), [600, 0]);
    servers[1]!.weight = 4;
    balancer.changed();
    assert.deepEqual(picksAt(balancer, 100, 2), [0, 600]);
  });

  it('never picks the slowest of three', () => {
    const servers = serversOf([1, 1, 1]);
    const balancer = new LeastTime(servers, 1);
    [1_000, 50_000, 1_000].forEach((us, i) => noteLatency(servers[i]!, us, 100));
    const picks = picksAt(balancer, 100, 3);
    assert.equal(picks[1], 0);
    assert.ok(picks[0]! > 200 && picks[2]! > 200, picks.join(' '));
  });

  it('counts a longer time at once, a shorter one by the time that has passed', () => {
    const [server] = serversOf([1]);
    noteLatency(server!, 1_000, 0);
    noteLatency(server!, 9_000, 1);
    assert.equal(server!.latencyUs, 9_000);
    noteLatency(server!, 1_000, 2);
    assert.ok(server!.latencyUs > 8_990 && server!.latencyUs < 9_000);
    noteLatency(server!, 1_000, 10_002);
    assert.ok(Math.abs(server!.latencyUs - 1_000 - 8_000 / Math.E) < 10, `${server!.latencyUs}`);
    for (let ms = 10_100; ms < 110_000; ms += 100) noteLatency(server!, 1_000, ms);
    assert.ok(server!.latencyUs < 1_001);
  });

  it('tries a server with a bad past again', () => {
    const servers = serversOf([1, 1]);
    const balancer = new LeastTime(servers, 1);
    noteLatency(servers[0]!, 5_000_000, 0);
    let triedAtMs = -1;
    for (let ms = 0; ms < 300_000 && triedAtMs < 0; ms += 100) {
      const index = balancer.pick(NONE_TRIED, 0, 0, ms);
      if (index === 0) triedAtMs = ms;
      else noteLatency(servers[1]!, 1_000, ms);
    }
    assert.ok(triedAtMs > 30_000 && triedAtMs < 120_000, `tried after ${triedAtMs} ms`);
  });

  it('does not rush to a server of which nothing is known', () => {
    const servers = serversOf([1, 1, 1]);
    const balancer = new LeastTime(servers, 1);
    noteLatency(servers[0]!, 1_000, 0);
    noteLatency(servers[1]!, 1_000, 0);
    for (let i = 0; i < 300; i++) servers[balancer.pick(NONE_TRIED, 0, 0, 0)]!.live++;
    for (const { live } of servers) assert.ok(live >= 90 && live <= 110, `${live} of 300`);
  });

  it('takes a time of 0 for a very short one, not for none', () => {
    const servers = serversOf([1, 1]);
    noteLatency(servers[0]!, 0, 0);
    noteLatency(servers[1]!, 1_000, 0);
    assert.deepEqual(picksAt(new LeastTime(servers, 3), 0, 2), [600, 0]);
  });
});
