// Processes of one node follow each other, and the address does not move.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noNamespaces } from '../kit/netns.ts';
import { OUTSIDE } from '../../src/lab/two-sided.ts';
import { BALLAST, KernelScene } from '../kernel/scene.ts';

const skip = { skip: noNamespaces };
type Status = { readonly addresses: readonly { state: string; takeovers: number }[] };

function status(scene: KernelScene, name: string): Status['addresses'][number] {
  const text = scene.network.run(
    name,
    BALLAST,
    'address',
    'status',
    '--json',
    scene.configFile(name),
  );
  return (JSON.parse(text) as Status).addresses[0]!;
}

async function withPair(run: (scene: KernelScene) => Promise<void>): Promise<void> {
  const scene = new KernelScene(2);
  try {
    await scene.startServers();
    await scene.startBalancer('lb1', 'protocol: tcp');
    await scene.untilOwner('lb1');
    await scene.startBalancer('lb2', 'protocol: tcp');
    await run(scene);
    // Long enough for a lease of nobody to run out, and for a backup to notice a silence.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    assert.deepEqual(scene.network.owners(OUTSIDE.ipv4), ['lb1']);
    assert.equal(status(scene, 'lb1').state, 'active');
    assert.equal(status(scene, 'lb2').takeovers, 0);
    const clients = await scene.openClients(5);
    assert.deepEqual(await clients.living(), { ping: 5, idle: 5, push: 5 });
  } finally {
    scene.close();
  }
}

test('the supervisor is killed: its successor takes the guardian over, nothing moves', skip, () =>
  withPair(async (scene) => {
    process.kill(scene.supervisorOf('lb1'), 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.equal(status(scene, 'lb2').takeovers, 0);
    await scene.startBalancer('lb1', 'protocol: tcp');
  }),
);

test('ballast upgrade: the next generation goes on as active, nothing moves', skip, () =>
  withPair(async (scene) => {
    const said = scene.network.run('lb1', BALLAST, 'upgrade', scene.configFile('lb1'));
    assert.match(said, /./);
  }),
);
