import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BoundedList } from './bounded-list.ts';
import type { ListLinks } from './bounded-list.ts';

class Item implements ListLinks<Item> {
  listNext: Item | null = null;
  listPrev: Item | null = null;
  list: BoundedList<Item> | null = null;
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }
}

const itemsOf = (count: number): Item[] => Array.from({ length: count }, (_, i) => new Item(i));

function drain(list: BoundedList<Item>): number[] {
  const ids: number[] = [];
  for (let item = list.shift(); item !== null; item = list.shift()) ids.push(item.id);
  return ids;
}

describe('bounded list', () => {
  it('gives elements back in the order in which they came', () => {
    const list = new BoundedList<Item>(10);
    for (const item of itemsOf(5)) assert.ok(list.push(item));
    assert.equal(list.peek()?.id, 0);
    assert.deepEqual(drain(list), [0, 1, 2, 3, 4]);
    assert.equal(list.peek(), null);
  });

  it('takes no more elements than its limit', () => {
    const list = new BoundedList<Item>(2);
    assert.deepEqual(
      itemsOf(3).map((item) => list.push(item)),
      [true, true, false],
    );
    list.shift();
    assert.ok(list.push(new Item(9)));
    assert.deepEqual(drain(list), [1, 9]);
    assert.equal(new BoundedList<Item>(0).push(new Item(0)), false);
  });

  it('removes any element, each once', () => {
    for (const removed of [0, 1, 2]) {
      const list = new BoundedList<Item>(3);
      const items = itemsOf(3);
      for (const item of items) list.push(item);
      assert.ok(list.remove(items[removed]!));
      assert.equal(list.remove(items[removed]!), false);
      assert.equal(list.count, 2);
      assert.ok(list.push(items[removed]!));
      assert.deepEqual(drain(list), [...[0, 1, 2].filter((id) => id !== removed), removed]);
    }
  });

  it('leaves elements of another list alone', () => {
    const one = new BoundedList<Item>(3);
    const other = new BoundedList<Item>(3);
    const item = new Item(1);
    one.push(item);
    assert.equal(other.push(item), false);
    assert.equal(one.push(item), false);
    assert.equal(other.remove(item), false);
    assert.equal(other.count, 0);
    assert.deepEqual(drain(one), [1]);
  });

  it('keeps to a plain array over 20,000 mixed operations', () => {
    const list = new BoundedList<Item>(20);
    const items = itemsOf(40);
    let model: Item[] = [];
    let state = 1;
    for (let i = 0; i < 20_000; i++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      const item = items[(state >>> 8) % items.length]!;
      const kind = (state >>> 20) % 4;
      if (kind < 2) {
        const isTaken = model.length < 20 && !model.includes(item);
        assert.equal(list.push(item), isTaken);
        if (isTaken) model.push(item);
      } else if (kind === 2) {
        assert.equal(list.remove(item), model.includes(item));
        model = model.filter((one) => one !== item);
      } else {
        assert.equal(list.shift(), model.shift() ?? null);
      }
      assert.equal(list.count, model.length);
      assert.equal(list.peek(), model[0] ?? null);
    }
  });
});
