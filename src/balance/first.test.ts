import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NONE_TRIED } from './balancer.ts';
import { countPicks, serversOf, testConformance } from './conformance.ts';
import { First } from './first.ts';
import type { Balancer } from './balancer.ts';

testConformance('first', (servers) => new First(servers), {
  isForLarge: true,
  isSpreading: false,
  differsBySeed: false,
});

describe('first', () => {
  it('fills one server before it takes the next, and goes back when there is room', () => {
    const servers = serversOf([1, 0, 5, 1]);
    const balancer: Balancer = new First(servers);
    assert.deepEqual(countPicks(balancer, 4, 10), [10, 0, 0, 0]);
    servers[0]!.isFull = true;
    assert.deepEqual(countPicks(balancer, 4, 10), [0, 0, 10, 0]);
    servers[2]!.isFull = true;
    assert.deepEqual(countPicks(balancer, 4, 10), [0, 0, 0, 10]);
    servers[0]!.isFull = false;
    assert.equal(balancer.pick(NONE_TRIED, 0, 0, 0), 0);
    servers[0]!.isUsable = false;
    servers[2]!.isFull = false;
    balancer.changed();
    assert.equal(balancer.pick(NONE_TRIED, 0, 0, 0), 2);
  });

  it('keeps to the order of the servers, whatever their weights', () => {
    const servers = serversOf([1, 256, 3]);
    const balancer: Balancer = new First(servers);
    assert.equal(balancer.pick(Int32Array.of(0), 1, 0, 0), 1);
    servers[1]!.weight = 0;
    balancer.changed();
    assert.equal(balancer.pick(Int32Array.of(0), 1, 0, 0), 2);
  });
});
