import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProductLog } from '../product-log.ts';
import { ExpiryWatch, TOLD_MAX, type Expiring } from './expiry-watch.ts';

const DAY = 86_400_000;
const NOW = 1_800_000_000_000;

class Told {
  lines: string[] = [];
  readonly watch: ExpiryWatch;

  constructor() {
    const line = (_: unknown, text: string): number => this.lines.push(text);
    this.watch = new ExpiryWatch({ warn: line, error: line } as unknown as ProductLog);
  }

  look(days: number, lifeDays = 90, fingerprint = 'f'): string[] {
    this.lines = [];
    this.watch.look([certificate(lifeDays, fingerprint)], NOW + (lifeDays - days) * DAY);
    return this.lines;
  }
}

function certificate(lifeDays: number, fingerprint: string): Expiring {
  const source = { name: 'shop', key: 'shop', certFile: '', keyFile: '' };
  return { source, fingerprint, notBefore: NOW, notAfter: NOW + lifeDays * DAY };
}

test('ExpiryWatch tells 30, 14, 7 and 1 days ahead and at the end, once each', () => {
  const told = new Told();
  const days = [31, 30, 29, 14, 13.5, 7, 1, 0.5, 0, -1];
  assert.deepEqual(
    days.map((left) => [left, ...told.look(left)]),
    [
      [31],
      [30, 'certificate "shop" expires in 30 days: renew it'],
      [29],
      [14, 'certificate "shop" expires in 14 days: renew it'],
      [13.5],
      [7, 'certificate "shop" expires in 7 days: renew it'],
      [1, 'certificate "shop" expires in 1 day: renew it'],
      [0.5],
      [
        0,
        'certificate "shop" has expired on 2027-04-15T08:00:00.000Z: it is served, and clients refuse it',
      ],
      [-1],
    ],
  );
});

test('ExpiryWatch tells only the threshold that holds when it begins', () => {
  assert.deepEqual(new Told().look(5), ['certificate "shop" expires in 5 days: renew it']);
});

test('ExpiryWatch tells nothing twice when the clock is set back and forth', () => {
  const told = new Told();
  assert.equal(told.look(10).length, 1);
  assert.deepEqual([told.look(80), told.look(10), told.look(20), told.look(9)].flat(), []);
  assert.equal(told.look(6).length, 1);
});

test('ExpiryWatch tells of a renewed certificate anew', () => {
  const told = new Told();
  told.look(10);
  assert.deepEqual(told.look(80, 90, 'g'), []);
  assert.equal(told.look(10, 90, 'g').length, 1);
});

test('ExpiryWatch does not warn of half the life of a certificate that lives for a week', () => {
  const told = new Told();
  assert.deepEqual([told.look(7, 7), told.look(4, 7)].flat(), []);
  assert.deepEqual(told.look(1, 7), ['certificate "shop" expires in 1 day: renew it']);
});

test('ExpiryWatch tells of a certificate that is not valid yet', () => {
  assert.match(new Told().look(91)[0]!, /"shop" is not valid before 2027-01-15/);
});

test('ExpiryWatch bounds what it tells of thousands that expire together', () => {
  const told = new Told();
  const many = Array.from({ length: 5_000 }, (_, i) => certificate(90, String(i)));
  told.watch.look(many, NOW + 80 * DAY);
  assert.equal(told.lines.length, TOLD_MAX + 1);
});
