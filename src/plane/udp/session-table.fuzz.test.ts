/** The table of sessions against a Map, with random work. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KEY_WORDS, SessionTable, hashOfKey } from './session-table.ts';
import type { UdpSession } from './udp-session.ts';

type Entry = { readonly key: Int32Array; readonly hash: number };

const IPV4 = 2;
const IPV6 = 10;

function keyOf(n: number): Int32Array {
  const key = new Int32Array(KEY_WORDS);
  const isIpv4 = n % 3 !== 0;
  key[0] = (isIpv4 ? IPV4 : IPV6) | (n << 16);
  key[isIpv4 ? 1 : 5] = n * 0x01000193;
  if (n % 5 === 0) key[7] = n;
  return key;
}

function entry(n: number, mask: number): Entry & UdpSession {
  const key = keyOf(n);
  // A mask with few bits makes many keys meet.
  return { key, hash: hashOfKey(key) & mask } as unknown as Entry & UdpSession;
}

test('SessionTable finds what a Map finds, whatever is added and removed', () => {
  const work = fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 400 })), {
    minLength: 200,
    maxLength: 3_000,
    size: 'max',
  });
  fc.assert(
    fc.property(work, fc.constantFrom(-1, 0xff, 0x7, 0), (steps, mask) => {
      const table = new SessionTable();
      const model = new Map<number, Entry & UdpSession>();
      for (const [isAdded, n] of steps) {
        const known = model.get(n);
        if (isAdded && known === undefined) {
          const added = entry(n, mask);
          model.set(n, added);
          table.add(added);
        } else if (!isAdded && known !== undefined) {
          model.delete(n);
          table.remove(known);
        }
        const key = keyOf(n);
        assert.equal(table.find(key, hashOfKey(key) & mask), model.get(n) ?? null);
      }
      assert.equal(table.count, model.size);
      for (const known of model.values()) assert.equal(table.find(known.key, known.hash), known);
    }),
    { numRuns: 100 },
  );
});

test('SessionTable holds 100,000 sessions, and is as good as new when they are gone', () => {
  const table = new SessionTable();
  const all: UdpSession[] = [];
  for (let n = 0; n < 100_000; n++) {
    const key = new Int32Array(KEY_WORDS);
    key[0] = IPV4 | ((n & 0xffff) << 16);
    key[1] = n >>> 16;
    const session = { key, hash: hashOfKey(key) } as unknown as UdpSession;
    all.push(session);
    table.add(session);
  }
  for (const session of all) assert.equal(table.find(session.key, session.hash), session);
  for (const session of all) table.remove(session);
  assert.equal(table.count, 0);
  assert.equal(table.find(all[0]!.key, all[0]!.hash), null);
});

test('hashOfKey spreads neighbours: ports of one client, and clients of one network', () => {
  for (const step of [1 << 16, 1 << 24] as const) {
    for (const word of [0, 1]) {
      const buckets = new Int32Array(256);
      for (let n = 0; n < 256 * 16; n++) {
        const key = new Int32Array(KEY_WORDS);
        key[0] = IPV4;
        key[word] = (key[word]! + Math.imul(n, step)) | 0;
        key[1 - word] = (key[1 - word]! ^ ((n >>> 8) << 16)) | 0;
        buckets[hashOfKey(key) & 255]!++;
      }
      assert.ok(Math.max(...buckets) < 16 * 4, `${Math.max(...buckets)} in one bucket of 256`);
    }
  }
});
