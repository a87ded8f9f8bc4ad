import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PoolLoad } from './balancer.ts';
import { serversOf, testConformance, USUAL } from './conformance.ts';
import { createBalancer } from './create.ts';
import { First } from './first.ts';
import { LargeRoundRobin } from './large-round-robin.ts';
import { LeastConnections } from './least-connections.ts';
import { LeastTime } from './least-time.ts';
import { Maglev } from './maglev.ts';
import { RandomOfTwo } from './random-of-two.ts';
import { Ring } from './ring.ts';
import { RoundRobin } from './round-robin.ts';
import type { Balancer } from './balancer.ts';
import type { BalanceOptions } from './create.ts';

function options(kind: BalanceOptions['kind']): BalanceOptions {
  return { kind, boundedLoadPercent: 0 };
}

testConformance(
  'createBalancer',
  (servers, seed) => createBalancer(options('round-robin'), servers, new PoolLoad(), seed),
  USUAL,
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
    assert.ok(of('least-connections', 2) instanceof LeastConnections);
    assert.ok(of('least-time', 2) instanceof LeastTime);
    assert.ok(of('first', 2) instanceof First);
    assert.ok(of('maglev', 2) instanceof Maglev);
    assert.ok(of('ring', 2) instanceof Ring);
  });

  it('hands the bound and the load of the pool to what hashes', () => {
    for (const kind of ['maglev', 'ring'] as const) {
      const servers = serversOf([1, 1]);
      const load = new PoolLoad();
      const balancer = createBalancer({ kind, boundedLoadPercent: 150 }, servers, load, 0);
      const own = balancer.pick(new Int32Array(0), 0, 5, 0);
      servers[own]!.live = 10;
      load.live = 10;
      assert.equal(balancer.pick(new Int32Array(0), 0, 5, 0), 1 - own);
    }
  });
});
