// A second way by which nodes hear each other: what one link loses, the other still carries.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OUTSIDE, TwoSided } from '../../src/lab/two-sided.ts';
import { noNamespaces } from '../kit/netns.ts';
import { addressPlan, TestGuardian } from './guardian.ts';

const plan = (priority: number, second: boolean) =>
  addressPlan({
    ips: [`${OUTSIDE.ipv4}/24`],
    vrrp: { priority, second: second ? { interface: 'eth1', peers: [] } : null },
  });

/** Nothing passes between the balancers outside, in either direction: not even ARP. */
const CUT = `chain f { type filter hook forward priority 0;
iifname "to-lb1" oifname "to-lb2" drop; iifname "to-lb2" oifname "to-lb1" drop; }`;

async function takeovers(second: boolean): Promise<number> {
  const network = new TwoSided(1);
  try {
    const a = new TestGuardian(network, 'lb1');
    a.plan([plan(150, second)]);
    await a.until(() => a.standing?.state === 'active', 'lb1 is active');
    const b = new TestGuardian(network, 'lb2');
    b.plan([plan(100, second)]);
    await b.until(() => (b.standing?.activePeer ?? '') !== '', 'lb2 hears lb1');
    network.setRules(CUT);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return b.standing!.takeovers;
  } finally {
    network.close();
  }
}

test('second path: a partition of one link moves nothing', { skip: noNamespaces }, async () => {
  assert.equal(await takeovers(true), 0);
});

test('without one both would have the address', { skip: noNamespaces }, async () => {
  assert.equal(await takeovers(false), 1);
});
