// What an election does in the situations that people have met: each with figures of the default,
// 20 ms and eight misses, in a cluster in made-up time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { step } from './election.ts';
import { DEFAULT, pair, watch } from './pair-testkit.ts';
import { Simulation, type SimNode } from './simulation-testkit.ts';
import type { ElectionEvent } from './words.ts';

const spoof = (sim: Simulation, to: SimNode, priority: number): void =>
  sim.tell(to, advert({ peer: 'spoof', priority }));

const advert = (
  given: Partial<Extract<ElectionEvent, { kind: 'advert' }>['advert']>,
): ElectionEvent => ({
  kind: 'advert',
  advert: {
    peer: 'x',
    priority: 100,
    intervalMs: 20,
    addresses: 'same',
    winsTie: true,
    ...given,
  },
});

test('election: both start together: one owner within 0.3 s, the one of higher priority', () => {
  const sim = new Simulation(1, [DEFAULT, { ...DEFAULT, priority: 150 }]);
  for (const node of sim.nodes) sim.start(node);
  const seen = watch(sim, 300);
  assert.deepEqual(sim.owners(), [1]);
  assert.equal(seen.twoMs, 0);
  assert.ok(seen.noneMs < 250, `${seen.noneMs} ms`);
});

test('election: equal priorities: the greater address wins, and nothing moves after that', () => {
  const sim = new Simulation(1, [DEFAULT, DEFAULT]);
  for (const node of sim.nodes) sim.start(node);
  sim.runUntil(1_000);
  assert.deepEqual(sim.owners(), [1]);
  assert.equal(watch(sim, 60_000).moves, 0);
});

test('election: power loss: the other node serves within 0.2 s', () => {
  const { sim, a } = pair();
  sim.powerOff(a);
  const seen = watch(sim, 3_000);
  assert.deepEqual(sim.owners(), [1]);
  assert.ok(seen.noneMs < 200, `${seen.noneMs} ms`);
});

test('election: the node that comes back takes nothing away, whatever its priority', () => {
  const { sim, a } = pair();
  sim.powerOff(a);
  sim.runUntil(3_000);
  a.isOn = true;
  sim.start(a);
  assert.equal(watch(sim, 20_000).moves, 0);
  assert.deepEqual(sim.owners(), [1]);
});

test('election: with preemption it takes the addresses back, after the delay, without silence', () => {
  const { sim, a } = pair({ a: { preempt: true, preemptDelayMs: 5_000 } });
  sim.powerOff(a);
  sim.runUntil(3_000);
  a.isOn = true;
  sim.start(a);
  const early = watch(sim, 7_500);
  assert.equal(early.moves, 0);
  const late = watch(sim, 10_000);
  assert.deepEqual(sim.owners(), [0]);
  assert.equal(late.noneMs, 0);
  assert.ok(late.twoMs < 100, `${late.twoMs} ms`);
});

test('election: a guardian that is killed: never two owners, and no silence but the change', () => {
  const { sim, a } = pair();
  sim.kill(a);
  const seen = watch(sim, 5_000);
  assert.deepEqual(sim.owners(), [1]);
  assert.equal(seen.twoMs, 0);
  assert.ok(seen.noneMs < 100, `${seen.noneMs} ms`);
});

test('election: a guardian that is killed and replaced within the down interval keeps all', () => {
  const { sim, a } = pair();
  sim.kill(a);
  sim.at(sim.nowMs + 50, () => sim.start(a));
  const seen = watch(sim, 5_000);
  assert.deepEqual([sim.owners(), seen], [[0], { twoMs: 0, noneMs: 0, moves: 0 }]);
});

test('election: a guardian that is replaced late listens while it holds, and goes on', () => {
  const { sim, a } = pair();
  sim.kill(a);
  sim.at(sim.nowMs + 700, () => sim.start(a));
  const seen = watch(sim, 5_000);
  assert.deepEqual([sim.owners(), seen], [[0], { twoMs: 0, noneMs: 0, moves: 0 }]);
});

