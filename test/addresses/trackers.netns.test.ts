// What a guardian sees itself beside its own link: another interface, and a host that must answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrackPlan } from '../../src/config/plan-addresses.ts';
import { ip, Network, noNamespaces } from '../kit/netns.ts';
import { addressPlan, TestGuardian } from './guardian.ts';

const VIP = '10.77.0.100';
const PACE = { everyMs: 100, timeoutMs: 60, rise: 2, fall: 2 } as const;

/** Node a, of the higher priority, has a tracker; node b has none. */
async function withTracker(
  track: TrackPlan,
  prepare: (network: Network) => void,
  run: (network: Network, a: TestGuardian) => Promise<void>,
): Promise<void> {
  const network = new Network(['a', 'b', 'c']);
  try {
    prepare(network);
    const a = new TestGuardian(network, 'a');
    a.plan([addressPlan({ vrrp: { priority: 150 }, plan: { tracks: [track] } })]);
    await a.until(() => a.standing?.state === 'active', 'a is active');
    const b = new TestGuardian(network, 'b');
    b.plan([addressPlan({})]);
    await b.until(() => b.standing?.activePeer !== '' && b.standing !== null, 'b hears a');
    await run(network, a);
    await b.until(() => b.standing?.state === 'active', 'b has taken over');
    await a.until(() => a.standing?.state === 'backup', 'a has given way');
    assert.deepEqual(network.owners(VIP), ['b']);
  } finally {
    network.close();
  }
}

const seen = (guardian: TestGuardian, key: string): string | undefined =>
  guardian.standing?.conditions.find((one) => one.key === key)?.seen;

test('tracker: an interface that goes down lowers the priority', { skip: noNamespaces }, () =>
  withTracker(
    { key: 'interface extra', kind: 'interface', interface: 'extra', weight: 60 },
    (network) => {
      const { netns } = network.host('a');
      ip(['-n', netns, 'link', 'add', 'extra', 'type', 'veth', 'peer', 'name', 'other']);
      for (const name of ['extra', 'other']) ip(['-n', netns, 'link', 'set', name, 'up']);
    },
    async (network, a) => {
      await a.until(() => seen(a, 'interface extra') === 'is up', 'it is seen to be up');
      assert.equal(a.standing?.priority, 150);
      ip(['-n', network.host('a').netns, 'link', 'set', 'extra', 'down']);
      await a.until(() => seen(a, 'interface extra') === 'is down', 'it is seen to be down');
      assert.equal(a.standing?.priority, 90);
    },
  ),
);

test('tracker: a gateway that does not answer gives the addresses up', { skip: noNamespaces }, () =>
  withTracker(
    { key: 'gateway 10.77.0.3', kind: 'gateway', host: '10.77.0.3', weight: 0, ...PACE },
    () => {},
    async (network, a) => {
      await a.until(() => seen(a, 'gateway 10.77.0.3') === 'answers', 'it answers');
      network.setCable('c', false);
    },
  ),
);
