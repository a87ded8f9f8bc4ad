import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NamePlan, Plan } from '../../config/plan.ts';
import type { NameRecord } from '../../machine/name-lookup.ts';
import { planOf, poolPlan } from '../health/test-plan.ts';
import { HandClock } from '../server-states/hand-clock-testkit.ts';
import { NameBoard } from './name-board.ts';
import { nameText, viewOfName } from './name-view.ts';
import { questionKey } from './question.ts';
import type { Outcome, Question } from './question.ts';

const RESOLVER = { servers: [], timeoutMs: 1, ttlMinMs: 1_000, ttlMaxMs: 60_000, keepMs: 30_000 };

const namePlan = (host: string, parts: Partial<NamePlan> = {}): NamePlan => ({
  key: `web/${host}`,
  name: host,
  kind: 'address',
  host,
  port: 80,
  family: 'ipv4',
  weight: 1,
  maxConnections: 0,
  backup: false,
  tlsName: '',
  ...parts,
});

function planWith(...names: NamePlan[]): Plan {
  return { ...planOf([{ ...poolPlan('web', null, []), names }]), resolver: RESOLVER };
}

const found = (...addresses: string[]): Outcome => {
  const records = addresses.map((address): NameRecord => ({ kind: 'address', address }));
  return { kind: 'records', records, ttlMs: 5_000, left: 0 };
};
const services = (...targets: string[]): Outcome => {
  const records = targets.map((target): NameRecord => {
    return { kind: 'service', priority: 0, weight: 1, port: 80, target };
  });
  return { kind: 'records', records, ttlMs: 5_000, left: 0 };
};
const silent: Outcome = { kind: 'failed', reason: 'name-no-answer', detail: 'no server' };
const gone: Outcome = { kind: 'empty', reason: 'name-not-found', detail: 'gone', ttlMs: null };

class Bench {
  readonly clock = new HandClock();
  /** Answers by question; without one it stays open until `answer`. */
  readonly zone = new Map<string, Outcome>();
  readonly asked: string[] = [];
  readonly changes: string[] = [];
  readonly #open = new Map<string, (outcome: Outcome) => void>();
  readonly board = new NameBoard({
    clock: this.clock,
    random: () => 0,
    lookup: (question) => this.#lookup(question),
    onChange: ({ question, from, to }) => {
      this.changes.push(`${questionKey(question)} ${from}>${to}`);
    },
  });