test('election: a guardian that hangs for longer than the lease, then goes on: never two', () => {
  const { sim, a } = pair();
  sim.stopProcess(a);
  sim.at(sim.nowMs + 4_000, () => sim.resumeProcess(a));
  const seen = watch(sim, 9_000);
  assert.deepEqual(sim.owners(), [1]);
  assert.equal(seen.twoMs, 0);
  assert.ok(seen.noneMs < 100, `${seen.noneMs} ms`);
});

test('election: guardian hung and service dead: no wait for the lease', () => {
  const { sim, a } = pair();
  sim.stopProcess(a);
  a.service = 'silent';
  const seen = watch(sim, 6_000);
  assert.deepEqual(sim.owners(), [1]);
  assert.ok(seen.twoMs > 0 && seen.twoMs < 2_000, `${seen.twoMs} ms`);
  assert.equal(seen.noneMs, 0);
});

test('election: nobody listens at the address of a silent node: claimed without another look', () => {
  for (const [service, isClaimed] of [
    ['refused', true],
    ['reset', false],
    ['silent', false],
  ] as const) {
    const { sim, a } = pair();
    sim.stopProcess(a);
    a.service = service;
    // The down interval, and a little for the answer.
    watch(sim, sim.nowMs + 190);
    assert.equal(sim.owners().includes(1), isClaimed, service);
    watch(sim, sim.nowMs + 60);
    assert.ok(sim.owners().includes(1), service);
  }
});

test('election: advertisements lost one way, for ever: the owner that answers is left alone', () => {
  const { sim } = pair();
  sim.links[0]![1]!.isDeaf = true;
  const seen = watch(sim, 30_000);
  assert.deepEqual([sim.owners(), seen], [[0], { twoMs: 0, noneMs: 0, moves: 0 }]);
});

test('election: all frames lost from the owner to its backup: one owner within 0.5 s', () => {
  const { sim } = pair();
  sim.links[0]![1]!.isCut = true;
  const seen = watch(sim, 30_000);
  assert.deepEqual(sim.owners(), [1]);
  assert.equal(seen.moves, 1);
  assert.ok(seen.twoMs < 500, `${seen.twoMs} ms`);
});

test('election: all frames lost from the backup to the owner: nothing happens', () => {
  const { sim } = pair();
  sim.links[1]![0]!.isCut = true;
  assert.equal(watch(sim, 30_000).moves, 0);
  assert.deepEqual(sim.owners(), [0]);
});

test('election: a node that is cut off from everything does not claim', () => {
  const { sim, b } = pair();
  for (let i = 0; i < 3; i++) sim.links[i]![1]!.isCut = sim.links[1]![i]!.isCut = true;
  const seen = watch(sim, 30_000);
  assert.deepEqual([sim.owners(), seen.moves], [[0], 0]);
  assert.equal(b.state.name, 'backup');
});

test('election: a partition heals within 0.1 s, and the winner announces again', () => {
  const { sim, a, b } = pair();
  sim.links[0]![1]!.isCut = sim.links[1]![0]!.isCut = true;
  sim.runUntil(3_000);
  assert.deepEqual(sim.owners(), [0, 1]);
  const before = a.announcements;
  sim.links[0]![1]!.isCut = sim.links[1]![0]!.isCut = false;
  const seen = watch(sim, 6_000);
  assert.deepEqual(sim.owners(), [0]);
  assert.equal(b.state.name, 'backup');
  assert.ok(seen.twoMs < 100, `${seen.twoMs} ms`);
  assert.equal(seen.noneMs, 0);
  assert.ok(a.announcements > before);
});

test('election: loss of 10 % for ten minutes moves nothing; of 30 % for two, once at most', () => {
  for (const [loss, minutes, most] of [
    [0.1, 10, 0],
    [0.3, 2, 1],
  ] as const) {
    const { sim } = pair();
    for (const row of sim.links) for (const link of row) link.loss = loss;
    const { moves } = watch(sim, sim.nowMs + minutes * 60_000);
    assert.ok(moves <= most, `${moves} moves at ${loss}`);
  }
});

