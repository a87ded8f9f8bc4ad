import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HandClock } from '../server-states/hand-clock-testkit.ts';
import { EVERY_MS, GATHER_MS, NameUpdates, RETRY_MS } from './name-updates.ts';

class Bench {
  readonly clock = new HandClock();
  readonly appliedAtMs: number[] = [];
  isGood = true;
  /** Set to hold the next plan up. */
  gate: Promise<void> | null = null;
  readonly updates = new NameUpdates({
    clock: this.clock,
    apply: async () => {
      this.appliedAtMs.push(this.clock.now() - this.#beganAtMs);
      await this.gate;
      return this.isGood;
    },
  });
  readonly #beganAtMs = this.clock.now();

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

test('NameUpdates puts what comes together in force together', async () => {
  const it = new Bench();
  for (let i = 0; i < 5; i++) {
    it.updates.request();
    await it.pass(1);
  }
  await it.pass(1_000);
  assert.deepEqual(it.appliedAtMs, [GATHER_MS]);
});

test('NameUpdates puts no more plans in force than one in its time', async () => {
  const it = new Bench();
  for (let i = 0; i < 1_000; i += 10) {
    it.updates.request();
    await it.pass(10);
  }
  await it.pass(1_000);
  const expected = [0, 1, 2, 3, 4, 5].map((i) => GATHER_MS + i * EVERY_MS);
  assert.deepEqual(it.appliedAtMs.slice(0, 5), expected.slice(0, 5));
  assert.ok(it.appliedAtMs.length <= 6);
});

test('NameUpdates begins none while one is under way, and one more after it', async () => {
  const it = new Bench();
  let open = (): void => {};
  it.gate = new Promise((resolve) => {
    open = resolve;
  });
  it.updates.request();
  await it.pass(GATHER_MS);
  it.updates.request();
  it.updates.request();
  await it.pass(10_000);
  assert.equal(it.appliedAtMs.length, 1);
  it.gate = null;
  open();
  await it.pass(0);
  await it.pass(EVERY_MS);
  assert.equal(it.appliedAtMs.length, 2);
  await it.pass(60_000);
  assert.equal(it.appliedAtMs.length, 2);
});

test('NameUpdates tries again what could not be put in force', async () => {
  const it = new Bench();
  it.isGood = false;
  it.updates.request();
  await it.pass(GATHER_MS);
  it.isGood = true;
  await it.pass(RETRY_MS);
  assert.deepEqual(it.appliedAtMs, [GATHER_MS, GATHER_MS + RETRY_MS]);
  await it.pass(60_000);
  assert.equal(it.appliedAtMs.length, 2);
});

test('NameUpdates does not let a change wait for what is tried again', async () => {
  const it = new Bench();
  it.isGood = false;
  it.updates.request();
  await it.pass(GATHER_MS);
  it.isGood = true;
  await it.pass(1_000);
  it.updates.request();
  await it.pass(GATHER_MS);
  await it.pass(60_000);
  assert.deepEqual(it.appliedAtMs, [GATHER_MS, GATHER_MS + 1_000 + GATHER_MS]);
});

test('NameUpdates that is stopped does nothing more', async () => {
  const it = new Bench();
  it.updates.request();
  it.updates.stop();
  it.updates.request();
  await it.pass(60_000);
  assert.deepEqual(it.appliedAtMs, []);
  assert.equal(it.clock.timers, 0);
});
