import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NONE_TRIED, ServerState } from './balancer.ts';
import { Xorshift } from './xorshift.ts';
import type { Balancer } from './balancer.ts';

/** Makes the balancer under test. */
export type MakeBalancer = (servers: readonly ServerState[], seed: number) => Balancer;

/** Share of a server in the picks may be off by this part of itself. */
const SPREAD = 0.05;

/** What may be asked of an algorithm beyond what all of them do. */
export type Traits = {
  /** Whether it is meant for pools of thousands of servers too. */
  readonly isForLarge: boolean;
  /** Whether it spreads requests by the weights; what does not fills one server before the next. */
  readonly isSpreading: boolean;
  /** Whether workers begin at different servers; what hashes must not. */
  readonly differsBySeed: boolean;
};

/** Of most algorithms. */
export const USUAL: Traits = { isForLarge: true, isSpreading: true, differsBySeed: true };

/** Servers with the given weights, all usable. */
export function serversOf(weights: readonly number[]): ServerState[] {
  return weights.map((weight, index) => new ServerState(index, weight));
}

/** Picks per server of `count` picks with random keys, none of which may be -1. */
export function countPicks(balancer: Balancer, servers: number, count: number): number[] {
  const picks = Array.from({ length: servers }, () => 0);
  const keys = new Xorshift(count);
  for (let i = 0; i < count; i++) {
    const index = balancer.pick(NONE_TRIED, 0, keys.next(), 0);
    assert.ok(index >= 0 && index < servers, `pick ${i} gave ${index}`);
    picks[index]!++;
  }
  return picks;
}

/** Fails unless each server has its share of the picks by the weights, within 5 %. */
export function assertSpread(picks: readonly number[], weights: readonly number[]): void {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const count = picks.reduce((sum, n) => sum + n, 0);
  picks.forEach((n, i) => {
    const expected = (count * weights[i]!) / total;
    const isClose = Math.abs(n - expected) <= expected * SPREAD;
    assert.ok(isClose, `server ${i} got ${n} of ${expected.toFixed(0)} picks`);
  });
}

/** What every balancing algorithm must do. Called by the test file of each of them. */
export function testConformance(name: string, make: MakeBalancer, traits: Traits): void {
  describe(`${name}, common suite`, () => {
    testExclusion(make);
    testReturns(make);
    if (traits.differsBySeed) testSeeds(make);
    if (traits.isSpreading) {
      testSpread(make);
      testChanges(make);
      testComingBack(make);
    }
    if (traits.isForLarge) testLarge(make, traits);
  });
}

function testSpread(make: MakeBalancer): void {
  for (const weights of [
    [1, 1, 1],
    [5, 1, 1],
    [256, 1],
    [3, 0, 2],
    [7, 5, 3, 2, 2, 1],
  ]) {
    it(`spreads by the weights ${weights.join(', ')}`, () => {
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const balancer = make(serversOf(weights), 3);
      assertSpread(countPicks(balancer, weights.length, total * 4000), weights);
    });
  }

  it('gives the share of a full server to the others by their weights', () => {
    const weights = [4, 4, 2, 1, 1];
    const servers = serversOf(weights);
    servers[0]!.isFull = true;
    const picks = countPicks(make(servers, 0), weights.length, 40_000);
    assertSpread(picks.slice(1), weights.slice(1));
    assert.equal(picks[0], 0);
  });

  it('gives a server that was full its weight and no more once it is not', () => {
    for (const count of [6, 60]) {
      const servers = serversOf(Array.from({ length: count }, () => 1));
      const balancer = make(servers, 0);
      servers[0]!.isFull = true;
      countPicks(balancer, count, 50_000);
      servers[0]!.isFull = false;
      const picks = countPicks(balancer, count, count * 40);
      assert.ok(picks[0]! > 15 && picks[0]! < 70, `${picks[0]} picks instead of about 40`);
    }
  });
}

function testSeeds(make: MakeBalancer): void {
  it('lets workers with neighbouring seeds begin at different servers', () => {
    const firsts = [0, 1, 2, 3, 4, 5, 6, 7].map((seed) => {
      return make(serversOf(Array.from({ length: 64 }, () => 1)), seed).pick(NONE_TRIED, 0, 0, 0);
    });
    assert.ok(new Set(firsts).size >= 6, firsts.join(' '));
  });
}

