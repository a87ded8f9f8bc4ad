import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PoolLoad, ServerState } from './balancer.ts';
import { testConformance } from './conformance.ts';
import { movedKeys, namedServers, ones, placesOf, testHashing } from './hash-testkit.ts';
import { Ring } from './ring.ts';

const make = (servers: ReturnType<typeof namedServers>): Ring =>
  new Ring(servers, new PoolLoad(), 0);

testConformance('ring', (servers) => new Ring(servers, new PoolLoad(), 0), {
  isForLarge: true,
  isSpreading: true,
  differsBySeed: false,
});

testHashing('ring', (servers, load, percent) => new Ring(servers, load, percent), 0);

describe('ring', () => {
  it('moves no key between survivors when servers leave one by one, from 30 down to 2', () => {
    const names = namedServers(Array.from({ length: 30 }, (_, i) => 1 + (i % 3)));
    let before = placesOf(make(names), names);
    while (names.length > 2) {
      const [gone] = names.splice(names.length >> 1, 1);
      const rest = names.map(({ weight, identity }, i) => new ServerState(i, weight, identity));
      const after = placesOf(make(rest), rest);
      assert.equal(movedKeys(before, after, gone!.identity).movedBetweenSurvivors, 0);
      before = after;
    }
  });

  it('moves keys to a server whose weight has grown, and none between others', () => {
    const servers = namedServers(ones(10));
    const balancer = make(servers);
    const before = placesOf(balancer, servers);
    servers[3]!.weight = 2;
    balancer.changed();
    const after = placesOf(balancer, servers);
    const { identity } = servers[3]!;
    assert.ok(before.every((place, i) => place === after[i] || after[i] === identity));
    const grown = after.filter((place) => place === identity).length;
    assert.ok(Math.abs(grown - (before.length * 2) / 11) < before.length * 0.01, `${grown}`);
  });
});
