// Guardians on hosts of their own: real addresses, real ARP, real leases.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AddressPlan } from '../../src/config/plan-addresses.ts';
import { ip, Network, noNamespaces } from '../kit/netns.ts';
import { addressPlan, createBoard, TestGuardian } from './guardian.ts';

const IPS = ['10.77.0.100/24', 'fd77::100/64'];
const VIP = '10.77.0.100';

type Pair = { readonly network: Network; readonly a: TestGuardian; readonly b: TestGuardian };

/** Node a is active, b hears it. */
async function withPair(
  run: (pair: Pair) => Promise<void>,
  given: Parameters<typeof addressPlan>[0] = {},
): Promise<void> {
  const network = new Network(['a', 'b']);
  try {
    const a = new TestGuardian(network, 'a');
    a.plan([addressPlan({ ips: IPS, ...given, vrrp: { priority: 150, ...given.vrrp } })]);
    await a.until(() => a.standing?.state === 'active', 'a is active');
    const b = await join(network, 'b', addressPlan({ ips: IPS, ...given }));
    assert.deepEqual(network.owners(VIP), ['a']);
    await run({ network, a, b });
  } finally {
    network.close();
  }
}

async function join(network: Network, host: string, plan: AddressPlan): Promise<TestGuardian> {
  const guardian = new TestGuardian(network, host);
  guardian.plan([plan]);
  await guardian.until(
    () => guardian.standing?.state === 'backup' && guardian.standing.activePeer !== '',
    `${host} hears who is active`,
  );
  return guardian;
}

const active = (guardian: TestGuardian): Promise<void> =>
  guardian.until(() => guardian.standing?.state === 'active', 'it becomes active');

const backup = (guardian: TestGuardian): Promise<void> =>
  guardian.until(
    () => guardian.standing?.state === 'backup' && guardian.standing.activePeer !== '',
    'it becomes backup',
  );

const skip = { skip: noNamespaces };

test('guardian: a cable is cut: the other node has both addresses within a second', skip, (t) =>
  withPair(async ({ network, a, b }) => {
    const cutMs = performance.now();
    network.setCable('a', false);
    await active(b);
    const tookMs = performance.now() - cutMs;
    t.diagnostic(`taken over after ${tookMs.toFixed(0)} ms`);
    assert.ok(tookMs < 1_000, `${tookMs} ms`);
    for (const address of [VIP, 'fd77::100']) assert.deepEqual(network.owners(address), ['b']);
    network.setCable('a', true);
    await backup(a);
    assert.deepEqual(network.owners(VIP), ['b']);
  }),
);

test('guardian: killed, its lease runs out; the other waits for that', skip, (t) =>
  withPair(async ({ network, a, b }) => {
    const killedMs = performance.now();
    process.kill(a.pid, 'SIGKILL');
    await b.until(() => b.events.some((text) => text.includes('is left alone')), 'b holds off');
    assert.deepEqual(network.owners(VIP), ['a']);
    await active(b);
    const tookMs = performance.now() - killedMs;
    t.diagnostic(`the lease ran out after ${tookMs.toFixed(0)} ms`);
    assert.ok(tookMs > 1_000 && tookMs < 3_500, `${tookMs} ms`);
    assert.deepEqual(network.owners(VIP), ['b']);
  }),
);

test('guardian: hung until its lease has run out, it takes nothing back', skip, () =>
  withPair(async ({ network, a, b }) => {
    process.kill(a.pid, 'SIGSTOP');
    await active(b);
    process.kill(a.pid, 'SIGCONT');
    await a.until(() => a.standing?.state === 'backup', 'a listens');
    assert.deepEqual(network.owners(VIP), ['b']);
    assert.ok(a.events.every((text) => !text.includes('BAL_ADDRESS_GONE')));
  }),
);

test('guardian: one that follows at once on the same board goes on as active', skip, async () => {
  const network = new Network(['a', 'b']);
  try {
    const board = createBoard();
    const plan = addressPlan({ ips: IPS });
    const a = new TestGuardian(network, 'a', board);
    const spare = new TestGuardian(network, 'a', board);
    a.plan([plan]);
    spare.plan([plan], false);
    await active(a);
    const b = await join(network, 'b', plan);
    await spare.until(
      () => spare.frames.some(({ type }) => type === 'applied'),
      'the spare is ready',
    );
    process.kill(a.pid, 'SIGKILL');
    spare.plan([plan]);
    await active(spare);
    assert.equal(spare.standing?.reason, 'resumed');
    // The other one has not so much as asked who is there.
    assert.equal(b.standing?.takeovers, 0);
    assert.deepEqual(network.owners(VIP), ['a']);
  } finally {
    network.close();
  }
});