test('election: forged advertisements of priority 255 move nothing, at any rate', () => {
  for (const everyMs of [1_000, 20, 1]) {
    const { sim, a, b } = pair();
    const forge = (): void => {
      spoof(sim, a, 255);
      spoof(sim, b, 255);
      sim.at(sim.nowMs + everyMs, forge);
    };
    forge();
    const seen = watch(sim, 20_000);
    assert.deepEqual([sim.owners(), seen.moves, seen.noneMs], [[0], 0, 0], `each ${everyMs} ms`);
  }
});

test('election: forged advertisements do not keep a backup from taking over', () => {
  const { sim, a, b } = pair();
  const forge = (): void => {
    spoof(sim, b, 255);
    sim.at(sim.nowMs + 20, forge);
  };
  forge();
  sim.runUntil(2_000);
  sim.powerOff(a);
  const seen = watch(sim, 6_000);
  assert.deepEqual(sim.owners(), [1]);
  assert.ok(seen.noneMs < 500, `${seen.noneMs} ms`);
});

test('election: forged resignations move nothing', () => {
  const { sim, b } = pair();
  const forge = (): void => {
    sim.tell(b, advert({ peer: '0', priority: 0 }));
    sim.at(sim.nowMs + 500, forge);
  };
  forge();
  assert.equal(watch(sim, 20_000).moves, 0);
});

test('election: another cluster with the same vrid is no rival', () => {
  const { sim, a, b } = pair();
  const foreign = advert({ peer: 'foreign', priority: 255, addresses: 'disjoint' });
  for (let i = 0; i < 500; i++) {
    sim.at(1_000 + 20 * i, () => {
      sim.tell(a, foreign);
      sim.tell(b, foreign);
    });
  }
  assert.equal(watch(sim, 12_000).moves, 0);
  sim.powerOff(a);
  assert.ok(watch(sim, 14_000).noneMs < 200);
});

test('election: another cluster alone does not keep a node from claiming', () => {
  const sim = new Simulation(1, [DEFAULT]);
  sim.hasWitness = false;
  const foreign = advert({ peer: 'foreign', priority: 255, addresses: 'disjoint' });
  for (let i = 0; i < 50; i++) sim.at(20 * i, () => sim.tell(sim.nodes[0]!, foreign));
  sim.start(sim.nodes[0]!);
  sim.runUntil(400);
  assert.deepEqual(sim.owners(), [0]);
});

test('election: a higher peer is given way to when another host answers for the addresses', () => {
  const { sim, a } = pair();
  const heard = step(a.state, advert({ peer: 'c', priority: 200 }), sim.nowMs + 1);
  const question = heard.effects.find(({ kind }) => kind === 'ask');
  assert.ok(question?.kind === 'ask');
  const said = {
    question: question.question,
    service: 'ok',
    witnesses: 'answered',
    peers: 'answered',
  } as const;
  for (const owner of ['silent', 'answered'] as const) {
    const answer = { ...said, owner };
    const after = step(heard.state, { kind: 'answer', answer }, sim.nowMs + 2);
    const released = after.effects.some(({ kind }) => kind === 'release');
    assert.equal(released, owner === 'answered');
    assert.equal(after.state.name, owner === 'answered' ? 'backup' : 'active');
  }
});

test('election: a planned move: the successor has the addresses before the other lets go', () => {
  const { sim, a } = pair();
  sim.tell(a, { kind: 'move' });
  const seen = watch(sim, 30_000);
  assert.deepEqual([sim.owners(), seen.moves, seen.noneMs], [[1], 1, 0]);
  assert.ok(seen.twoMs > 0 && seen.twoMs < 50, `${seen.twoMs} ms`);
});

test('election: a planned move that nobody takes up is called off', () => {
  const { sim, a, b } = pair();
  sim.powerOff(b);
  sim.tell(a, { kind: 'move' });
  const seen = watch(sim, 4_000);
  assert.deepEqual([sim.owners(), seen.noneMs], [[0], 0]);
  assert.equal(a.state.reason, 'nobody-took-over');
});

