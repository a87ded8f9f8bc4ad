import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RETRY_MS_MAX, initialName, recordText, step } from './name-lookup.ts';
import type { NameEffect, NameEvent, NamePolicy, NameRecord, NameState } from './name-lookup.ts';

const POLICY: NamePolicy = { ttlMinMs: 1_000, ttlMaxMs: 60_000, keepMs: 10_000 };

const address = (text: string): NameRecord => ({ kind: 'address', address: text });
const records = (texts: string[], ttlMs = 5_000, random = 0): NameEvent => {
  return { kind: 'records', records: texts.map(address), ttlMs, random };
};
const empty = (ttlMs: number | null = null): NameEvent => {
  return { kind: 'empty', reason: 'name-not-found', detail: '', ttlMs, random: 0 };
};
const failed = (): NameEvent => {
  return { kind: 'failed', reason: 'name-no-answer', detail: '', random: 0 };
};

/** A machine whose timer is kept and whose questions are counted. */
class Machine {
  now = 0;
  state: NameState;
  timerMs = Infinity;
  asked = 0;
  readonly changes: string[] = [];

  constructor(policy: NamePolicy = POLICY, remembered: readonly NameRecord[] = []) {
    this.state = initialName(policy, 0);
    this.send({ kind: 'start', remembered });
  }

  send(event: NameEvent): void {
    const { state, effects } = step(this.state, event, this.now);
    this.state = state;
    for (const effect of effects) this.#carryOut(effect);
  }

  /** Lets time pass up to a moment, with the ticks that were asked for. */
  to(ms: number): void {
    while (this.timerMs <= ms) {
      this.now = Math.max(this.now, this.timerMs);
      this.timerMs = Infinity;
      this.send({ kind: 'tick' });
    }
    this.now = ms;
  }

  get addresses(): string[] {
    return this.state.records.map(recordText);
  }

  #carryOut(effect: NameEffect): void {
    if (effect.kind === 'ask') this.asked += 1;
    else if (effect.kind === 'arm') this.timerMs = effect.atMs;
    else {
      const { from, to, came, went } = effect;
      const texts = [
        ...came.map((r) => `+${recordText(r)}`),
        ...went.map((r) => `-${recordText(r)}`),
      ];
      this.changes.push([`${this.now} ${from}>${to}`, ...texts].join(' '));
    }
  }
}

test('name step asks at once, and again when the time to live is over', () => {
  const it = new Machine();
  assert.deepEqual([it.asked, it.state.isAsking, it.state.phase], [1, true, 'unknown']);
  it.send(records(['10.0.0.1'], 5_000));
  it.to(4_999);
  assert.equal(it.asked, 1);
  it.to(5_000);
  assert.equal(it.asked, 2);
  assert.deepEqual(it.changes, ['0 unknown>resolved +10.0.0.1']);
});

test('name step keeps times to live within their bounds, and spreads them a little', () => {
  const dueAfter = (ttlMs: number, random: number): number => {
    const it = new Machine();
    it.send(records(['10.0.0.1'], ttlMs, random));
    return it.timerMs;
  };
  assert.equal(dueAfter(0, 0), 1_000);
  assert.equal(dueAfter(2 ** 31 * 1_000, 0), 60_000);
  assert.equal(dueAfter(10_000, 0.5), 10_250);
  assert.equal(dueAfter(60_000, 0.5), 60_500);
});

test('name step tells what came and what went, and nothing where all stayed', () => {
  const it = new Machine();
  it.send(records(['10.0.0.1', '10.0.0.2']));
  it.to(5_000);
  it.send(records(['10.0.0.1', '10.0.0.2']));
  it.to(10_000);
  it.send(records(['10.0.0.2', '10.0.0.3']));
  assert.deepEqual(it.changes, [
    '0 unknown>resolved +10.0.0.1 +10.0.0.2',
    '10000 resolved>resolved +10.0.0.3 -10.0.0.1',
  ]);
});

