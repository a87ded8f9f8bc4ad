import assert from 'node:assert/strict';
import test from 'node:test';
import {
  HOLDS,
  LOOK_MS_MAX,
  NO_CERTIFICATES,
  RETRY_AFTER_MS_MAX,
  RETRY_GAP_MS,
  renewalAtMs,
  step,
  waitMs,
} from './acme-renewal.ts';
import type { AcmeEffect, AcmeEvent, HeldCertificate, WantedCertificate } from './acme-renewal.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.parse('2030-01-01T00:00:00Z');
const UNTRIED = { failures: 0, interruptions: 0, holdMs: 0, isHoldAsked: false };

/** The machine with clocks of its own; without spread, so that times are exact. */
class Made {
  state = NO_CERTIFICATES;
  wallMs = START_MS;
  steadyMs = 1_000;
  armedMs = Infinity;
  begun: string[] = [];
  cancels = 0;
  kept = new Map<string, Extract<AcmeEffect, { kind: 'keep' }>['kept']>();

  get now() {
    return { wallMs: this.wallMs, steadyMs: this.steadyMs, random: 0 };
  }

  send(event: AcmeEvent): void {
    const { state, effects } = step(this.state, event, this.now);
    this.state = state;
    for (const effect of effects) {
      if (effect.kind === 'begin') this.begun.push(effect.key);
      if (effect.kind === 'cancel') this.cancels += 1;
      if (effect.kind === 'arm') this.armedMs = effect.afterMs;
      if (effect.kind === 'keep') this.kept.set(effect.key, effect.kept);
    }
  }

  plan(...all: WantedCertificate[]): void {
    this.send({ kind: 'plan', wanted: all });
  }

  pass(ms: number): void {
    this.wallMs += ms;
    this.steadyMs += ms;
  }

  /** Lets time pass as the timer says until an order begins; returns how long that took. */
  untilBegun(limitMs = 400 * DAY_MS): number {
    const before = this.begun.length;
    const from = this.steadyMs;
    while (this.begun.length === before) {
      assert.ok(this.steadyMs - from < limitMs, 'no order begins');
      this.pass(Math.max(1, Math.ceil(this.armedMs)));
      this.send({ kind: 'tick' });
    }
    return this.steadyMs - from;
  }

  wait(key: string): number {
    return waitMs(this.state, this.state.entries.get(key)!, this.now);
  }
}

function wanted(key: string, given: Partial<WantedCertificate> = {}): WantedCertificate {
  const own = { version: '1', directory: 'https://ca.test', renewMs: 30 * DAY_MS };
  return { key, ...own, held: null, kept: UNTRIED, ...given };
}

function held(fromMs: number, days: number, given: Partial<HeldCertificate> = {}): HeldCertificate {
  const notAfterMs = fromMs + days * DAY_MS;
  return { notBeforeMs: fromMs, notAfterMs, isAsked: true, spread: 0, ...given };
}

const failedOrder = { kind: 'failed', scope: 'order', retryAfterMs: 0 } as const;
const noDirectory = { kind: 'failed', scope: 'directory', retryAfterMs: 0 } as const;

test('a certificate that is not there is ordered at once, one at a time', () => {
  const made = new Made();
  made.plan(wanted('a'), wanted('b'));
  assert.deepEqual(made.begun, ['a']);
  made.send({ kind: 'tick' });
  assert.deepEqual(made.begun, ['a']);
  made.send({ kind: 'obtained', held: held(made.wallMs, 90) });
  assert.deepEqual(made.begun, ['a', 'b']);
});

test('renewalAtMs leaves the days that are asked for, and a third of a short life', () => {
  assert.equal(renewalAtMs(held(START_MS, 90), 20 * DAY_MS), START_MS + 70 * DAY_MS);
  assert.equal(renewalAtMs(held(START_MS, 6), 30 * DAY_MS), START_MS + 4 * DAY_MS);
  const spread = renewalAtMs(held(START_MS, 90, { spread: 0.5 }), 20 * DAY_MS);
  assert.equal(spread, START_MS + 69 * DAY_MS);
});

test('a certificate is renewed by itself when it is time', () => {
  const made = new Made();
  made.plan(wanted('a', { held: held(START_MS, 90) }));
  assert.deepEqual(made.begun, []);
  assert.ok(made.armedMs <= LOOK_MS_MAX, 'the wall clock is looked at now and then');
  assert.equal(made.untilBegun(), 60 * DAY_MS);
  made.send({ kind: 'obtained', held: held(made.wallMs, 90) });
  assert.equal(made.untilBegun(), 60 * DAY_MS);
});

