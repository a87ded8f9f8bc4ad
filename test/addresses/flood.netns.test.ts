// A flood of forged advertisements takes the address from nobody.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { Network, noNamespaces } from '../kit/netns.ts';
import { addressPlan, TestGuardian } from './guardian.ts';

const FORGER = new URL('../../src/lab/forger.ts', import.meta.url).pathname;
const PER_SECOND = 100_000;
const FLOOD_MS = 4_000;

test(
  'guardian: 100,000 forged advertisements a second move nothing',
  { skip: noNamespaces },
  async (t) => {
    const network = new Network(['a', 'b', 'c']);
    try {
      const a = new TestGuardian(network, 'a');
      a.plan([addressPlan({ vrrp: { priority: 150 } })]);
      await a.until(() => a.standing?.state === 'active', 'a is active');
      const b = new TestGuardian(network, 'b');
      b.plan([addressPlan({})]);
      await b.until(() => b.standing !== null && b.standing.activePeer !== '', 'b hears a');
      const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
      const forger = network.start('c', [...node, FORGER, '10.77.0.100', String(PER_SECOND)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const before = [a, b].map((one) => one.standing!.advertsSent);
      await new Promise((resolve) => setTimeout(resolve, FLOOD_MS));
      forger.kill('SIGTERM');
      const [sent] = await once(createInterface({ input: forger.stdout! }), 'line');
      t.diagnostic(`${sent} were sent in ${FLOOD_MS} ms; a heard ${a.standing!.advertsHeard}`);
      assert.deepEqual(network.owners('10.77.0.100'), ['a']);
      assert.equal(a.standing!.state, 'active');
      assert.equal(b.standing!.takeovers, 0);
      assert.equal(b.standing!.state, 'backup');
      assert.ok(a.standing!.advertsSent - before[0]! > FLOOD_MS / 40, 'a goes on advertising');
      // What happens is told, and not once for each.
      assert.ok(a.events.length < 20, a.events.join('\n'));
    } finally {
      network.close();
    }
  },
);
