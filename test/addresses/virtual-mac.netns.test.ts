// With a virtual MAC neighbours see one Ethernet address, whichever node has the addresses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { existsSync } from 'node:fs';
import { Network, noNamespaces } from '../kit/netns.ts';
import { INSIDE, OUTSIDE } from '../../src/lab/two-sided.ts';
import { KernelScene } from '../kernel/scene.ts';
import { addressPlan, TestGuardian } from './guardian.ts';
import { Keepalived } from './peers.ts';

const skip = { skip: noNamespaces };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What the client has in its table of neighbours for an address, once it has sent something there. */
async function neighbour({ network }: { network: Network }, ip: string): Promise<string> {
  network.run('client', 'bash', '-c', `echo > /dev/udp/${ip}/9`);
  let said = '';
  for (let i = 0; i < 40; i++) {
    said = network.run('client', 'ip', 'neigh', 'show', ip);
    const mac = /lladdr (\S+)/.exec(said)?.[1];
    if (mac !== undefined) return mac;
    await pause(50);
  }
  return said;
}

async function neighbours(scene: KernelScene): Promise<string[]> {
  return [await neighbour(scene, OUTSIDE.ipv4), await neighbour(scene, OUTSIDE.ipv6)];
}

const devices = (scene: KernelScene, name: string): string[] =>
  [...scene.network.run(name, 'ip', '-o', 'link').matchAll(/\d+: (vrrp[^@]*)@.*<([^>]*)>/g)].map(
    ([, device, flags]) => `${device} ${flags!.split(',').includes('UP') ? 'up' : 'down'}`,
  );

const VIRTUAL = ['00:00:5e:00:01:33', '00:00:5e:00:02:33'];

function makeScene(): KernelScene {
  const scene = new KernelScene(2);
  scene.vrrp = ', virtualMac: true';
  scene.ips = `, "${OUTSIDE.ipv6}/64"`;
  return scene;
}

test(
  'virtual MAC: the same for neighbours before and after a fail-over; nothing is left',
  skip,
  async () => {
    const scene = makeScene();
    try {
      await scene.startServers();
      await scene.startBalancer('lb1', 'protocol: tcp');
      await scene.untilOwner('lb1');
      await scene.startBalancer('lb2', 'protocol: tcp');
      assert.deepEqual(await neighbours(scene), VIRTUAL);
      // What the client learns of the node itself is not the virtual one.
      const own = scene.network.host('lb1').address;
      assert.doesNotMatch(await neighbour(scene, own), /00:00:5e/);
      const clients = await scene.openClients(5);
      assert.deepEqual(await clients.living(), { ping: 5, idle: 5, push: 5 });
      assert.deepEqual(
        await neighbours(scene),
        VIRTUAL,
        'as much after the node itself has spoken',
      );
      scene.network.cutPower('lb1');
      await scene.untilOwner('lb2');
      assert.deepEqual(await neighbours(scene), VIRTUAL);
      const late = await scene.openClients(5);
      assert.deepEqual(await late.living(), { ping: 5, idle: 5, push: 5 });
      scene.network.restorePower('lb1');
      await pause(1_000);
      assert.equal(devices(scene, 'lb2').filter((one) => one.endsWith(' up')).length, 3);
      // Who has no address answers to no virtual MAC either.
      assert.equal(devices(scene, 'lb1').filter((one) => one.endsWith(' up')).length, 0);
      assert.deepEqual(await neighbours(scene), VIRTUAL);
      for (const name of ['lb1', 'lb2']) await scene.stopBalancer(name);
      for (const name of ['lb1', 'lb2']) assert.deepEqual(devices(scene, name), []);
    } finally {
      scene.close();
    }
  },
);

test('virtual MAC: connections through the kernel outlive the node', skip, async () => {
  const scene = makeScene();
  try {
    await scene.startServers();
    await scene.startBalancer('lb1', 'mode: kernel, protocol: tcp');
    await scene.untilOwner('lb1');
    await scene.startBalancer('lb2', 'mode: kernel, protocol: tcp');
    const clients = await scene.openClients(20);
    scene.network.cutPower('lb1');
    await scene.untilOwner('lb2');
    assert.deepEqual(await clients.living(), { ping: 20, idle: 20, push: 20 });
  } finally {
    scene.close();
  }
});

