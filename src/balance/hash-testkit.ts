import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KEY_SHARE_FULL, NONE_TRIED, PoolLoad, ServerState } from './balancer.ts';
import { assertSpread } from './conformance.ts';
import { hashText } from './hash.ts';
import { Xorshift } from './xorshift.ts';
import type { Balancer } from './balancer.ts';

/** Makes the balancer under test. */
export type MakeHashing = (
  servers: readonly ServerState[],
  load: PoolLoad,
  boundedLoadPercent: number,
) => Balancer;

/** Keys as pools have them: the hashes of texts. */
const KEYS = Array.from({ length: 100_000 }, (_, i) => hashText(`/page/${i}`));

const NONE_MOVED = { moved: 0, movedBetweenSurvivors: 0 };

/** Servers with names as they have them in a configuration. */
export function namedServers(weights: readonly number[]): ServerState[] {
  return weights.map((weight, i) => new ServerState(i, weight, `10.0.${i >> 8}.${i & 255}:8080`));
}

export const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

/** The identity of the server of each key. */
export function placesOf(balancer: Balancer, servers: readonly ServerState[]): string[] {
  return KEYS.map((key) => {
    const index = balancer.pick(NONE_TRIED, 0, key, 0);
    return index < 0 ? '' : servers[index]!.identity;
  });
}

/** How many of the keys have moved, and how many of them from a server that is still there. */
export function movedKeys(
  before: readonly string[],
  after: readonly string[],
  gone: string,
): typeof NONE_MOVED {
  const moved = before.filter((place, i) => place !== after[i]).length;
  const ofGone = before.filter((place) => place === gone).length;
  return { moved, movedBetweenSurvivors: moved - ofGone };
}

/**
 * What every algorithm must do that gives the same key the same server. `movesOthers`: the part of
 * all keys that may move beside those of a server that is taken out of the configuration.
 */
export function testHashing(name: string, make: MakeHashing, movesOthers: number): void {
  const of = (servers: readonly ServerState[], percent = 0, load = new PoolLoad()): Balancer =>
    make(servers, load, percent);
  describe(`${name}, suite of hashes`, () => {
    testSameness(of);
    testLeaving(of, movesOthers);
    testContinuing(of);
    testBound(of);
    testKeyShare(of);
  });
}

type Make = (servers: readonly ServerState[], percent?: number, load?: PoolLoad) => Balancer;

function testSameness(make: Make): void {
  it('gives a key the same server whatever the order of the servers and the weights before', () => {
    const weights = [3, 1, 2, 7, 1, 1, 4, 2, 2, 9];
    const servers = namedServers(weights);
    const places = placesOf(make(servers), servers);
    const random = new Xorshift(3);
    for (let round = 0; round < 3; round++) {
      const order = [...weights.keys()].toSorted(() => random.below(3) - 1);
      const others = order.map((from, to) => {
        return new ServerState(to, weights[from]!, servers[from]!.identity);
      });
      const balancer = make(others);
      assert.deepEqual(placesOf(balancer, others), places);
      others[2]!.weight += 5;
      balancer.changed();
      assert.notDeepEqual(placesOf(balancer, others), places);
      others[2]!.weight -= 5;
      balancer.changed();
      assert.deepEqual(placesOf(balancer, others), places);
    }
  });

  it('gives keys other servers where the servers have other names', () => {
    const a = namedServers(ones(4));
    const b = a.map((state) => new ServerState(state.index, 1, `other-${state.index}`));
    const balancerA = make(a);
    const balancerB = make(b);
    let equal = 0;
    for (const key of KEYS) {
      const at = balancerA.pick(NONE_TRIED, 0, key, 0);
      if (at === balancerB.pick(NONE_TRIED, 0, key, 0)) equal++;
    }
    assert.ok(Math.abs(equal - KEYS.length / 4) < KEYS.length / 40, `${equal}`);
  });
}

function testLeaving(make: Make, movesOthers: number): void {
  for (const count of [3, 5, 10]) {
    it(`moves 1/${count} of the keys when one of ${count} servers leaves the configuration`, () => {
      const servers = namedServers(ones(count));
      const before = placesOf(make(servers), servers);
      for (let leaving = 0; leaving < count; leaving++) {
        const rest = servers
          .filter((_, i) => i !== leaving)
          .map(({ identity }, i) => new ServerState(i, 1, identity));
        const after = placesOf(make(rest), rest);
        const { moved, movedBetweenSurvivors } = movedKeys(
          before,
          after,
          servers[leaving]!.identity,
        );
        const share = (moved / KEYS.length) * count;
        assert.ok(Math.abs(share - 1) <= 0.1, `${share.toFixed(3)} of 1/${count} moved`);
        assert.ok(movedBetweenSurvivors <= movesOthers * KEYS.length, `${movedBetweenSurvivors}`);
      }
    });
  }

  for (const count of [2, 10, 100]) {
    it(`moves no key but its own, evenly, when one of ${count} servers fails or gets weight 0`, () => {
      const servers = namedServers(ones(count));
      const balancer = make(servers);
      const before = placesOf(balancer, servers);
      const gone = servers[1]!;
      for (const change of ['isUsable', 'weight', 'isFull'] as const) {
        if (change === 'weight') gone.weight = 0;
        else gone[change] = change === 'isFull';
        balancer.changed();
        const after = placesOf(balancer, servers);
        assert.equal(movedKeys(before, after, gone.identity).movedBetweenSurvivors, 0);
        assert.ok(!after.includes(gone.identity));
        const taken = new Set(after.filter((_, i) => before[i] === gone.identity));
        assert.equal(taken.size, count - 1);
        gone.isUsable = true;
        gone.isFull = false;
        gone.weight = 1;
        balancer.changed();
        assert.deepEqual(placesOf(balancer, servers), before);
      }
    });
  }

  it('is where a fresh start would be, whatever has failed meanwhile', () => {
    const servers = namedServers([2, 1, 1, 3, 0, 1]);
    const balancer = make(servers);
    servers[4]!.weight = 6;
    balancer.changed();
    servers[4]!.weight = 0;
    servers[3]!.weight = 0;
    servers[0]!.isUsable = false;
    balancer.changed();
    const others = namedServers([2, 1, 1, 3, 0, 1]);
    const fresh = make(others);
    others[3]!.weight = 0;
    others[0]!.isUsable = false;
    fresh.changed();
    assert.deepEqual(placesOf(balancer, servers), placesOf(fresh, others));
  });
}