test('guardian: a planned move, and a stop, leave no moment without an owner', skip, () =>
  withPair(async ({ network, a, b }) => {
    a.send({ type: 'move', group: 'front', request: 7 });
    const moved = (): boolean =>
      a.frames.some((f) => f.type === 'moved' && f.ok && f.request === 7);
    await a.until(moved, 'the move is confirmed');
    assert.deepEqual(network.owners(VIP), ['b']);
    await a.until(() => a.standing?.activePeer !== '', 'a hears b');
    b.send({ type: 'stop', limitMs: 2_000 });
    await b.until(() => b.frames.some(({ type }) => type === 'stopped'), 'b has stopped');
    assert.deepEqual(network.owners(VIP), ['a']);
  }),
);

test('guardian: a move that nobody takes up is called off', skip, () =>
  withPair(async ({ network, a, b }) => {
    process.kill(b.pid, 'SIGKILL');
    a.send({ type: 'move', group: 'front', request: 1 });
    await a.until(
      () => a.frames.some((f) => f.type === 'moved' && !f.ok),
      'the move is called off',
    );
    assert.deepEqual(network.owners(VIP), ['a']);
  }),
);

test('guardian: an address that another program removes is back within 50 ms', skip, (t) =>
  withPair(async ({ network, a, b }) => {
    const { netns } = network.host('a');
    ip(['-n', netns, 'addr', 'del', IPS[0]!, 'dev', 'eth0']);
    const removedMs = performance.now();
    await a.until(
      () => a.events.some((text) => text.includes('BAL_ADDRESS_GONE')),
      'it is noticed',
    );
    t.diagnostic(`noticed and put back ${(performance.now() - removedMs).toFixed(0)} ms later`);
    assert.deepEqual(network.owners(VIP), ['a']);
    assert.equal(b.standing?.takeovers, 0);
  }),
);

test('guardian: an interface that vanishes and returns', skip, () =>
  withPair(async ({ network, a, b }) => {
    const { netns } = network.host('a');
    ip(['-n', netns, 'link', 'del', 'eth0']);
    await active(b);
    await a.until(() => a.standing?.state === 'fault', 'a has no link');
    const peer = ['peer', 'name', 'eth0', 'netns', netns];
    ip(['-n', network.switch, 'link', 'add', 'name', 'to-a', 'type', 'veth', ...peer]);
    ip(['-n', network.switch, 'link', 'set', 'to-a', 'master', 'br0', 'up']);
    ip(['-n', netns, 'addr', 'add', '10.77.0.1/24', 'dev', 'eth0']);
    ip(['-n', netns, 'link', 'set', 'eth0', 'up']);
    await backup(a);
    process.kill(b.pid, 'SIGKILL');
    await active(a);
    assert.deepEqual(network.owners(VIP), ['a']);
  }),
);

test('guardian: advertisements lost one way move nothing', skip, () =>
  withPair(async ({ network, a, b }) => {
    network.setRules(
      'chain f { type filter hook forward priority 0; iif "to-a" ip protocol 112 drop; ' +
        'iif "to-a" ip6 nexthdr 112 drop; }',
    );
    await b.until(() => b.events.some((text) => text.includes('is left alone')), 'b holds off');
    assert.deepEqual(network.owners(VIP), ['a']);
    network.setRules('');
    assert.equal(a.standing?.state, 'active');
  }),
);

test('guardian: a list of addresses that differs on one node is explained, once', skip, () =>
  withPair(async ({ network, a, b }) => {
    a.plan([addressPlan({ ips: [...IPS, '10.77.0.101/24'], vrrp: { priority: 150 } })]);
    const told = (): string[] => b.events.filter((text) => text.includes('make both lists alike'));
    await b.until(() => told().length > 0, 'b explains');
    assert.deepEqual(network.owners('10.77.0.101'), ['a']);
    assert.equal(b.standing?.takeovers, 0);
    assert.equal(told().filter((text) => text.includes('10.77.0.1 ')).length, 1);
  }),
);
