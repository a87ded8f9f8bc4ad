import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PoolLoad } from './balancer.ts';
import { serversOf, testConformance } from './conformance.ts';
import { createBalancer } from './create.ts';
import { LargeRoundRobin } from './large-round-robin.ts';
import { RandomOfTwo } from './random-of-two.ts';
import { RoundRobin } from './round-robin.ts';
import type { Balancer } from './balancer.ts';
import type { BalanceOptions } from './create.ts';

function options(kind: BalanceOptions['kind']): BalanceOptions {
  return { kind, boundedLoadPercent: 0 };
}

testConformance(
  'createBalancer',
  (servers, seed) => createBalancer(options('round-robin'), servers, new PoolLoad(), seed),
  true,
);

describe('createBalancer', () => {
  it('makes the algorithm of the name, and for round-robin the one of the size', () => {
    const of = (kind: BalanceOptions['kind'], count: number): Balancer => {
      const servers = serversOf(Array.from({ length: count }, () => 1));
      return createBalancer(options(kind), servers, new PoolLoad(), 0);
    };
    assert.ok(of('round-robin', 16) instanceof RoundRobin);
    assert.ok(of('round-robin', 17) instanceof LargeRoundRobin);
    assert.ok(of('random-of-two', 2) instanceof RandomOfTwo);
  });
});
