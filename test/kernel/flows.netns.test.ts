// What the kernel's table of connections is asked for: flows of UDP move on, connections are counted.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { noNamespaces } from '../kit/netns.ts';
import { INSIDE } from '../../src/lab/two-sided.ts';
import { BALLAST, KernelScene } from './scene.ts';

const skip = { skip: noNamespaces };
const CHECK = 'check: { tcp: {}, every: 100ms, timeout: 400ms, rise: 1, fall: 1 }';
const FLOWS = 40;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const FORMS = {
  routed: '{ form: routed }',
  stateless: '{ form: stateless }',
  'one-armed': `{ form: one-armed, inside: [${INSIDE.ipv4}] }`,
} as const;

for (const [form, kernel] of Object.entries(FORMS)) {
  test(
    `mode kernel, UDP, ${form}: flows leave a server that fails, the others stay`,
    skip,
    async () => {
      const scene = new KernelScene(3);
      try {
        await scene.startServers();
        await scene.startBalancer('lb1', `mode: kernel, protocol: udp, kernel: ${kernel}`, CHECK);
        await scene.untilOwner('lb1');
        const senders = await scene.openSenders(FLOWS);
        const before = await senders.byServer();
        assert.equal(sum(before), FLOWS, JSON.stringify(before));
        assert.ok(before['s1']! > 0);
        scene.network.setCable('s1', false);
        await pause(1_500);
        const after = await senders.byServer();
        assert.deepEqual([after['s1'], sum(after)], [undefined, FLOWS], JSON.stringify(after));
        assert.ok(after['s2']! >= before['s2']! && after['s3']! >= before['s3']!);
      } finally {
        scene.close();
      }
    },
  );
}

test('mode kernel, UDP: senders that found no server are served when one comes', skip, async () => {
  const scene = new KernelScene(1);
  try {
    scene.network.setCable('s1', false);
    await scene.startServers();
    await scene.startBalancer('lb1', 'mode: kernel, protocol: udp', CHECK);
    await scene.untilOwner('lb1');
    await pause(500);
    const senders = await scene.openSenders(FLOWS);
    assert.deepEqual(await senders.byServer(), {});
    scene.network.setCable('s1', true);
    await pause(1_500);
    assert.deepEqual(await senders.byServer(), { s1: FLOWS });
  } finally {
    scene.close();
  }
});

test(
  'mode kernel: what a server has is counted, and "drain --wait" waits for it',
  skip,
  async () => {
    const scene = new KernelScene(2);
    try {
      await scene.startServers();
      await scene.startBalancer('lb1', 'mode: kernel, protocol: tcp', CHECK);
      await scene.untilOwner('lb1');
      const clients = await scene.openClients(20);
      const counts = liveOf(scene);
      assert.equal(counts.length, 2);
      // Those of checks are not among them.
      assert.equal(counts[0]! + counts[1]!, 60, String(counts));
      assert.ok(counts[0]! > 0);
      const server = `db/${scene.network.inside('s1')}:8080`;
      const waited = drain(scene, server, '1s');
      assert.equal(waited.status, 1, waited.stderr);
      assert.match(waited.stderr, new RegExp(`${counts[0]} .*after 1\\.0 s`));
      await clients.end();
      const again = drain(scene, server, '5s');
      assert.equal(again.status, 0, again.stderr);
    } finally {
      scene.close();
    }
  },
);

test('mode kernel: SIGTERM waits for connections to an address of the node', skip, async () => {
  const scene = new KernelScene(2);
  try {
    scene.drain = '20s';
    scene.bind = scene.network.host('lb1').address;
    const inside = scene.network.inside('lb1');
    const kernel = `kernel: { form: one-armed, inside: [${inside}] }`;
    await scene.startServers();
    await scene.startBalancer('lb1', `mode: kernel, protocol: tcp, ${kernel}`);
    const clients = await scene.openClients(10);
    const beganMs = performance.now();
    const stopped = scene.stopBalancer('lb1');
    // Until no other node has taken the floating addresses.
    await pause(2_500);
    const late = await scene.openClients(1);
    assert.deepEqual(await late.living(), { ping: 0, idle: 0, push: 0 });
    assert.deepEqual(await clients.living(), { ping: 10, idle: 10, push: 10 });
    await clients.end();
    await stopped;
    assert.ok(performance.now() - beganMs < 15_000, 'it waits no longer than it must');
    assert.equal(scene.ruleset('lb1'), '');
  } finally {
    scene.close();
  }
});

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, one) => all + one, 0);

function liveOf(scene: KernelScene): number[] {
  const status = JSON.parse(scene.command('lb1', 'status', '--json')) as Status;
  return status.pools.flatMap(({ servers }) => servers.map(({ requestsLive }) => requestsLive));
}

type Status = {
  readonly pools: readonly { readonly servers: readonly { readonly requestsLive: number }[] }[];
};

function drain(scene: KernelScene, server: string, limit: string) {
  const { netns } = scene.network.host('lb1');
  const command = [BALLAST, 'drain', server, '--wait', '--timeout', limit, scene.configFile('lb1')];
  return spawnSync('ip', ['netns', 'exec', netns, ...command], { encoding: 'utf8' });
}