function testContinuing(make: Make): void {
  it('goes on from a tried server to the next one of the key, always the same', () => {
    const servers = namedServers(ones(6));
    const balancer = make(servers);
    const others = servers.map(({ identity }, i) => new ServerState(5 - i, 1, identity)).reverse();
    const elsewhere = make(others);
    for (const key of KEYS.slice(0, 500)) {
      const tried = new Int32Array(6);
      const triedElsewhere = new Int32Array(6);
      for (let n = 0; n < 6; n++) {
        tried[n] = balancer.pick(tried, n, key, 0);
        triedElsewhere[n] = elsewhere.pick(triedElsewhere, n, key, 0);
        assert.equal(servers[tried[n]!]!.identity, others[triedElsewhere[n]!]!.identity);
      }
      assert.equal(new Set(tried).size, 6);
    }
  });

  it('spreads by the weights over the one server in a hundred that is up', () => {
    const servers = namedServers(Array.from({ length: 300 }, (_, i) => 1 + (i % 3)));
    const balancer = make(servers);
    for (const server of servers) server.isUsable = server.index < 3;
    balancer.changed();
    const places = placesOf(balancer, servers);
    const counts = servers.slice(0, 3).map(({ identity }) => {
      return places.filter((place) => place === identity).length;
    });
    // Chance decides who is next on a ring: the weights are kept roughly.
    assert.equal(counts[0]! + counts[1]! + counts[2]!, KEYS.length);
    counts.forEach((n, i) => {
      const expected = ((i + 1) / 6) * KEYS.length;
      assert.ok(Math.abs(n - expected) < expected * 0.2, `${n} instead of ${expected}`);
    });
  });
}

function testBound(make: Make): void {
  /** Requests that stay under way, all for a few keys. */
  function fill(percent: number, weights: readonly number[], requests: number): ServerState[] {
    const servers = namedServers(weights);
    const load = new PoolLoad();
    const balancer = make(servers, percent, load);
    for (let i = 0; i < requests; i++) {
      const index = balancer.pick(NONE_TRIED, 0, KEYS[i % 3]!, 0);
      servers[index]!.live++;
      load.live++;
    }
    return servers;
  }

  it('keeps the load of each server within the bound, whatever the keys', () => {
    for (const percent of [101, 125, 200]) {
      const weights = [4, 1, 1, 2, 1, 3, 1, 1, 1, 5];
      const requests = 2000;
      for (const { live, weight } of fill(percent, weights, requests)) {
        const most = Math.ceil((percent / 100) * requests * (weight / 20));
        assert.ok(live <= most, `${live} of ${most}`);
      }
    }
  });

  it('leaves keys where they are while no server is past the bound, and without a bound', () => {
    const unbound = fill(0, ones(10), 300).map(({ live }) => live);
    assert.ok(unbound.filter((live) => live > 0).length <= 3, unbound.join(' '));
    const servers = namedServers(ones(10));
    const load = new PoolLoad();
    load.live = 1000;
    for (const server of servers) server.live = 100;
    assert.deepEqual(placesOf(make(servers, 125, load), servers), placesOf(make(servers), servers));
  });

  it('still picks where every server that is left is past the bound', () => {
    const servers = namedServers(ones(4));
    const load = new PoolLoad();
    load.live = 30;
    const balancer = make(servers, 110, load);
    servers[0]!.live = 30;
    for (const index of [1, 2, 3]) servers[index]!.isFull = true;
    for (const key of KEYS.slice(0, 100)) assert.equal(balancer.pick(NONE_TRIED, 0, key, 0), 0);
  });
}

function testKeyShare(make: Make): void {
  it('gives a server that starts slowly that part of its keys, and moves no others', () => {
    const servers = namedServers([1, 1, 2, 1]);
    const balancer = make(servers);
    const full = placesOf(balancer, servers);
    const slow = servers[2]!;
    let before = new Set<number>();
    for (const percent of [10, 35, 70, 100]) {
      slow.keyShare = Math.round((KEY_SHARE_FULL * percent) / 100);
      const places = placesOf(balancer, servers);
      const own = new Set([...places.keys()].filter((i) => places[i] === slow.identity));
      const all = full.filter((place) => place === slow.identity).length;
      const share = (own.size / all) * 100;
      assert.ok(Math.abs(share - percent) < 2, `${share.toFixed(1)} % instead of ${percent} %`);
      assert.equal(movedKeys(full, places, slow.identity).moved, all - own.size);
      for (const i of before) assert.ok(own.has(i));
      before = own;
    }
  });

  it('picks all the same where all servers start slowly', () => {
    const servers = namedServers(ones(3));
    const balancer = make(servers);
    for (const server of servers) server.keyShare = KEY_SHARE_FULL / 16;
    const places = placesOf(balancer, servers);
    assertSpread(
      servers.map(({ identity }) => places.filter((place) => place === identity).length),
      ones(3),
    );
  });
}
