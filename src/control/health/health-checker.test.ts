import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckPlan } from '../../config/plan-check.ts';
import type { PoolPlan } from '../../config/plan.ts';
import { HealthChecker } from './health-checker.ts';
import type { HealthChange } from './health-checker.ts';
import type { HealthClock } from './health-clock.ts';
import { DOWN_PROBES_MAX, PROBES_MAX } from './probe-gate.ts';
import type { ProbeReason, ProbeResult, ProbeTarget } from './probe.ts';
import { checkPlan, ipv4, planOf, poolPlan, serverPlan } from './test-plan.ts';

type Running = { readonly target: ProbeTarget; readonly done: (result: ProbeResult) => void };

/** A checker with a clock and probes that the test moves by hand. */
class Bench implements HealthClock {
  readonly changes: HealthChange[] = [];
  /** Probes that were begun and have neither ended nor been cancelled, oldest first. */
  readonly running: Running[] = [];
  /** When each probe began, by the port of its target. */
  readonly begun: [number, number][] = [];
  readonly checker: HealthChecker;
  #nowMs = 1000;
  readonly #timers = new Map<() => void, number>();

  constructor(random: () => number = () => 0.5) {
    this.checker = new HealthChecker({
      clock: this,
      random,
      probe: (target, done) => {
        const entry = { target, done };
        this.running.push(entry);
        this.begun.push([target.address.port, this.#nowMs]);
        return () => this.#take(entry);
      },
      onChange: (change) => this.changes.push(change),
    });
  }

  now(): number {
    return this.#nowMs;
  }

  startTimer(callback: () => void, delayMs: number): () => void {
    this.#timers.set(callback, this.#nowMs + delayMs);
    return () => this.#timers.delete(callback);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Moves time on, running each timer at its time. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [first] = [...this.#timers].sort((a, b) => a[1] - b[1]);
      if (first === undefined || first[1] > endMs) break;
      this.#nowMs = first[1];
      this.#timers.delete(first[0]);
      first[0]();
    }
    this.#nowMs = endMs;
  }

  /** Ends the running probe of this port. */
  end(port: number, reason: ProbeReason): void {
    const entry = this.running.find(({ target }) => target.address.port === port);
    assert.ok(entry, `no probe of port ${port} runs`);
    this.#take(entry);
    entry.done({ passed: reason === 'check-passed', reason, detail: 'a detail', durationMs: 3 });
  }

  /** Waits for the next probe of this port, at most 10 s, and ends it. */
  next(port: number, reason: ProbeReason): void {
    for (let i = 0; i < 1000 && !this.isRunning(port); i++) this.advance(10);
    this.end(port, reason);
  }

  isRunning(port: number): boolean {
    return this.running.some(({ target }) => target.address.port === port);
  }

  observed(key = 'p/1'): string | undefined {
    return this.checker.state(key)?.observed;
  }

  #take(entry: Running): void {
    const index = this.running.indexOf(entry);
    if (index !== -1) this.running.splice(index, 1);
  }
}

/** Pool `p` whose servers have these ports as their names, too. */
function pool(check: CheckPlan | null, ports: readonly number[] = [1]): PoolPlan {
  const servers = ports.map((port) => serverPlan('p', String(port), ipv4('10.0.0.1', port)));
  return poolPlan('p', check, servers);
}

/** Ports 1 … count. */
function portsTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

const CHECK = checkPlan();

function started(check: CheckPlan | null = CHECK, count = 1): Bench {
  const bench = new Bench();
  bench.checker.apply(planOf([pool(check, portsTo(count))]));
  return bench;
}

test('HealthChecker probes a new server within half a second and lets one result decide', () => {
  const bench = started();
  assert.equal(bench.observed(), 'unknown');
  bench.advance(500);
  bench.end(1, 'check-passed');
  assert.deepEqual(bench.changes, [
    {
      serverKey: 'p/1',
      from: 'unknown',
      to: 'up',
      reason: 'check-passed',
      detail: 'a detail',
      atMs: 1500,
    },
  ]);
  assert.equal(bench.observed(), 'up');
});

