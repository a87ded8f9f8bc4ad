import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIp } from './ip-address.ts';
import { decodeNote, encodeNote, NOTE_FRAME_BYTES, type LeaveNote } from './leave-note.ts';

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
const NOTE: LeaveNote = {
  kind: 'leaving',
  vrid: 51,
  move: 0xfedcba98,
  drainMs: 30_000,
  ipv4: parseIp('10.77.0.1'),
  linkLocal: parseIp('fe80::1'),
};

test('leave note: what is written is read again, padded as a link does', () => {
  for (const kind of ['leaving', 'ready', 'done'] as const) {
    const padded = new Uint8Array(60);
    padded.set(encodeNote({ ...NOTE, kind }, MAC));
    assert.deepEqual(decodeNote(padded), { ...NOTE, kind });
  }
  const bare = { ...NOTE, ipv4: null, linkLocal: null };
  assert.deepEqual(decodeNote(encodeNote(bare, MAC)), bare);
});

test('leave note: whatever else comes is not one', () => {
  const good = encodeNote(NOTE, MAC);
  for (let length = 0; length < NOTE_FRAME_BYTES; length++) {
    assert.equal(decodeNote(good.subarray(0, length)), null);
  }
  const changes: [at: number, value: number][] = [
    [12, 0x08], // another EtherType
    [14, 0], // not ours
    [18, 2], // a version to come
    [19, 3], // an unknown kind
    [20, 0], // no virtual router
    [26, 0xff], // a drain of weeks
  ];
  for (const [at, value] of changes) {
    const bad = good.slice();
    bad[at] = value;
    assert.equal(decodeNote(bad), null, `byte ${at}`);
  }
  // An address that cannot be a host's own is none.
  const odd = good.slice();
  odd.fill(0, 30, 34);
  odd[34] = 0x20;
  assert.deepEqual(decodeNote(odd), { ...NOTE, ipv4: null, linkLocal: null });
});
