/** Buffer memory: blocks, their limit, and the writers of texts and numbers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BLOCK_BYTES_MAX,
  GATHER_AT,
  bufferUse,
  bytes,
  giveBlock,
  putNumber,
  putText,
  sizeOfBlock,
  takeBlock,
  textOf,
} from './buffers.ts';

test('a block holds at least what was asked for, and counts until it is given back', () => {
  for (const size of [1, 512, 513, 8192, 100_000, BLOCK_BYTES_MAX]) {
    const at = takeBlock(size);
    assert.ok(sizeOfBlock(at) >= size);
    assert.equal(bufferUse.bytes, sizeOfBlock(at));
    giveBlock(at);
    assert.equal(bufferUse.bytes, 0);
  }
  assert.equal(takeBlock(BLOCK_BYTES_MAX + 1), -1);
});

test('two blocks never overlap', () => {
  const blocks = Array.from({ length: 200 }, (_, i) => takeBlock(1 + i * 97));
  blocks.forEach((at, i) => bytes.fill(i, at, at + sizeOfBlock(at)));
  blocks.forEach((at, i) => {
    assert.ok(bytes.subarray(at, at + sizeOfBlock(at)).every((byte) => byte === i));
    giveBlock(at);
  });
});

test('no block is given past the limit on buffer memory', () => {
  const before = bufferUse.limitBytes;
  bufferUse.limitBytes = 1024;
  const blocks = [takeBlock(512), takeBlock(512), takeBlock(1)];
  assert.equal(blocks[2], -1);
  giveBlock(blocks[0]!);
  giveBlock(blocks[1]!);
  bufferUse.limitBytes = before;
});

test('numbers and texts are written as they read', () => {
  for (const value of [0, 9, 10, 4_294_967_296, Number.MAX_SAFE_INTEGER]) {
    assert.equal(textOf(GATHER_AT, putNumber(GATHER_AT, value)), String(value));
  }
  for (const text of ['', 'short', 'a text of more than twenty-four characters']) {
    assert.equal(textOf(GATHER_AT, putText(GATHER_AT, text)), text);
  }
});
