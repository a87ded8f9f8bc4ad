// Beside keepalived and FRR: takes over from them and yields to them, in each version and on each way.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { ip, Network, noNamespaces } from '../kit/netns.ts';
import { pidsIn } from '../../src/lab/network.ts';
import { addressPlan, TestGuardian } from './guardian.ts';
import { Frr, Keepalived, type KeepalivedSettings } from './peers.ts';

const VIP = '10.77.0.100';

const skip = {
  skip: existsSync('/usr/sbin/keepalived') ? noNamespaces : 'keepalived is not installed',
};
const skipFrr = { skip: existsSync('/usr/lib/frr/vrrpd') ? noNamespaces : 'frr is not installed' };

const UNICAST = { source: '10.77.0.2', peer: '10.77.0.1' };

const WAYS: readonly {
  readonly title: string;
  readonly keepalived: KeepalivedSettings;
  readonly vrrp: Parameters<typeof addressPlan>[0]['vrrp'];
}[] = [
  { title: 'version 3', keepalived: {}, vrrp: { intervalMs: 100, misses: 3 } },
  {
    title: 'version 2',
    keepalived: { version: 2, interval: 1 },
    vrrp: { version: 2, intervalMs: 1_000, misses: 3 },
  },
  {
    title: 'version 3, unicast',
    keepalived: { unicast: UNICAST },
    vrrp: { intervalMs: 100, misses: 3, peers: ['10.77.0.2'] },
  },
  {
    title: 'version 2, unicast',
    keepalived: { version: 2, interval: 1, unicast: UNICAST },
    vrrp: { version: 2, intervalMs: 1_000, misses: 3, peers: ['10.77.0.2'] },
  },
];

async function until(isIt: () => boolean, what: () => string): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (isIt()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(what());
}

const ownerIs = (network: Network, host: string, what: () => string): Promise<void> =>
  until(
    () => network.owners(VIP).join() === host,
    () => `${network.owners(VIP).join()}: ${what()}`,
  );

for (const { title, keepalived, vrrp } of WAYS) {
  test(
    `beside keepalived, ${title}: takes over, is left alone, yields, takes over again`,
    skip,
    async () => {
      const network = new Network(['a', 'b']);
      try {
        // keepalived is first, and resigns.
        const first = new Keepalived(network, 'b', keepalived);
        await ownerIs(network, 'b', () => first.said);
        const guardian = new TestGuardian(network, 'a');
        guardian.plan([addressPlan({ vrrp: { priority: 150, ...vrrp } })]);
        await guardian.until(
          () => guardian.standing?.activePeer === '10.77.0.2',
          'hears keepalived',
        );
        const told = (): string => `${guardian.events.join('\n')}\n${first.said}`;
        await first.stop();
        await ownerIs(network, 'a', told);
        // A lower one comes back and stays backup.
        const lower = new Keepalived(network, 'b', keepalived);
        await until(
          () => /Entering BACKUP STATE/.test(lower.said),
          () => lower.said,
        );
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        assert.deepEqual(network.owners(VIP), ['a'], lower.said);
        assert.doesNotMatch(lower.said, /checksum|bogus|invalid|mismatch/i);
        await lower.stop();
        // A higher one takes the address, as keepalived does.
        const higher = new Keepalived(network, 'b', { ...keepalived, priority: 200 });
        await ownerIs(network, 'b', () => `${higher.said}\n${guardian.events.join('\n')}`);
        await guardian.until(() => guardian.standing?.state === 'backup', 'says that it is backup');
        // And is killed: its address stays on its host, which still answers for it.
        const pids = pidsIn(network.host('b').netns);
        // Stopped before: a child whose parent has died would resign before it is killed itself.
        for (const name of ['SIGSTOP', 'SIGKILL'] as const) {
          for (const pid of pids) process.kill(pid, name);
        }
        await guardian.until(
          () => guardian.events.some((text) => text.includes('it is left alone')),
          'holds off while the address is served',
        );
        ip(['-n', network.host('b').netns, 'addr', 'flush', 'dev', 'eth0', 'to', `${VIP}/32`]);
        await ownerIs(network, 'a', told);
      } finally {
        network.close();
      }
    },
  );
}

test(
  'beside keepalived with another list: no second owner, and it is explained',
  skip,
  async () => {
    const network = new Network(['a', 'b']);
    try {
      const peer = new Keepalived(network, 'b', {
        priority: 100,
        addresses: [`${VIP}/24`, '10.77.0.101/24'],
      });
      await ownerIs(network, 'b', () => peer.said);
      const guardian = new TestGuardian(network, 'a');
      guardian.plan([addressPlan({ vrrp: { priority: 150, intervalMs: 100, misses: 3 } })]);
      await guardian.until(
        () => guardian.events.some((text) => text.includes('make both lists alike')),
        'explains the lists',
      );
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      assert.deepEqual(network.owners(VIP), ['b']);
    } finally {
      network.close();
    }
  },
);

test('beside FRR: hears it, and takes over when it is gone', skipFrr, async () => {
  const network = new Network(['a', 'b']);
  try {
    const frr = new Frr(network, 'b', 100);
    const guardian = new TestGuardian(network, 'a');
    guardian.plan([addressPlan({ vrrp: { priority: 150, intervalMs: 100, misses: 3 } })]);
    const told = (): string => `${JSON.stringify(guardian.standing)}\n${frr.said}`;
    await until(() => (guardian.standing?.peers.length ?? 0) > 0, told);
    frr.end();
    ip(['-n', network.host('b').netns, 'link', 'del', 'vrrp51']);
    await guardian.until(() => guardian.standing?.state === 'active', 'takes over');
    assert.deepEqual(guardian.standing?.advertsRefused, {});
  } finally {
    network.close();
  }
});