  /** Lets time pass, and then what was begun end. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 10) {
      this.clock.advance(Math.min(10, left));
      await settle();
    }
  }

  async answer(key: string, outcome: Outcome): Promise<void> {
    this.#open.get(key)!(outcome);
    await settle();
  }

  #lookup(question: Question): Promise<Outcome> {
    const key = questionKey(question);
    this.asked.push(key);
    const outcome = this.zone.get(key);
    if (outcome !== undefined) return Promise.resolve(outcome);
    return new Promise((resolve) => {
      this.#open.set(key, resolve);
    });
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

const A: Question = { host: 'a.test', type: 'A' };

test('NameBoard asks once what several names have in common, and again in time', async () => {
  const it = new Bench();
  it.zone.set('A a.test', found('10.0.0.1'));
  it.board.use([planWith(namePlan('a.test'), namePlan('a.test', { port: 81 }))]);
  await settle();
  assert.deepEqual(it.asked, ['A a.test']);
  assert.deepEqual(it.board.known(A), [{ kind: 'address', address: '10.0.0.1' }]);
  await it.pass(5_000);
  assert.deepEqual(it.asked, ['A a.test', 'A a.test']);
  assert.deepEqual([...it.board.outcomes], [['records', 2]]);
  it.board.stop();
  assert.equal(it.clock.timers, 0);
});

test('NameBoard looks the targets of a service up, and forgets those that are gone', async () => {
  const it = new Bench();
  it.zone.set('SRV s.test', services('a.test', 'b.test'));
  for (const host of ['a', 'b', 'c']) it.zone.set(`A ${host}.test`, found('10.0.0.1'));
  const plan = namePlan('s.test', { kind: 'srv' });
  it.board.use([planWith(plan)]);
  await it.pass(20);
  assert.deepEqual(it.asked, ['SRV s.test', 'A a.test', 'A b.test']);
  it.zone.set('SRV s.test', services('b.test', 'c.test'));
  await it.pass(5_020);
  assert.equal(it.board.state(A), null);
  assert.equal(it.board.size, 3);
  assert.equal(viewOfName(plan, it.board).servers, 1);
  it.board.stop();
});

test('NameBoard forgets names that are in no plan any more, and their late answers', async () => {
  const it = new Bench();
  const [a, b] = [planWith(namePlan('a.test')), planWith(namePlan('b.test'))];
  it.board.use([a]);
  it.board.use([a, b]);
  it.board.use([b]);
  await it.answer('A a.test', found('10.0.0.1'));
  assert.equal(it.board.state(A), null);
  assert.deepEqual(it.changes, []);
  assert.deepEqual(it.asked, ['A a.test', 'A b.test']);
  it.board.stop();
});

test('NameBoard tells when all first answers are there, those of targets too', async () => {
  const it = new Bench();
  it.board.use([planWith(namePlan('a.test'), namePlan('s.test', { kind: 'srv' }))]);
  let isReady = false;
  const ready = it.board.firstAnswers(1_000).then(() => {
    isReady = true;
  });
  await it.answer('A a.test', gone);
  await it.answer('SRV s.test', services('t.test'));
  assert.equal(isReady, false);
  await it.pass(10);
  assert.equal(isReady, false);
  await it.answer('A t.test', silent);
  await ready;
  await it.board.firstAnswers(1_000);
  it.board.stop();
});

test('NameBoard waits for first answers no longer than it is told to', async () => {
  const it = new Bench();
  it.board.use([planWith(namePlan('a.test'))]);
  let isReady = false;
  const ready = it.board.firstAnswers(1_000).then(() => {
    isReady = true;
  });
  await it.pass(990);
  assert.equal(isReady, false);
  await it.pass(10);
  await ready;
  it.board.stop();
});

test('NameBoard goes on with what is remembered, without waiting for it', async () => {
  const it = new Bench();
  it.board.remember(new Map([['A a.test', [{ kind: 'address', address: '10.0.0.9' }]]]));
  const plan = namePlan('a.test');
  it.board.use([planWith(plan)]);
  await it.board.firstAnswers(1_000);
  const view = viewOfName(plan, it.board);
  assert.deepEqual([view.phase, view.reason, view.servers], ['holding', 'name-remembered', 1]);
  assert.equal(it.board.records().size, 1);
  await it.answer('A a.test', found('10.0.0.9'));
  assert.equal(viewOfName(plan, it.board).phase, 'resolved');
  it.board.stop();
});

test('NameBoard asks everything anew when it is told so, and when its times change', async () => {
  const it = new Bench();
  it.zone.set('A a.test', found('10.0.0.1'));
  const plan = planWith(namePlan('a.test'));
  it.board.use([plan]);
  await settle();
  it.board.use([plan]);
  await settle();
  assert.equal(it.asked.length, 1);
  it.board.use([{ ...plan, resolver: { ...RESOLVER, keepMs: 1 } }]);
  await settle();
  it.board.askAll();
  await settle();
  assert.equal(it.asked.length, 3);
  it.board.stop();
});

test('viewOfName says of a name with one family that it is well', async () => {
  const it = new Bench();
  it.zone.set('A a.test', found('10.0.0.1'));
  it.zone.set('AAAA a.test', { ...gone, reason: 'name-no-records' });
  const plan = namePlan('a.test', { family: 'any' });
  it.board.use([planWith(plan)]);
  await settle();
  const view = viewOfName(plan, it.board);
  assert.deepEqual([view.phase, view.reason, view.servers], ['resolved', 'name-resolved', 1]);
  it.board.stop();
});

test('viewOfName tells the worst of what is wrong', async () => {
  const it = new Bench();
  const plan = namePlan('a.test', { family: 'any' });
  it.board.use([planWith(plan)]);
  assert.deepEqual(viewOfName(plan, it.board).phase, 'unknown');
  await it.answer('A a.test', { ...gone, reason: 'name-no-records' });
  assert.deepEqual(viewOfName(plan, it.board).phase, 'unknown');
  await it.answer('AAAA a.test', silent);
  const view = viewOfName(plan, it.board);
  assert.deepEqual([view.phase, view.reason], ['unresolved', 'name-no-answer']);
  it.board.stop();
});

test('nameText writes a name as the configuration does', () => {
  assert.equal(nameText(namePlan('A.test')), 'a.test:80');
  assert.equal(nameText(namePlan('_s._tcp.test', { kind: 'srv', port: 0 })), 'srv:_s._tcp.test');
});