test('HealthChecker spreads the first probes of 2,000 servers', () => {
  let seed = 0;
  const bench = new Bench(() => (seed = (seed + 0.6180339887) % 1));
  bench.checker.apply(planOf([pool(CHECK, portsTo(2000))]));
  for (let i = 0; i < 51; i++) {
    bench.advance(10);
    while (bench.running.length > 0) {
      bench.end(bench.running[0]!.target.address.port, 'check-passed');
    }
  }
  const perTurn = new Map<number, number>();
  for (const [, atMs] of bench.begun) perTurn.set(atMs, (perTurn.get(atMs) ?? 0) + 1);
  assert.equal(bench.begun.length, 2000);
  assert.ok(Math.max(...perTurn.values()) < 60, 'no instant has many of them');
  assert.equal(bench.checker.probeWaits, 0);
});

test('HealthChecker damps a flapping server by rise and fall', () => {
  const bench = started();
  bench.next(1, 'check-passed');
  for (let i = 0; i < 5; i++) {
    bench.next(1, 'timeout');
    assert.equal(bench.observed(), 'falling');
    bench.next(1, 'check-passed');
  }
  bench.next(1, 'timeout');
  bench.next(1, 'connect-refused');
  for (let i = 0; i < 5; i++) {
    bench.next(1, 'check-passed');
    assert.equal(bench.observed(), 'rising');
    bench.next(1, 'timeout');
  }
  assert.equal(
    bench.changes.filter((change) => change.to === 'down' && change.from !== 'rising').length,
    1,
  );
  assert.equal(
    bench.changes.filter((change) => change.to === 'up' && change.from === 'rising').length,
    0,
  );
});

test('HealthChecker changes nothing on an inconclusive result, and asks again', () => {
  const bench = started();
  bench.next(1, 'check-passed');
  for (let i = 0; i < 5; i++) bench.next(1, 'local-stall');
  assert.equal(bench.observed(), 'up');
  assert.equal(bench.checker.state('p/1')?.failures, 0);
  assert.equal(bench.checker.counters.inconclusive, 5);
});

test('HealthChecker takes servers of a pool without check as up, not-checked, unprobed', () => {
  const bench = started(null);
  bench.advance(10_000);
  const state = bench.checker.state('p/1')!;
  assert.equal(state.observed, 'up');
  assert.equal(state.reason, 'not-checked');
  assert.equal(state.isChecked, false);
  assert.equal(bench.begun.length, 0);
});

test('HealthChecker probes the port of the check where it has one', () => {
  const bench = started(checkPlan({ port: 9000 }));
  bench.advance(500);
  assert.equal(bench.begun[0]?.[0], 9000);
});

test('HealthChecker keeps verdict, streak and timers through a plan with the same check', () => {
  const bench = started();
  const undisturbed = started();
  for (const each of [bench, undisturbed]) {
    each.next(1, 'check-passed');
    each.next(1, 'timeout');
    each.advance(100);
  }
  bench.checker.apply(planOf([pool(checkPlan(), [1, 2])]));
  assert.equal(bench.observed(), 'falling');
  bench.next(1, 'timeout');
  undisturbed.next(1, 'timeout');
  assert.equal(bench.observed(), 'down');
  const timesOf = (each: Bench): unknown => each.begun.filter(([port]) => port === 1);
  assert.deepEqual(timesOf(bench), timesOf(undisturbed));
  assert.equal(bench.observed('p/2'), 'unknown');
});

test('HealthChecker lets a probe that runs through a reload count', () => {
  const bench = started();
  bench.advance(500);
  bench.checker.apply(planOf([pool(checkPlan({ everyMs: 3000 }))]));
  bench.end(1, 'check-passed');
  assert.equal(bench.observed(), 'up');
});

