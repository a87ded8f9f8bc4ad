// Connections through the kernel outlive the node that carried them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noNamespaces } from '../kit/netns.ts';
import { INSIDE } from '../../src/lab/two-sided.ts';
import { KernelScene } from './scene.ts';

const EACH = 100;

async function surviving(
  listener: string,
  command: 'check' | 'speak' = 'check',
  port = 80,
): Promise<Record<string, number>> {
  const scene = new KernelScene();
  scene.port = port;
  try {
    await scene.startServers();
    await scene.startBalancer('lb1', listener);
    await scene.untilOwner('lb1');
    await scene.startBalancer('lb2', listener);
    const clients = await scene.openClients(EACH);
    assert.deepEqual(await clients.living(), { ping: EACH, idle: EACH, push: EACH });
    scene.network.cutPower('lb1');
    for (let i = 0; i < 200 && !scene.network.owners('10.77.0.100').includes('lb2'); i++) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return await clients.living(command);
  } finally {
    scene.close();
  }
}

const all = { ping: EACH, idle: EACH, push: EACH };

test(
  'mode kernel, routed: 300 of 300 connections outlive the balancer',
  { skip: noNamespaces },
  async () => {
    assert.deepEqual(await surviving('mode: kernel, protocol: tcp, kernel: { form: routed }'), all);
  },
);

test('mode kernel, stateless: 300 of 300 outlive it', { skip: noNamespaces }, async () => {
  assert.deepEqual(
    await surviving('mode: kernel, protocol: tcp, kernel: { form: stateless }'),
    all,
  );
});

// The servers go on pushing to a node that has never seen their connections: without an answer, they
// wait for the client to speak.
test(
  'mode kernel, one-armed: 300 of 300 outlive it once the client has spoken',
  { skip: noNamespaces },
  async () => {
    const listener = `mode: kernel, protocol: tcp, kernel: { form: one-armed, inside: [${INSIDE.ipv4}] }`;
    assert.deepEqual(await surviving(listener, 'speak'), all);
  },
);

// Which listener a server's packets belong to only the client can tell.
test(
  'mode kernel, routed, two listeners for a server: 300 of 300 outlive it once the client has spoken',
  { skip: noNamespaces },
  async () => {
    const kernel = 'protocol: tcp, mode: kernel';
    const again = `${kernel} }\n  again: { bind: "10.77.0.100:90", pool: db, ${kernel}`;
    assert.deepEqual(await surviving(again, 'speak', 90), all);
  },
);

test(
  'mode kernel: servers that have left meanwhile keep their connections',
  { skip: noNamespaces },
  async () => {
    for (const form of ['routed', `one-armed, inside: [${INSIDE.ipv4}]`]) {
      const scene = new KernelScene(12);
      const listener = `mode: kernel, protocol: tcp, kernel: { form: ${form} }`;
      scene.drain = '30s';
      try {
        await scene.startServers();
        await scene.startBalancer('lb1', listener);
        await scene.untilOwner('lb1');
        await scene.startBalancer('lb2', listener);
        const clients = await scene.openClients(40);
        // Four of twelve leave, so that the table has another size, on both nodes.
        scene.leaving = 4;
        for (const name of ['lb1', 'lb2']) {
          scene.writeConfig(name, listener);
          scene.command(name, 'reload');
        }
        scene.network.cutPower('lb1');
        await scene.untilOwner('lb2');
        assert.deepEqual(await clients.living('speak'), { ping: 40, idle: 40, push: 40 }, form);
      } finally {
        scene.close();
      }
    }
  },
);
