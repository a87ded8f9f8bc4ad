import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rival } from '../machine/vrrp/state.ts';
import type { FaceAdvert } from './face.ts';
import { Heard } from './heard.ts';

const RIVAL = { peer: '10.0.0.2', priority: 150, intervalMs: 20, heardMs: 1_000 } as Rival;

const from = (peer: string, priority: number): FaceAdvert =>
  ({ peer, advert: { priority } }) as FaceAdvert;

test('heard: a resignation from another address of the active node is its own', () => {
  const heard = new Heard(() => {});
  assert.equal(heard.nameOf(from('10.1.0.2', 150), RIVAL, 1_010), '10.1.0.2');
  assert.equal(heard.nameOf(from('10.1.0.2', 0), RIVAL, 1_030), '10.0.0.2');
});

test('heard: that of another node is not', () => {
  const heard = new Heard(() => {});
  assert.equal(heard.nameOf(from('10.1.0.3', 0), RIVAL, 1_010), '10.1.0.3');
  heard.nameOf(from('10.1.0.3', 149), RIVAL, 1_010);
  assert.equal(heard.nameOf(from('10.1.0.3', 0), RIVAL, 1_010), '10.1.0.3');
  // Nor of one that was heard while the active node was silent.
  heard.nameOf(from('10.1.0.3', 150), RIVAL, 1_100);
  assert.equal(heard.nameOf(from('10.1.0.3', 0), RIVAL, 1_100), '10.1.0.3');
});
