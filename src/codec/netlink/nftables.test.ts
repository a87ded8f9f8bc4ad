import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributeBytes, type NetlinkMessage, splitMessages } from './message.ts';
import { askTable, readChain, readGeneration, readTable } from './nftables.ts';

const message = (type: number, ...attributes: Buffer[]): NetlinkMessage => ({
  type: (10 << 8) | type,
  flags: 0,
  sequence: 1,
  body: Buffer.concat([Buffer.from([1, 0, 0, 0]), ...attributes]),
});
const name = (type: number, text: string): Buffer => attributeBytes(type, Buffer.from(`${text}\0`));

test('askTable names a table of family inet', () => {
  const [asked] = splitMessages(Buffer.from(askTable('ballast', 5)));
  assert.deepEqual([asked!.type, asked!.flags, asked!.body[0]], [0xa01, 1, 1]);
  assert.ok(asked!.body.includes('ballast\0'));
});

test('readGeneration, readTable and readChain read what is theirs', () => {
  const number = attributeBytes(1, Buffer.from([0, 0, 1, 2]));
  assert.equal(readGeneration(message(15, number)), 258);
  const handle = attributeBytes(4, Buffer.from([0, 0, 0, 0, 0, 0, 0, 9]));
  assert.equal(readTable(message(0, name(1, 'ballast'), handle)), '0000000000000009');
  const rules = attributeBytes(6, Buffer.from([0, 0, 0, 3]));
  const chain = message(3, name(1, 'ballast'), name(3, 'forward'), rules);
  assert.equal(readChain(chain, 'ballast'), 'forward 3');
  assert.equal(readChain(chain, 'ball'), null);
});

test('readGeneration, readTable and readChain: other messages, and what is cut off, are null', () => {
  assert.equal(readGeneration(message(0)), null);
  assert.equal(readGeneration(message(15)), null);
  assert.equal(readGeneration(message(15, attributeBytes(1, Buffer.from([1])))), null);
  assert.equal(readTable(message(3)), null);
  assert.equal(readTable(message(0, name(1, 'ballast'))), null);
  assert.equal(readChain(message(0), 'ballast'), null);
  assert.equal(readChain(message(3, name(1, 'ballast'), name(3, 'a')), 'ballast'), 'a 0');
});
