import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PassiveFrame } from '../../plane/worker-protocol.ts';
import { Ejections, TRIAL_WORD_MS } from './ejections.ts';
import type { EjectionChange } from './ejections.ts';
import { HandClock } from './hand-clock-testkit.ts';

const ejected = (forMs: number, server = 'p/a'): PassiveFrame => {
  return { type: 'passive', server, change: 'ejected', reason: 'failures', detail: '5', forMs };
};

const RESTORED: PassiveFrame = {
  type: 'passive',
  server: 'p/a',
  change: 'restored',
  reason: 'success',
  detail: '',
  forMs: 0,
};

function bench(): { clock: HandClock; ejections: Ejections; told: string[] } {
  const clock = new HandClock();
  const told: string[] = [];
  const onChange = ({ serverKey, change, reason, forMs }: EjectionChange) => {
    told.push(`${serverKey} ${change} ${reason} ${forMs}`);
  };
  return { clock, ejections: new Ejections(clock, onChange), told };
}

test('Ejections: an ejection ends by its time, though nobody tells of it', () => {
  const { clock, ejections, told } = bench();
  ejections.take(ejected(10_000));
  clock.advance(9_999 + TRIAL_WORD_MS);
  const { sinceMs, untilMs } = ejections.get('p/a')!;
  assert.equal(untilMs - sinceMs, 10_000);
  clock.advance(1);
  assert.equal(ejections.get('p/a'), null);
  assert.deepEqual(told, ['p/a ejected failures 10000', 'p/a restored ejection-over 0']);
  assert.equal(clock.timers, 0);
});

test('Ejections: a worker may end one early; a second word of it changes nothing', () => {
  const { clock, ejections, told } = bench();
  ejections.take(ejected(10_000));
  clock.advance(5_000);
  ejections.take(RESTORED);
  ejections.take(RESTORED);
  assert.equal(ejections.get('p/a'), null);
  clock.advance(60_000);
  assert.deepEqual(told, ['p/a ejected failures 10000', 'p/a restored success 0']);
});

test('Ejections: the word of a trial right after its time is the reason of its end', () => {
  const { clock, ejections, told } = bench();
  ejections.take(ejected(10_000));
  clock.advance(10_000 + TRIAL_WORD_MS / 2);
  ejections.take(RESTORED);
  clock.advance(60_000);
  assert.deepEqual(told, ['p/a ejected failures 10000', 'p/a restored success 0']);
});

test('Ejections: a longer ejection takes the place of the one before', () => {
  const { clock, ejections, told } = bench();
  ejections.take(ejected(10_000));
  clock.advance(9_000);
  ejections.take(ejected(20_000));
  clock.advance(19_999 + TRIAL_WORD_MS);
  assert.notEqual(ejections.get('p/a'), null);
  clock.advance(1);
  assert.equal(ejections.get('p/a'), null);
  assert.deepEqual(told, [
    'p/a ejected failures 10000',
    'p/a restored ejection-over 0',
    'p/a ejected failures 20000',
    'p/a restored ejection-over 0',
  ]);
});

test('Ejections: servers that are gone are forgotten without a word', () => {
  const { clock, ejections, told } = bench();
  ejections.take(ejected(10_000));
  ejections.take(ejected(10_000, 'p/b'));
  ejections.keep((key) => key === 'p/b');
  assert.equal(ejections.get('p/a'), null);
  assert.equal(clock.timers, 1);
  ejections.stop();
  assert.equal(clock.timers, 0);
  assert.equal(told.length, 2);
});

test('Ejections: no length that a worker gives breaks the timers', () => {
  const { clock, ejections } = bench();
  ejections.take(ejected(1e15));
  assert.equal(ejections.get('p/a')!.untilMs - clock.now(), 24 * 86_400_000);
  ejections.take(ejected(-5));
  clock.advance(TRIAL_WORD_MS);
  assert.equal(ejections.get('p/a'), null);
});
