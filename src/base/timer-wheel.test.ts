import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ADVANCE_MAX, TimerNode, TimerWheel } from './timer-wheel.ts';

const nothing = (): void => {
  assert.fail('nothing is due');
};

describe('timer wheel', () => {
  it('fires a node no earlier than due and no later than one tick after', () => {
    for (const dueMs of [1000, 1001, 1015.5, 1016, 1500, 90_000, 5_000_000]) {
      const wheel = new TimerWheel(1000, 16);
      const node = new TimerNode();
      wheel.schedule(node, dueMs);
      let now = 1000;
      let firedAt = -1;
      while (firedAt < 0) {
        const next = wheel.nextDueMs();
        assert.ok(next >= now || next >= 1000, 'time goes on');
        now = Math.max(now, next);
        wheel.advance(now, () => (firedAt = now));
      }
      assert.ok(firedAt >= dueMs && firedAt <= dueMs + 16, `${firedAt} for ${dueMs}`);
      assert.equal(wheel.count, 0);
      assert.equal(wheel.nextDueMs(), Infinity);
    }
  });

  it('leaves a node in its slot when it is re-armed for later', () => {
    const wheel = new TimerWheel(0);
    const node = new TimerNode();
    wheel.schedule(node, 100);
    const { armedMs } = node;
    wheel.schedule(node, 10_000);
    assert.equal(node.armedMs, armedMs);
    wheel.advance(200, nothing);
    assert.equal(wheel.count, 1);
    let fired = 0;
    wheel.advance(9_999, nothing);
    wheel.advance(10_016, () => fired++);
    assert.equal(fired, 1);
  });

  it('moves a node that is re-armed for earlier', () => {
    const wheel = new TimerWheel(0);
    const node = new TimerNode();
    wheel.schedule(node, 10_000);
    wheel.schedule(node, 50);
    let fired = 0;
    wheel.advance(64, () => fired++);
    assert.equal(fired, 1);
    wheel.advance(20_000, nothing);
  });

  it('forgets a cancelled node, and lets one be cancelled twice', () => {
    const wheel = new TimerWheel(0);
    const nodes = [new TimerNode(), new TimerNode(), new TimerNode()];
    for (const node of nodes) wheel.schedule(node, 50);
    wheel.cancel(nodes[1]!);
    wheel.cancel(nodes[1]!);
    assert.equal(wheel.isArmed(nodes[1]!), false);
    const fired: TimerNode[] = [];
    wheel.advance(64, (node) => fired.push(node));
    assert.equal(fired.length, 2);
    assert.ok(!fired.includes(nodes[1]!));
  });

  it('lets the callback re-arm its own node and cancel others of the same slot', () => {
    const wheel = new TimerWheel(0);
    const nodes = [new TimerNode(), new TimerNode(), new TimerNode()];
    for (const node of nodes) wheel.schedule(node, 50);
    let fired = 0;
    wheel.advance(100, (node) => {
      fired++;
      for (const other of nodes) if (other !== node) wheel.cancel(other);
      wheel.schedule(node, 0);
    });
    assert.equal(fired, 1, 'a node that is always due must not keep the wheel busy');
    assert.equal(wheel.count, 1);
    assert.equal(wheel.nextDueMs(), 112);
  });

  it('does a bounded amount of work per call and the rest in the next', () => {
    const wheel = new TimerWheel(0);
    const count = ADVANCE_MAX * 2 + 10;
    for (let i = 0; i < count; i++) wheel.schedule(new TimerNode(), 50);
    let fired = 0;
    const turns: number[] = [];
    while (wheel.nextDueMs() <= 64) {
      fired = 0;
      wheel.advance(64, () => fired++);
      turns.push(fired);
    }
    assert.deepEqual(turns, [ADVANCE_MAX, ADVANCE_MAX, 10]);
  });

  it('catches up after a pause much longer than its span', () => {
    const wheel = new TimerWheel(0);
    for (let i = 0; i < 100; i++) wheel.schedule(new TimerNode(), 50 + i * 1000);
    const late = new TimerNode();
    wheel.schedule(late, 900_000_000);
    let fired = 0;
    wheel.advance(800_000_000, () => fired++);
    assert.equal(fired, 100);
    assert.equal(wheel.count, 1);
    wheel.advance(899_999_999, nothing);
    wheel.advance(900_000_016, (node) => assert.equal(node, late));
    assert.equal(wheel.count, 0);
  });

  it('stays whole when a callback throws', () => {
    const wheel = new TimerWheel(0);
    for (let i = 0; i < 3; i++) wheel.schedule(new TimerNode(), 50);
    assert.throws(() =>
      wheel.advance(64, () => {
        throw new Error('callback');
      }),
    );
    assert.equal(wheel.count, 2);
    let fired = 0;
    wheel.advance(64, () => fired++);
    assert.equal(fired, 2);
  });
});