test('the certificate that ends first goes first, none at all before that', () => {
  const made = new Made();
  const old = (days: number): HeldCertificate => held(START_MS - (90 - days) * DAY_MS, 90);
  made.plan(wanted('a', { held: old(9) }), wanted('b', { held: old(5) }), wanted('c'));
  for (let i = 0; i < 2; i++) made.send({ kind: 'obtained', held: held(made.wallMs, 90) });
  assert.deepEqual(made.begun, ['c', 'b', 'a']);
});

test('a certificate of other names, or of another directory, is replaced', () => {
  const made = new Made();
  made.plan(wanted('a', { held: held(START_MS, 90, { isAsked: false }) }));
  assert.deepEqual(made.begun, ['a']);
});

test('a certificate whose file was taken away is obtained again', () => {
  const made = new Made();
  made.plan(wanted('a', { held: held(START_MS, 90) }));
  assert.deepEqual(made.begun, []);
  made.plan(wanted('a'));
  assert.deepEqual(made.begun, ['a']);
  made.plan(wanted('a'));
  assert.equal(made.cancels, 0);
});

test('holds double after failures of an order, up to a day', () => {
  const made = new Made();
  made.plan(wanted('a'));
  const waits: number[] = [];
  for (let i = 0; i < 12; i++) {
    made.send(failedOrder);
    waits.push(made.untilBegun() / 60_000);
  }
  assert.deepEqual(waits.slice(0, 5), [5, 10, 20, 40, 80]);
  assert.deepEqual(waits.slice(-2), [1440, 1440]);
  made.send({ kind: 'obtained', held: held(made.wallMs, 90) });
  assert.deepEqual(made.kept.get('a'), UNTRIED);
});

test('what the directory asks for is waited for, within bounds (RFC 8555 §6.6)', () => {
  const made = new Made();
  made.plan(wanted('a'));
  made.send({ kind: 'failed', scope: 'both', retryAfterMs: 3 * DAY_MS });
  assert.equal(made.untilBegun(), 3 * DAY_MS);
  made.send({ kind: 'failed', scope: 'both', retryAfterMs: 365 * DAY_MS });
  assert.equal(made.untilBegun(), RETRY_AFTER_MS_MAX);
});

test('a directory that fails is left alone by all its certificates', () => {
  const made = new Made();
  made.plan(wanted('a'), wanted('b'), wanted('c', { directory: 'https://other.test' }));
  made.send(noDirectory);
  assert.deepEqual(made.begun, ['a', 'c']);
  made.send({ kind: 'obtained', held: held(made.wallMs, 90) });
  assert.equal(made.untilBegun(), HOLDS.directory.firstMs);
  const waits: number[] = [];
  for (let i = 0; i < 12; i++) {
    made.send(noDirectory);
    waits.push(made.untilBegun() / 1_000);
  }
  assert.deepEqual(waits.slice(0, 3), [10, 20, 40]);
  assert.equal(waits.at(-1), 3_600);
  assert.equal(made.kept.get('a')!.failures, 0, 'the certificate itself has not failed');
  made.send(failedOrder);
  assert.equal(made.begun.at(-1), 'b', 'it has answered: the next one may ask');
});

test('a process that ends amid its orders holds back more and more', () => {
  let kept = UNTRIED;
  const waits: number[] = [];
  for (let i = 0; i < 5; i++) {
    const made = new Made();
    made.plan(wanted('a', { kept }));
    waits.push(made.begun.length > 0 ? 0 : made.untilBegun() / 1_000);
    // It is on the disk before the order begins.
    kept = made.kept.get('a')!;
  }
  assert.deepEqual(waits, [0, 0, 10, 20, 40]);
});

test('a failure is still held after a restart', () => {
  const made = new Made();
  made.plan(wanted('a', { kept: { ...UNTRIED, failures: 3, holdMs: 900_000 } }));
  assert.equal(made.wait('a'), 900_000);
  assert.equal(made.untilBegun(), 900_000);
  made.send(failedOrder);
  assert.equal(made.untilBegun(), 40 * 60_000);
});