test('HealthChecker keeps the verdict where only times and thresholds of the check change', () => {
  const bench = started();
  bench.next(1, 'check-passed');
  bench.checker.apply(planOf([pool(checkPlan({ everyMs: 60, fall: 1 }))]));
  assert.equal(bench.observed(), 'up');
  assert.equal(bench.changes.length, 1);
  bench.advance(60);
  bench.end(1, 'timeout');
  assert.equal(bench.observed(), 'down');
});

test('HealthChecker keeps a verdict until the first answer to another question', () => {
  const bench = started();
  bench.next(1, 'check-passed');
  bench.advance(1010);
  assert.ok(bench.isRunning(1));
  // As a check for a role has it: a new password must not take all servers down.
  for (const port of [9000, 9001]) {
    bench.checker.apply(planOf([pool(checkPlan({ port, start: 'down' }))]));
    assert.equal(bench.observed(), 'up');
  }
  assert.equal(bench.isRunning(1), false, 'the old probe is cancelled');
  bench.next(9001, 'status');
  assert.equal(bench.observed(), 'down', 'the first answer decides alone');
  bench.checker.apply(planOf([pool(checkPlan({ port: 9000 }))]));
  assert.equal(bench.observed(), 'down', 'a bad server gets nothing for a new question');
});

test('HealthChecker starts a server anew where its address changes', () => {
  const bench = started();
  bench.next(1, 'check-passed');
  const server = serverPlan('p', '1', ipv4('10.0.0.2', 1));
  bench.checker.apply(planOf([poolPlan('p', CHECK, [server])]));
  assert.equal(bench.observed(), 'unknown');
});

test('HealthChecker starts a server anew where its own port changes, not that of the check', () => {
  const check = checkPlan({ port: 9000 });
  const bench = started(check);
  bench.next(9000, 'check-passed');
  const server = serverPlan('p', '1', ipv4('10.0.0.1', 2));
  bench.checker.apply(planOf([poolPlan('p', check, [server])]));
  assert.equal(bench.observed(), 'unknown');
});

test('HealthChecker tells of servers whose pool loses its check', () => {
  const bench = started();
  bench.next(1, 'timeout');
  bench.checker.apply(planOf([pool(null)]));
  const { from, to, reason } = bench.changes.at(-1)!;
  assert.deepEqual([from, to, reason], ['down', 'up', 'not-checked']);
  bench.advance(5000);
  assert.equal(bench.begun.length, 1);
});

test('HealthChecker shows the whole new plan to who is told of a change', () => {
  const seen: string[][] = [];
  const bench = new Bench();
  const checker: HealthChecker = new HealthChecker({
    clock: bench,
    random: () => 0.5,
    probe: () => () => undefined,
    onChange: () => seen.push([...checker.states()].map((state) => state.serverKey)),
  });
  checker.apply(planOf([pool(CHECK, [1, 2])]));
  checker.apply(planOf([pool(null, [1, 2, 3])]));
  assert.deepEqual(seen, [
    ['p/1', 'p/2', 'p/3'],
    ['p/1', 'p/2', 'p/3'],
  ]);
});

test('HealthChecker stops the probes and timers of removed servers', () => {
  const bench = started(CHECK, 2);
  bench.advance(500);
  assert.equal(bench.running.length, 2);
  bench.checker.apply(planOf([pool(CHECK, [2])]));
  assert.equal(bench.isRunning(1), false);
  assert.equal(bench.checker.state('p/1'), null);
  bench.end(2, 'check-passed');
  bench.advance(10_000);
  assert.equal(bench.begun.filter(([port]) => port === 1).length, 1);
});

test('HealthChecker takes over a new weight without touching the verdict', () => {
  const bench = started();
  bench.next(1, 'check-passed');
  const server = { ...serverPlan('p', '1', ipv4('10.0.0.1', 1)), weight: 7 };
  bench.checker.apply(planOf([poolPlan('p', CHECK, [server])]));
  assert.equal(bench.checker.state('p/1')?.weight, 7);
  assert.equal(bench.checker.state('p/1')?.observed, 'up');
});