test('virtual MAC: a planned move keeps connections through workers', skip, async () => {
  const scene = makeScene();
  scene.drain = '10s';
  try {
    await scene.startServers();
    await scene.startBalancer('lb1', 'protocol: tcp');
    await scene.untilOwner('lb1');
    await scene.startBalancer('lb2', 'protocol: tcp');
    const clients = await scene.openClients(5);
    scene.command('lb1', 'address', 'move', 'both');
    await scene.untilActive('lb2');
    assert.deepEqual(await clients.living(), { ping: 5, idle: 5, push: 5 });
  } finally {
    scene.close();
  }
});

test('virtual MAC: interfaces of a crash are used again, or swept', skip, async () => {
  const scene = makeScene();
  try {
    await scene.startServers();
    await scene.startBalancer('lb1', 'protocol: tcp');
    await scene.untilOwner('lb1');
    scene.killAll('lb1');
    assert.equal(devices(scene, 'lb1').length, 3);
    // The kernel itself removes the addresses.
    await pause(3_000);
    assert.doesNotMatch(scene.network.run('lb1', 'ip', 'addr'), new RegExp(INSIDE.ipv4));
    await scene.startBalancer('lb1', 'protocol: tcp');
    await scene.untilOwner('lb1');
    assert.deepEqual(await neighbours(scene), VIRTUAL);
    scene.killAll('lb1');
    await pause(3_000);
    scene.vrrp = '';
    await scene.startBalancer('lb1', 'protocol: tcp');
    await scene.untilOwner('lb1');
    assert.deepEqual(devices(scene, 'lb1'), []);
  } finally {
    scene.close();
  }
});

test(
  'virtual MAC: a node whose kernel refuses it lets another have the addresses',
  skip,
  async () => {
    const scene = makeScene();
    try {
      const made = ['link', 'eth0', 'name', 'foreign', 'address', VIRTUAL[0]!, 'type', 'macvlan'];
      scene.network.run('lb1', 'ip', 'link', 'add', ...made);
      scene.network.run('lb1', 'ip', 'link', 'set', 'foreign', 'up');
      await scene.startServers();
      await scene.startBalancer('lb1', 'mode: kernel, protocol: tcp');
      await scene.startBalancer('lb2', 'mode: kernel, protocol: tcp');
      await scene.untilOwner('lb2');
      await scene.untilActive('lb2');
      const clients = await scene.openClients(5);
      assert.deepEqual(await clients.living(), { ping: 5, idle: 5, push: 5 });
      assert.match(scene.said, /virtual MAC of id 51 on eth0: address in use/);
    } finally {
      scene.close();
    }
  },
);

const beside = existsSync('/usr/sbin/keepalived') ? noNamespaces : 'keepalived is not installed';

test(
  'virtual MAC: keepalived with use_vmac has the same, in both roles',
  { skip: beside },
  async () => {
    const network = new Network(['client', 'a', 'b']);
    const owner = async (host: string): Promise<void> => {
      for (let i = 0; i < 200 && network.owners(OUTSIDE.ipv4).join() !== host; i++) await pause(50);
      assert.deepEqual(network.owners(OUTSIDE.ipv4), [host]);
      assert.equal(await neighbour({ network }, OUTSIDE.ipv4), VIRTUAL[0], host);
    };
    try {
      const more = 'use_vmac\n  vmac_xmit_base';
      // keepalived leaves them as they are, and the interface below would answer as well.
      const settings = ['arp_ignore=1', 'arp_announce=2'].map((one) => `net.ipv4.conf.eth0.${one}`);
      network.run('b', 'sysctl', '-qw', ...settings);
      const first = new Keepalived(network, 'b', { more });
      await owner('b');
      const guardian = new TestGuardian(network, 'a');
      const vrrp = { intervalMs: 100, misses: 3, priority: 150, virtualMac: true };
      guardian.plan([addressPlan({ vrrp })]);
      await guardian.until(() => guardian.standing?.activePeer !== '', 'hears keepalived');
      await first.stop();
      await owner('a');
      new Keepalived(network, 'b', { more, priority: 200 });
      await owner('b');
    } finally {
      network.close();
    }
  },
);
