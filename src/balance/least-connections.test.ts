import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NONE_TRIED } from './balancer.ts';
import { serversOf, testConformance, USUAL } from './conformance.ts';
import { LeastConnections } from './least-connections.ts';
import { Xorshift } from './xorshift.ts';
import type { Balancer, ServerState } from './balancer.ts';

testConformance('least-connections', (servers, seed) => new LeastConnections(servers, seed), USUAL);

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

function setLive(balancer: Balancer, server: ServerState, live: number): void {
  server.live = live;
  if (balancer.tracksLive) balancer.liveChanged(server.index);
}

/** Takes a place as the data plane does. */
function take(balancer: Balancer, servers: readonly ServerState[]): number {
  const index = balancer.pick(NONE_TRIED, 0, 0, 0);
  setLive(balancer, servers[index]!, servers[index]!.live + 1);
  return index;
}

describe('least-connections', () => {
  it('asks to be told of live requests in large pools only', () => {
    assert.equal(new LeastConnections(serversOf(ones(16))).tracksLive, false);
    assert.equal(new LeastConnections(serversOf(ones(17))).tracksLive, true);
  });

  it('picks the server with the fewest live requests per weight', () => {
    for (const padding of [0, 40]) {
      const servers = serversOf([1, 4, 2, ...ones(padding)]);
      const balancer: Balancer = new LeastConnections(servers);
      for (const server of servers) setLive(balancer, server, 100);
      for (const [lives, expected] of [
        [[2, 7, 4], 1],
        [[1, 8, 4], 0],
        [[2, 8, 3], 2],
      ] as const) {
        lives.forEach((live, i) => setLive(balancer, servers[i]!, live));
        for (let i = 0; i < 5; i++) assert.equal(balancer.pick(NONE_TRIED, 0, 0, 0), expected);
      }
    }
  });

  it('shares what stays out by the weights', () => {
    for (const weights of [
      [3, 2, 1],
      [3, 2, ...ones(35)],
    ]) {
      const servers = serversOf(weights);
      const balancer = new LeastConnections(servers);
      for (let i = 0; i < 40 * 100; i++) take(balancer, servers);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      servers.forEach(({ live }, i) => {
        const expected = (4000 * weights[i]!) / total;
        assert.ok(Math.abs(live - expected) <= 2, `${live} instead of ${expected}`);
      });
    }
  });

  it('keeps its order through any sequence of requests, as a look at all servers shows', () => {
    const random = new Xorshift(5);
    const servers = serversOf(Array.from({ length: 50 }, (_, i) => 1 + (i % 5)));
    const balancer: Balancer = new LeastConnections(servers);
    for (let i = 0; i < 20_000; i++) {
      const server = servers[random.below(50)]!;
      if (random.below(2) === 0 && server.live > 0) setLive(balancer, server, server.live - 1);
      server.isFull = random.below(10) === 0;
      const open = servers.filter(({ isFull }) => !isFull);
      const least = Math.min(...open.map(({ live, weight }) => live / weight));
      const index = take(balancer, servers);
      const { live, weight, isFull } = servers[index]!;
      assert.equal((live - 1) / weight, least);
      assert.equal(isFull, false);
    }
  });

  it('finds an order among more full servers than it passes one by one', () => {
    const servers = serversOf(ones(200));
    const balancer: Balancer = new LeastConnections(servers);
    for (const server of servers) {
      setLive(balancer, server, server.index < 150 ? 0 : 5);
      server.isFull = server.index < 150;
    }
    setLive(balancer, servers[170]!, 4);
    assert.equal(balancer.pick(NONE_TRIED, 0, 0, 0), 170);
  });

  it('follows a weight that changes while requests are under way', () => {
    const servers = serversOf(ones(20));
    const balancer: Balancer = new LeastConnections(servers);
    for (const server of servers) setLive(balancer, server, 6);
    servers[7]!.weight = 3;
    balancer.changed();
    for (let i = 0; i < 12; i++) assert.equal(take(balancer, servers), 7);
    assert.notEqual(new Set([take(balancer, servers), take(balancer, servers)]).size, 1);
  });
});