test('HealthChecker runs at most PROBES_MAX probes at once; the others follow in turn', () => {
  const bench = started(CHECK, PROBES_MAX + 50);
  bench.advance(500);
  assert.equal(bench.running.length, PROBES_MAX);
  assert.equal(bench.checker.probesWaiting, 50);
  assert.equal(bench.checker.probeWaits, 50);
  const first = bench.running.slice(0, 50).map(({ target }) => target.address.port);
  for (const port of first) bench.end(port, 'check-passed');
  assert.equal(bench.running.length, PROBES_MAX);
  assert.equal(bench.checker.probesWaiting, 0);
  assert.equal(new Set(bench.begun.map(([port]) => port)).size, PROBES_MAX + 50);
});

test('HealthChecker keeps checking healthy servers while very many down ones hang', () => {
  const count = PROBES_MAX + 1;
  const bench = started(CHECK, count);
  for (let port = 1; port <= PROBES_MAX; port++) bench.next(port, 'connect-timeout');
  bench.next(count, 'check-passed');
  bench.advance(2000);
  assert.equal(bench.running.length, DOWN_PROBES_MAX + 1, 'the down ones fill their lane only');
  bench.next(count, 'check-passed');
  bench.next(count, 'check-passed');
});

test('HealthChecker counts probes, failures by reason, and keeps the latest result', () => {
  const bench = started();
  bench.next(1, 'check-passed');
  bench.next(1, 'status');
  bench.next(1, 'status');
  bench.next(1, 'timeout');
  const { counters } = bench.checker;
  assert.equal(counters.probes, 4);
  assert.deepEqual(
    [...counters.failures],
    [
      ['status', 2],
      ['timeout', 1],
    ],
  );
  assert.equal(counters.changes, 3);
  const state = bench.checker.state('p/1')!;
  assert.deepEqual([state.probes, state.failures], [4, 3]);
  assert.deepEqual([state.lastProbe?.reason, state.lastProbe?.durationMs], ['timeout', 3]);
});

test('HealthChecker stop cancels all probes and leaves no timer', () => {
  const bench = started(CHECK, PROBES_MAX + 10);
  bench.advance(500);
  bench.checker.stop();
  assert.equal(bench.running.length, 0);
  assert.equal(bench.timers, 0);
  assert.equal(bench.checker.probesRunning + bench.checker.probesWaiting, 0);
  assert.deepEqual([...bench.checker.states()], []);
});

test('HealthChecker setPaused: a paused server is not probed, keeps its verdict, and begins anew after the pause', () => {
  const bench = new Bench();
  bench.checker.apply(planOf([pool(CHECK)]));
  bench.next(1, 'check-passed');
  bench.advance(1000);
  assert.ok(bench.isRunning(1));
  bench.checker.setPaused('p/1', true);
  assert.equal(bench.isRunning(1), false);
  assert.equal(bench.checker.probesRunning, 0);
  const begun = bench.begun.length;
  bench.advance(60_000);
  assert.equal(bench.begun.length, begun);
  assert.equal(bench.timers, 0);
  assert.equal(bench.checker.state('p/1')!.observed, 'up');
  // A reload changes nothing of it, not even one that asks for another check.
  bench.checker.apply(planOf([pool(checkPlan({ everyMs: 3000 }))]));
  bench.advance(60_000);
  assert.equal(bench.begun.length, begun);
  bench.checker.setPaused('p/1', false);
  assert.deepEqual(bench.changes.at(-1), {
    serverKey: 'p/1',
    from: 'up',
    to: 'unknown',
    reason: 'pause-over',
    detail: 'its check begins anew',
    atMs: bench.now(),
  });
  bench.next(1, 'connect-refused');
  assert.equal(bench.checker.state('p/1')!.observed, 'down');
});
