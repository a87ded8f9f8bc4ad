import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearest, orList, suggestion } from './suggest.ts';

test('editDistance counts insertions, deletions, replacements and swaps of neighbours', () => {
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('abc', 'abc'), 0);
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('prot', 'port'), 1);
  assert.equal(editDistance('ca', 'abc'), 3);
});

test('nearest finds misspelt words whatever their case and dashes', () => {
  const words = ['port', 'protocol', 'keepAlive', 'round-robin'];
  const found = ['prot', 'proto', 'keep_alive', 'roundrobin', 'PORT'].map((w) => nearest(w, words));
  assert.deepEqual(found, ['port', 'protocol', 'keepAlive', 'round-robin', 'port']);
});

test('nearest gives nothing where no word is near', () => {
  assert.equal(nearest('colour', ['port', 'protocol']), null);
  assert.equal(nearest('', ['port']), null);
  assert.equal(nearest('tim', ['timeouts', 'timers']), null);
});

test('suggestion lists what is allowed where nothing is near', () => {
  assert.equal(suggestion('colour', ['port', 'pool']), 'allowed: port, pool');
  assert.equal(suggestion('prot', ['port', 'pool']), 'did you mean "port"?');
  assert.equal(suggestion('prot', []), '');
});

test('orList joins words for a sentence', () => {
  assert.deepEqual([orList([]), orList(['a']), orList(['a', 'b', 'c'])], ['', 'a', 'a, b or c']);
});
