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
): Promise<Record<string, number>> {
  const scene = new KernelScene();
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