for (const [name, bad] of [
  ['an empty answer', empty()],
  ['a failure', failed()],
] as const) {
  test(`name step holds the last known records after ${name}, then lets them go`, () => {
    const it = new Machine();
    it.send(records(['10.0.0.1']));
    it.to(5_000);
    it.send(bad);
    assert.deepEqual([it.state.phase, it.addresses], ['holding', ['10.0.0.1']]);
    for (const ms of [6_000, 8_000, 12_000]) {
      it.to(ms);
      assert.equal(it.state.isAsking, true);
      it.send(bad);
    }
    it.to(14_999);
    assert.deepEqual(it.addresses, ['10.0.0.1']);
    it.to(15_000);
    assert.deepEqual([it.state.phase, it.addresses], ['unresolved', []]);
    assert.equal(it.changes.at(-1), '15000 holding>unresolved -10.0.0.1');
  });
}

test('name step lets held records go while it waits for an answer, too', () => {
  const it = new Machine();
  it.send(records(['10.0.0.1']));
  it.to(5_000);
  it.send(failed());
  it.to(6_000);
  assert.equal(it.state.isAsking, true);
  it.to(15_000);
  assert.deepEqual([it.state.phase, it.addresses], ['unresolved', []]);
  it.send(records(['10.0.0.2']));
  assert.deepEqual([it.state.phase, it.addresses], ['resolved', ['10.0.0.2']]);
});

test('name step goes on with the same records when an answer comes within the hold', () => {
  const it = new Machine();
  it.send(records(['10.0.0.1']));
  it.to(5_000);
  it.send(failed());
  it.to(6_000);
  it.send(records(['10.0.0.1']));
  it.to(60_000);
  assert.deepEqual(it.addresses, ['10.0.0.1']);
  assert.deepEqual(it.changes.slice(1), ['5000 resolved>holding', '6000 holding>resolved']);
});

test('name step with a keep of 0 lets go at the first bad answer', () => {
  const it = new Machine({ ...POLICY, keepMs: 0 });
  it.send(records(['10.0.0.1']));
  it.to(5_000);
  it.send(empty());
  assert.equal(it.changes.at(-1), '5000 resolved>unresolved -10.0.0.1');
});

test('name step asks a name that does not resolve ever more rarely, within its bound', () => {
  const it = new Machine();
  const asked: number[] = [];
  for (let i = 0; i < 7; i++) {
    it.send(failed());
    it.to(it.timerMs);
    asked.push(it.now);
  }
  assert.deepEqual(asked, [1_000, 3_000, 7_000, 15_000, 25_000, 35_000, 45_000]);
  assert.deepEqual(it.changes, ['0 unknown>unresolved']);
});

test('name step believes how long a name will not exist, within the same bound', () => {
  const it = new Machine();
  it.send(empty(4_000));
  assert.equal(it.timerMs, 4_000);
  it.to(4_000);
  it.send(empty(86_400_000));
  assert.equal(it.timerMs, 4_000 + RETRY_MS_MAX);
});

test('name step begins with what was remembered and holds it until the first answer', () => {
  const it = new Machine(POLICY, [address('10.0.0.9')]);
  assert.deepEqual(it.changes, ['0 unknown>holding +10.0.0.9']);
  assert.equal(it.asked, 1);
  it.send(failed());
  assert.deepEqual(it.addresses, ['10.0.0.9']);
  it.to(1_000);
  it.send(records(['10.0.0.8']));
  assert.equal(it.changes.at(-1), '1000 holding>resolved +10.0.0.8 -10.0.0.9');
  const late = new Machine(POLICY, [address('10.0.0.9')]);
  late.to(10_000);
  assert.equal(late.changes.at(-1), '10000 holding>unresolved -10.0.0.9');
});

test('name step takes a new policy into account and asks at once', () => {
  const it = new Machine();
  it.send(records(['10.0.0.1'], 60_000));
  it.to(1_000);
  it.send({ kind: 'retune', policy: { ...POLICY, keepMs: 1_500 } });
  assert.equal(it.asked, 2);
  it.send({ kind: 'retune', policy: { ...POLICY, keepMs: 1_500 } });
  assert.equal(it.asked, 2);
  it.send(failed());
  it.to(2_500);
  assert.equal(it.state.phase, 'unresolved');
});

test('name step ignores an answer that nobody asked for', () => {
  const it = new Machine();
  it.send(records(['10.0.0.1']));
  const before = it.state;
  for (const event of [records(['10.0.0.2']), empty(), failed()]) it.send(event);
  assert.equal(it.state, before);
});
