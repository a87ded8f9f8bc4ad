import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serversOf, testConformance } from './conformance.ts';
import { createBalancer } from './create.ts';
import { LargeRoundRobin } from './large-round-robin.ts';
import { RandomOfTwo } from './random-of-two.ts';
import { RoundRobin } from './round-robin.ts';

testConformance('createBalancer', (s, seed) => createBalancer('round-robin', s, seed), true);

describe('createBalancer', () => {
  it('makes the algorithm of the name, and for round-robin the one of the size', () => {
    const of = (count: number) => serversOf(Array.from({ length: count }, () => 1));
    assert.ok(createBalancer('round-robin', of(16), 0) instanceof RoundRobin);
    assert.ok(createBalancer('round-robin', of(17), 0) instanceof LargeRoundRobin);
    assert.ok(createBalancer('random-of-two', of(2), 0) instanceof RandomOfTwo);
  });
});
