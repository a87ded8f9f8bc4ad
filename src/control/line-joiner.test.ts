import assert from 'node:assert/strict';
import test from 'node:test';
import { LINE_BYTES_MAX, LineJoiner } from './line-joiner.ts';

function join(pieces: readonly (string | Uint8Array)[]): { text: string; dropped: number } {
  let text = '';
  let dropped = 0;
  const joiner = new LineJoiner((lines) => {
    text += Buffer.from(lines).toString();
    assert.equal(lines.at(-1), 10);
  });
  for (const piece of pieces) if (joiner.push(Buffer.from(piece))) dropped += 1;
  return { text, dropped };
}

test('LineJoiner hands on the same lines however the stream is cut', () => {
  const text = 'one\ntwo\n\nthree and more\n';
  for (let first = 0; first <= text.length; first++) {
    for (let second = first; second <= text.length; second++) {
      const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)];
      assert.deepEqual(join(pieces), { text, dropped: 0 });
    }
  }
});

test('LineJoiner keeps the beginning of a line to itself', () => {
  assert.deepEqual(join(['whole\nbegun']), { text: 'whole\n', dropped: 0 });
});

test('LineJoiner drops a line above its limit and nothing else', () => {
  const long = Buffer.alloc(LINE_BYTES_MAX / 2 + 1, 'x');
  const pieces = ['before\n', 'x', long, long, long, 'x\nafter\n', 'last\n'];
  assert.deepEqual(join(pieces), { text: 'before\nafter\nlast\n', dropped: 1 });
});

test('LineJoiner does not keep the bytes of the piece', () => {
  const got: string[] = [];
  const joiner = new LineJoiner((lines) => got.push(Buffer.from(lines).toString()));
  const buffer = Buffer.from('begun');
  joiner.push(buffer);
  buffer.fill('?');
  joiner.push(Buffer.from(' and ended\n'));
  assert.deepEqual(got, ['begun and ended\n']);
});