test('an order whose certificate is changed or taken away is cancelled', () => {
  const made = new Made();
  made.plan(wanted('a'), wanted('b', { held: held(START_MS, 90) }));
  made.plan(wanted('a', { version: '2' }));
  assert.equal(made.cancels, 1);
  made.plan(wanted('a', { version: '2' }));
  assert.equal(made.cancels, 1, 'it is cancelled once');
  assert.deepEqual(made.begun, ['a'], 'the next one waits for its end');
  made.send({ kind: 'cancelled' });
  assert.deepEqual(made.begun, ['a', 'a']);
  made.plan();
  assert.equal(made.cancels, 2);
  made.send(failedOrder);
  assert.equal(made.state.running, null);
  assert.equal(made.begun.length, 2);
});

test('a plan that changes nothing leaves a running order and holds alone', () => {
  const made = new Made();
  made.plan(wanted('a'), wanted('b', { held: held(START_MS, 90) }));
  made.plan(wanted('b', { held: held(START_MS, 90) }), wanted('a'), wanted('c'));
  assert.equal(made.cancels, 0);
  made.send(failedOrder);
  made.plan(wanted('a'), wanted('c'));
  assert.equal(made.wait('a'), HOLDS.order.firstMs);
});

test('a clock that is set forward causes no storm', () => {
  const made = new Made();
  made.plan(...['a', 'b', 'c'].map((key) => wanted(key, { held: held(START_MS, 90) })));
  made.wallMs += 365 * DAY_MS;
  const from = made.steadyMs;
  made.send({ kind: 'tick' });
  while (made.steadyMs - from < 10 * DAY_MS) {
    // The authority's clock is right: what it gives ended long ago by ours.
    const given = held(made.wallMs - 365 * DAY_MS, 90);
    if (made.state.running === null) made.untilBegun();
    else made.send({ kind: 'obtained', held: given });
  }
  // Each 9 times while the holds grow up to a day, then once a day.
  assert.ok(made.begun.length < 3 * 20, `${made.begun.length} orders in ten days`);
});

test('a clock that is set back delays no hold and orders nothing', () => {
  const made = new Made();
  made.plan(wanted('a'), wanted('b', { held: held(START_MS, 90) }));
  made.send(failedOrder);
  made.wallMs -= 365 * DAY_MS;
  assert.equal(made.untilBegun(), HOLDS.order.firstMs);
  assert.equal(made.begun.at(-1), 'a');
});

test('who asks for another try gets it, but not more than one in five minutes', () => {
  const made = new Made();
  made.plan(wanted('a'));
  for (let i = 0; i < 6; i++) {
    made.send(failedOrder);
    made.untilBegun();
  }
  made.send(failedOrder);
  made.pass(60_000);
  made.send({ kind: 'retry' });
  assert.equal(made.wait('a'), RETRY_GAP_MS - 60_000);
  assert.equal(made.untilBegun(), RETRY_GAP_MS - 60_000);
  made.send(failedOrder);
  assert.ok(made.wait('a') > RETRY_GAP_MS * 8, 'the holds go on where they were');
  made.pass(2 * RETRY_GAP_MS);
  const before = made.begun.length;
  made.send({ kind: 'retry' });
  assert.equal(made.begun.length, before + 1, 'the latest order is long past');
});

test('what the directory has asked for is kept, whoever asks for another try', () => {
  const made = new Made();
  made.plan(wanted('a'), wanted('b', { directory: 'https://other.test' }));
  made.send({ kind: 'failed', scope: 'order', retryAfterMs: DAY_MS });
  made.send({ kind: 'failed', scope: 'directory', retryAfterMs: DAY_MS });
  made.pass(RETRY_GAP_MS);
  made.send({ kind: 'retry' });
  assert.equal(made.wait('a'), DAY_MS - RETRY_GAP_MS);
  assert.equal(made.wait('b'), DAY_MS - RETRY_GAP_MS);
});

test('a try that is asked for renews nothing before its time', () => {
  const made = new Made();
  made.plan(wanted('a', { held: held(START_MS, 90) }));
  made.send({ kind: 'retry' });
  assert.deepEqual(made.begun, []);
  assert.equal(made.untilBegun(), 60 * DAY_MS);
});

test('the end of an order that does not run changes nothing', () => {
  const made = new Made();
  made.plan(wanted('a', { held: held(START_MS, 90) }));
  const before = made.state;
  made.send(failedOrder);
  made.send({ kind: 'cancelled' });
  assert.equal(made.state, before);
});

test('no certificates: nothing is begun, and no timer runs', () => {
  const made = new Made();
  made.plan();
  assert.equal(made.armedMs, Infinity);
});
