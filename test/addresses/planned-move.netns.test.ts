// Connections through workers outlive a planned move: the node that has them keeps them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noNamespaces } from '../kit/netns.ts';
import { BALLAST, KernelScene, type Clients } from '../kernel/scene.ts';

const EACH = 30;
const ALL = { ping: EACH, idle: EACH, push: EACH };
const skip = { skip: noNamespaces };

async function withClients(
  drain: string,
  run: (scene: KernelScene, clients: Clients) => Promise<void>,
): Promise<void> {
  const scene = new KernelScene();
  scene.drain = drain;
  try {
    await scene.startServers();
    await scene.startBalancer('lb1', 'protocol: tcp');
    await scene.untilOwner('lb1');
    await scene.startBalancer('lb2', 'protocol: tcp');
    const clients = await scene.openClients(EACH);
    assert.deepEqual(await clients.living(), ALL);
    await run(scene, clients);
  } finally {
    scene.close();
  }
}

const move = (scene: KernelScene, name: string): string =>
  scene.network.run(name, BALLAST, 'address', 'move', 'outside', scene.configFile(name));

test('planned move: 90 of 90 connections through workers outlive it, and the way back', skip, () =>
  withClients('30s', async (scene, clients) => {
    move(scene, 'lb1');
    await scene.untilActive('lb2');
    assert.deepEqual(await clients.living(), ALL);
    const fresh = await scene.openClients(EACH);
    assert.deepEqual(await fresh.living(), ALL);
    move(scene, 'lb2');
    await scene.untilActive('lb1');
    assert.deepEqual(await fresh.living(), ALL);
    assert.deepEqual(await clients.living(), ALL);
  }),
);

test('planned stop: connections outlive it for the drain time; then all is gone', skip, () =>
  withClients('6s', async (scene, clients) => {
    const stopped = scene.stopBalancer('lb1');
    await scene.untilActive('lb2');
    assert.deepEqual(await clients.living(), ALL);
    await stopped;
    assert.deepEqual(scene.network.owners('10.77.0.100'), ['lb2']);
    for (const name of ['lb1', 'lb2']) assert.doesNotMatch(scene.ruleset(name), /ballast_move/);
  }),
);
