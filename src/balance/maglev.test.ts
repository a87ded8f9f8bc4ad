import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PoolLoad } from './balancer.ts';
import { testConformance } from './conformance.ts';
import { movedKeys, namedServers, ones, placesOf, testHashing } from './hash-testkit.ts';
import { Maglev } from './maglev.ts';

const make = (servers: ReturnType<typeof namedServers>, percent = 0): Maglev =>
  new Maglev(servers, new PoolLoad(), percent);

testConformance('maglev', (servers) => new Maglev(servers, new PoolLoad(), 0), {
  isForLarge: true,
  isSpreading: true,
  differsBySeed: false,
});

testHashing('maglev', (servers, load, percent) => new Maglev(servers, load, percent), 0.005);

describe('maglev', () => {
  it('has even shares to one slot, whatever the names', () => {
    for (const count of [2, 7, 100, 1000]) {
      const servers = namedServers(ones(count));
      const places = placesOf(make(servers), servers);
      const counts = new Map<string, number>();
      for (const place of places) counts.set(place, (counts.get(place) ?? 0) + 1);
      assert.equal(counts.size, count);
      if (count > 100) continue;
      const mean = places.length / count;
      for (const n of counts.values()) assert.ok(Math.abs(n - mean) < 5 * Math.sqrt(mean), `${n}`);
    }
  });

  it('moves few keys of others when a weight changes', () => {
    const servers = namedServers(ones(10));
    const balancer = make(servers);
    const before = placesOf(balancer, servers);
    servers[3]!.weight = 2;
    balancer.changed();
    const after = placesOf(balancer, servers);
    // It has 2 of 11 parts instead of 1 of 10.
    const { moved } = movedKeys(before, after, '');
    const needed = (2 / 11 - 1 / 10) * before.length;
    assert.ok(moved > needed * 0.9 && moved < needed * 1.5, `${moved} instead of ${needed}`);
  });

  it('refuses more servers than its table has numbers for', () => {
    assert.throws(() => make(namedServers(ones(65_536))), /more than 65535 servers/);
  });
});
