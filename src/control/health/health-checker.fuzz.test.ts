import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CheckPlan } from '../../config/plan-check.ts';
import { HealthChecker } from './health-checker.ts';
import { DOWN_PROBES_MAX, PROBES_MAX } from './probe-gate.ts';
import type { ProbeReason, ProbeResult } from './probe.ts';
import { checkPlan, ipv4, planOf, poolPlan, serverPlan } from './test-plan.ts';

const CHECKS = [checkPlan(), checkPlan({ everyMs: 90, fall: 1 }), checkPlan({ port: 99 }), null];
const REASONS: ProbeReason[] = ['check-passed', 'check-passed', 'timeout', 'status', 'local-stall'];

const actions = fc.oneof(
  fc.record({
    kind: fc.constant('apply' as const),
    names: fc.uniqueArray(fc.nat({ max: 300 }), { maxLength: 260 }),
    check: fc.constantFrom(...CHECKS),
    port: fc.integer({ min: 1, max: 2 }),
  }),
  fc.record({ kind: fc.constant('advance' as const), ms: fc.nat({ max: 1500 }) }),
  fc.record({
    kind: fc.constant('end' as const),
    count: fc.nat({ max: 250 }),
    reason: fc.constantFrom(...REASONS),
  }),
);

type Action = typeof actions extends fc.Arbitrary<infer T> ? T : never;

/** A checker beside a model of what its owner was told. */
class Model {
  readonly running = new Set<(result: ProbeResult) => void>();
  readonly checker: HealthChecker;
  readonly #told = new Map<string, string>();
  #nowMs = 0;
  #timer: { readonly callback: () => void; readonly atMs: number } | null = null;

  constructor() {
    this.checker = new HealthChecker({
      clock: {
        now: () => this.#nowMs,
        startTimer: (callback, delayMs) => this.#startTimer(callback, delayMs),
      },
      random: () => 0.5,
      probe: (_, done) => {
        this.running.add(done);
        return () => this.running.delete(done);
      },
      onChange: ({ serverKey, from, to }) => {
        assert.equal(this.#told.get(serverKey), from);
        this.#told.set(serverKey, to);
      },
    });
  }

  get hasTimer(): boolean {
    return this.#timer !== null;
  }

  act(action: Action): void {
    if (action.kind === 'apply') this.#apply(action.names, action.check, action.port);
    else if (action.kind === 'advance') this.#advance(action.ms);
    else this.#end(action.count, action.reason);
  }

  verify(): void {
    const { checker } = this;
    assert.ok(this.running.size <= PROBES_MAX);
    assert.equal(checker.probesRunning, this.running.size);
    if (checker.probesRunning < DOWN_PROBES_MAX) assert.equal(checker.probesWaiting, 0);
    for (const { serverKey, observed } of checker.states()) {
      assert.equal(this.#told.get(serverKey), observed);
    }
  }

  #startTimer(callback: () => void, delayMs: number): () => void {
    assert.equal(this.#timer, null, 'one timer at a time');
    const own = { callback, atMs: this.#nowMs + delayMs };
    this.#timer = own;
    return () => {
      if (this.#timer === own) this.#timer = null;
    };
  }

  #apply(names: readonly number[], check: CheckPlan | null, port: number): void {
    const address = ipv4('10.0.0.1', port);
    const servers = names.map((name) => serverPlan('p', String(name), address));
    this.checker.apply(planOf([poolPlan('p', check, servers)]));
    const keys = new Set(servers.map((server) => server.key));
    for (const key of this.#told.keys()) if (!keys.has(key)) this.#told.delete(key);
    for (const { serverKey, observed } of this.checker.states()) {
      if (!this.#told.has(serverKey)) this.#told.set(serverKey, observed);
    }
  }

  #advance(ms: number): void {
    this.#nowMs += ms;
    const timer = this.#timer;
    if (timer === null || timer.atMs > this.#nowMs) return;
    this.#timer = null;
    timer.callback();
  }

  #end(count: number, reason: ProbeReason): void {
    const result = { passed: reason === 'check-passed', reason, detail: '', durationMs: 1 };
    for (const done of [...this.running].slice(0, count)) {
      this.running.delete(done);
      done(result);
    }
  }
}

test('HealthChecker keeps its limits and its changes in step through any history', () => {
  fc.assert(
    fc.property(fc.array(actions, { maxLength: 40 }), (history) => {
      const model = new Model();
      for (const action of history) {
        model.act(action);
        model.verify();
      }
      model.checker.stop();
      assert.equal(model.running.size, 0);
      assert.equal(model.hasTimer, false);
    }),
  );
});
