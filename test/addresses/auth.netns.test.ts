// Signed advertisements between guardians: IPv4 and IPv6, a key exchanged, and who has no key.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { VrrpAuthPlan } from '../../src/config/plan-addresses.ts';
import { Network, noNamespaces } from '../kit/netns.ts';
import { addressPlan, TestGuardian } from './guardian.ts';

const FORGER = new URL('../../src/lab/forger.ts', import.meta.url).pathname;
const IPS = ['10.77.0.100/24', 'fd77::100/64'];
const folder = mkdtempSync(join(tmpdir(), 'ballast-auth-'));
after(() => rmSync(folder, { recursive: true }));

function key(id: number): { readonly id: number; readonly file: string } {
  const file = join(folder, String(id));
  writeFileSync(file, `${String(id).repeat(2)}`.repeat(32));
  return { id, file };
}

const plan = (priority: number, given: Partial<VrrpAuthPlan>) =>
  addressPlan({
    ips: IPS,
    vrrp: {
      priority,
      auth: { keys: [key(1)], mode: 'enforce', replay: 'monotonic', ...given },
    },
  });

test(
  'signed advertisements: heard, moved, and a new key without a move',
  { skip: noNamespaces },
  async () => {
    const network = new Network(['a', 'b']);
    try {
      const a = new TestGuardian(network, 'a');
      a.plan([plan(150, {})]);
      await a.until(() => a.standing?.state === 'active', 'a is active');
      const b = new TestGuardian(network, 'b');
      b.plan([plan(100, {})]);
      await b.until(() => (b.standing?.activePeer ?? '') !== '', 'b hears a');
      // Both families are heard and none is refused.
      await b.until(() => b.standing!.peers.length === 2, 'b hears both families');
      assert.deepEqual(b.standing!.advertsRefused, {});
      // First both know the new key, then each signs with it, then the old one goes.
      for (const keys of [[key(1), key(2)], [key(2), key(1)], [key(2)]]) {
        for (const one of [a, b]) one.plan([plan(one === a ? 150 : 100, { keys })]);
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
      assert.equal(b.standing!.takeovers, 0);
      assert.deepEqual(b.standing!.advertsRefused, {});
      network.setCable('a', false);
      await b.until(() => b.standing?.state === 'active', 'b takes over');
    } finally {
      network.close();
    }
  },
);

test(
  'signed advertisements: who has no key is told of, and not listened to',
  { skip: noNamespaces },
  async () => {
    const network = new Network(['a', 'b']);
    try {
      const a = new TestGuardian(network, 'a');
      a.plan([plan(100, {})]);
      await a.until(() => a.standing?.state === 'active', 'a is active');
      const forger = [process.execPath, '--disable-warning=ExperimentalWarning', FORGER];
      network.start('b', [...forger, '10.77.0.100'], { stdio: 'ignore' });
      await a.until(
        () => a.events.some((text) => text.includes('which this node demands')),
        'told',
      );
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      assert.deepEqual(network.owners('10.77.0.100'), ['a']);
      assert.equal(a.standing!.peers.length, 0);
      assert.equal(a.standing!.state, 'active');
      assert.ok((a.standing!.advertsRefused['auth-missing'] ?? 0) > 0);
    } finally {
      network.close();
    }
  },
);
