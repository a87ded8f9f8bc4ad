import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteTable, HASH_START, hashByte } from './byte-table.ts';
import type { ByteTableEntry } from './byte-table.ts';

function entry(scope: number, text: string, value: number, hash?: number): ByteTableEntry {
  const bytes = new TextEncoder().encode(text);
  return { scope, text: bytes, value, hash: hash ?? bytes.reduce(hashByte, HASH_START) };
}

function find(table: ByteTable, { scope, hash, text }: ByteTableEntry): number {
  return table.find(scope, hash, Uint8Array.of(1, ...text, 2), 1, text.length + 1);
}

describe('byte table', () => {
  it('finds each of 20,000 entries, and no other', () => {
    const entries = Array.from({ length: 20_000 }, (_, i) => entry(i % 7, `key${i >> 1}`, i));
    const table = new ByteTable(entries);
    for (const one of entries) assert.equal(find(table, one), one.value);
    for (let i = 0; i < 1000; i++) assert.equal(find(table, entry(9, `key${i}`, 0)), -1);
    for (let i = 0; i < 1000; i++) assert.equal(find(table, entry(0, `yek${i}`, 0)), -1);
  });

  it('tells keys with equal hashes apart by scope, length and bytes', () => {
    const entries = [entry(1, 'ab', 0, 5), entry(1, 'ac', 1, 5), entry(1, 'a', 2, 5)];
    const table = new ByteTable(entries);
    for (const one of entries) assert.equal(find(table, one), one.value);
    assert.equal(find(table, entry(1, 'ad', 0, 5)), -1);
    assert.equal(find(table, entry(1, 'abc', 0, 5)), -1);
    assert.equal(find(table, entry(2, 'ab', 0, 5)), -1);
  });

  it('has a place for the empty text, and finds nothing when it is empty', () => {
    assert.equal(find(new ByteTable([entry(3, '', 4)]), entry(3, '', 0)), 4);
    assert.equal(find(new ByteTable([]), entry(3, '', 0)), -1);
  });
});
