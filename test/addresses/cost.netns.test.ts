// What a hundred virtual routers cost, on the node that has them and on the one that listens.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Network, noNamespaces } from '../kit/netns.ts';
import { addressPlan, TestGuardian } from './guardian.ts';

const ROUTERS = 100;
const WATCH_MS = 5_000;
/** Clock ticks of /proc/PID/stat are 10 ms everywhere (USER_HZ). */
const TICK_MS = 10;

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

const plans = (priority: number) =>
  Array.from({ length: ROUTERS }, (_, i) =>
    addressPlan({
      ips: [`10.77.1.${i + 1}/24`],
      plan: { key: `r${i}`, group: `r${i}` },
      vrrp: { id: i + 1, priority, intervalMs: 100, misses: 3 },
    }),
  );

test(
  'guardian: 100 virtual routers at 100 ms take some 4 % of a core, never 10',
  { skip: noNamespaces },
  async (t) => {
    const network = new Network(['a', 'b']);
    try {
      const a = new TestGuardian(network, 'a');
      a.plan(plans(150));
      const isAll = (state: string) => (): boolean =>
        a.groups.length === ROUTERS && a.groups.every((group) => group.state === state);
      await a.until(isAll('active'), 'all are active');
      const b = new TestGuardian(network, 'b');
      b.plan(plans(100));
      await b.until(
        () => b.groups.length === ROUTERS && b.groups.every(({ activePeer }) => activePeer !== ''),
        'all are heard',
      );
      const before = [a, b].map(({ pid }) => cpuMs(pid));
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
      const shares = [a, b].map(({ pid }, i) => ((cpuMs(pid) - before[i]!) / WATCH_MS) * 100);
      t.diagnostic(
        `active ${shares[0]!.toFixed(1)} %, backup ${shares[1]!.toFixed(1)} % of a core`,
      );
      for (const share of shares) assert.ok(share < 10, `${share} %`);
    } finally {
      network.close();
    }
  },
);