test('election: stop gives the addresses away first, and waits for nobody for ever', () => {
  const { sim, a, b } = pair();
  sim.tell(a, { kind: 'stop' });
  const seen = watch(sim, 3_000);
  assert.deepEqual([sim.owners(), seen.noneMs], [[1], 0]);
  assert.equal(a.state.name, 'initialize');
  sim.tell(b, { kind: 'stop' });
  sim.runUntil(4_100);
  assert.deepEqual(sim.owners(), []);
});

test('election: a node that cannot serve gives way within 0.1 s, without silence of its own', () => {
  const { sim, a } = pair();
  sim.tell(a, { kind: 'fitness', fitness: { kind: 'unfit', reason: 'worker' } });
  const seen = watch(sim, 5_000);
  assert.deepEqual([sim.owners(), seen.noneMs, seen.moves], [[1], 0, 1]);
  assert.ok(seen.twoMs < 50);
});

test('election: when no node can serve, the addresses stay where they are', () => {
  const { sim, a, b } = pair();
  sim.tell(b, { kind: 'fitness', fitness: { kind: 'unfit', reason: 'pool' } });
  sim.tell(a, { kind: 'fitness', fitness: { kind: 'unfit', reason: 'pool' } });
  const seen = watch(sim, 20_000);
  assert.deepEqual([sim.owners(), seen], [[0], { twoMs: 0, noneMs: 0, moves: 0 }]);
  sim.tell(b, { kind: 'fitness', fitness: { kind: 'fit', drop: 0 } });
  assert.equal(watch(sim, 21_000).moves, 1);
  assert.deepEqual(sim.owners(), [1]);
});

test('election: a priority that falls below that of a better node moves once, and not back', () => {
  const { sim, a } = pair();
  sim.tell(a, { kind: 'fitness', fitness: { kind: 'fit', drop: 60 } });
  assert.equal(watch(sim, 3_000).moves, 1);
  assert.deepEqual(sim.owners(), [1]);
  sim.tell(a, { kind: 'fitness', fitness: { kind: 'fit', drop: 0 } });
  assert.equal(watch(sim, 20_000).moves, 0);
});

test('election: a link that flaps is trusted later each time', () => {
  const { sim, b } = pair();
  const waits: number[] = [];
  for (let i = 0; i < 5; i++) {
    sim.tell(b, { kind: 'fitness', fitness: { kind: 'no-link' } });
    assert.equal(b.state.name, 'fault');
    sim.tell(b, { kind: 'fitness', fitness: { kind: 'fit', drop: 0 } });
    waits.push(b.state.downMs - sim.nowMs);
  }
  assert.ok(waits[0]! < 200);
  for (let i = 1; i < 5; i++) assert.ok(waits[i]! > waits[i - 1]!, waits.join(' '));
  assert.ok(waits[4]! <= 5_200);
});

test('election: no link releases at once', () => {
  const { sim, a } = pair();
  sim.tell(a, { kind: 'fitness', fitness: { kind: 'no-link' } });
  assert.deepEqual(sim.owners(), []);
  assert.equal(a.state.name, 'fault');
});

test('election: a lower claimant is answered at once (RFC 9568 §6.4.3), floods are not', () => {
  const { sim, a } = pair();
  let answers = 0;
  for (let i = 0; i < 1_000; i++) {
    const { state, effects } = step(a.state, advert({ priority: 10 }), sim.nowMs + 11 + i / 100);
    a.state = state;
    answers += effects.filter(({ kind }) => kind === 'advertise').length;
  }
  assert.ok(answers >= 1 && answers <= 2, String(answers));
});

test('election: step leaves the state it is given as it was', () => {
  const { a, sim } = pair();
  const before = structuredClone(a.state);
  step(a.state, advert({ priority: 255 }), sim.nowMs + 5);
  step(a.state, { kind: 'stop' }, sim.nowMs + 5);
  assert.deepEqual(a.state, before);
});