function testExclusion(make: MakeBalancer): void {
  it('never picks a server that is down, full, tried or of weight 0, and always another', () => {
    for (const count of [1, 2, 3, 8, 60]) {
      for (let round = 0; round < 64; round++) {
        const servers = serversOf(Array.from({ length: count }, (_, i) => (i * 3 + round) % 4));
        const balancer = make(servers, round);
        servers.forEach((server, i) => (server.isUsable = (i + round) % 3 !== 0));
        balancer.changed();
        servers.forEach((server, i) => (server.isFull = (i * 5 + round) % 4 === 0));
        const tried = Int32Array.from([round % count, (round * 7) % count, 0]);
        const triedCount = round % 4 === 0 ? 0 : 2;
        const allowed = servers.filter(
          (server) =>
            server.isUsable &&
            !server.isFull &&
            server.weight > 0 &&
            !tried.subarray(0, triedCount).includes(server.index),
        );
        const indices = new Set(allowed.map((server) => server.index));
        for (let i = 0; i < 50; i++) {
          const index = balancer.pick(tried, triedCount, i * 0x5000001, 0);
          assert.equal(indices.has(index), index !== -1, `picked ${index}`);
          assert.equal(index === -1, indices.size === 0);
        }
      }
    }
  });

  it('tries each server once where a request goes through all of them', () => {
    for (const count of [5, 50]) {
      const balancer = make(serversOf(Array.from({ length: count }, (_, i) => 1 + (i % 7))), 2);
      const tried = new Int32Array(count);
      for (let n = 0; n < count; n++) tried[n] = balancer.pick(tried, n, 77, 0);
      assert.deepEqual(
        [...tried].toSorted((a, b) => a - b),
        [...tried.keys()],
      );
      assert.equal(balancer.pick(tried, count, 0, 0), -1);
    }
  });

  it('returns -1 for no servers', () => {
    assert.equal(make([], 1).pick(NONE_TRIED, 0, 0, 0), -1);
  });

  it('picks the only server each time', () => {
    assert.deepEqual(countPicks(make(serversOf([3]), 9), 1, 100), [100]);
  });
}

function testChanges(make: MakeBalancer): void {
  it('follows changed weights', () => {
    for (const count of [4, 64]) {
      const servers = serversOf(Array.from({ length: count }, () => 1));
      const balancer = make(servers, 0);
      countPicks(balancer, count, 1001);
      const weights = servers.map((_, i) => (i < count / 2 ? 0 : 1 + (i % 2) * 4));
      servers.forEach((server, i) => (server.weight = weights[i]!));
      balancer.changed();
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      assertSpread(countPicks(balancer, count, total * 8000), weights);
    }
  });

  it('follows weights that have fallen or risen by far at once', () => {
    for (const count of [3, 64]) {
      for (const [before, after] of [
        [100, 1],
        [1, 100],
      ] as const) {
        const servers = serversOf(Array.from({ length: count }, (_, i) => (i < 2 ? before : 1)));
        const balancer = make(servers, 0);
        balancer.pick(NONE_TRIED, 0, 0, 0);
        servers[0]!.weight = after;
        servers[1]!.weight = after;
        balancer.changed();
        const picks = countPicks(balancer, count, 40 * (count + 2 * after - 2));
        const low = Math.min(picks[0]!, picks[1]!);
        const high = Math.max(picks[0]!, picks[1]!);
        assert.ok(low > 20 * after && high < 60 * after, `${picks[0]} and ${picks[1]} picks`);
      }
    }
  });
}

function testReturns(make: MakeBalancer): void {
  it('returns -1 while all servers are down, and goes on when one is back', () => {
    const servers = serversOf([2, 1]);
    const balancer = make(servers, 0);
    for (const server of servers) server.isUsable = false;
    balancer.changed();
    assert.equal(balancer.pick(NONE_TRIED, 0, 0, 0), -1);
    servers[1]!.isUsable = true;
    balancer.changed();
    assert.equal(balancer.pick(NONE_TRIED, 0, 0, 0), 1);
  });
}

function testComingBack(make: MakeBalancer): void {
  it('takes a server back without a burst', () => {
    for (const count of [4, 64]) {
      const servers = serversOf(Array.from({ length: count }, () => 1));
      const balancer = make(servers, 0);
      servers[1]!.isUsable = false;
      balancer.changed();
      assert.equal(countPicks(balancer, count, 100_000)[1], 0);
      servers[1]!.isUsable = true;
      balancer.changed();
      const picks = countPicks(balancer, count, count * 40)[1]!;
      assert.ok(picks > 15 && picks < 70, `${picks} picks instead of about 40`);
    }
  });

  it('is not disturbed by changes that change nothing', () => {
    for (const count of [5, 50]) {
      const weights = Array.from({ length: count }, (_, i) => 1 + (i % 3));
      const balancer = make(serversOf(weights), 0);
      const picks = Array.from({ length: count }, () => 0);
      const keys = new Xorshift(7);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (let i = 0; i < total * 8000; i++) {
        if (i % 3 === 0) balancer.changed();
        picks[balancer.pick(NONE_TRIED, 0, keys.next(), 0)]!++;
      }
      assertSpread(picks, weights);
    }
  });
}

function testLarge(make: MakeBalancer, { isSpreading }: Traits): void {
  if (isSpreading) {
    it('spreads over 10,000 servers of weights 1 to 4', () => {
      const weights = Array.from({ length: 10_000 }, (_, i) => 1 + (i % 4));
      const picks = countPicks(make(serversOf(weights), 1), weights.length, 2_500_000);
      const byWeight = [0, 0, 0, 0];
      picks.forEach((n, i) => (byWeight[i % 4]! += n));
      assertSpread(byWeight, [1, 2, 3, 4]);
      assert.ok(Math.min(...picks) > 0);
    });
  }

  it('finds the one server among 10,000 that is not full', () => {
    const servers = serversOf(Array.from({ length: 10_000 }, () => 1));
    const balancer = make(servers, 5);
    for (const server of servers) server.isFull = server.index !== 7777;
    for (let i = 0; i < 20; i++) assert.equal(balancer.pick(NONE_TRIED, 0, i, 0), 7777);
    servers[7777]!.isFull = true;
    assert.equal(balancer.pick(NONE_TRIED, 0, 0, 0), -1);
  });
}
