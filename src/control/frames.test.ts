import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeFrame, FRAME_HEAD_BYTES, FrameReader } from './frames.ts';

const MESSAGES = [{ type: 'hello', pid: 1 }, { text: 'ü🙂' }, [], { big: 'x'.repeat(5_000) }];

test('FrameReader gives back what encodeFrame wrote, however the stream is cut', () => {
  const stream = Buffer.concat(MESSAGES.map(encodeFrame));
  for (const size of [1, 2, 3, 4, 5, 7, 64, 4_096, stream.length]) {
    const reader = new FrameReader(1 << 20);
    const got: unknown[] = [];
    for (let at = 0; at < stream.length; at += size) {
      got.push(...reader.push(stream.subarray(at, at + size)));
    }
    assert.deepEqual(got, MESSAGES, `pieces of ${size} bytes`);
  }
});

test('FrameReader gives nothing while a frame is not whole', () => {
  const frame = encodeFrame({ type: 'hello', pid: 1 });
  for (let end = 0; end < frame.length; end++) {
    assert.deepEqual(new FrameReader(1 << 20).push(frame.subarray(0, end)), []);
  }
});

test('FrameReader refuses a frame above its limit before its bytes have come', () => {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUInt32LE(101, 0);
  assert.throws(() => new FrameReader(100).push(head), /101 bytes exceeds the limit of 100/);
});

test('FrameReader refuses a frame that is not JSON', () => {
  const frame = Buffer.concat([Buffer.from([3, 0, 0, 0]), Buffer.from('{a}')]);
  assert.throws(() => new FrameReader(100).push(frame), SyntaxError);
});
