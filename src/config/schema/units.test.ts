import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from './scalar.ts';
import { durationText, parseDuration, parseSize, sizeText } from './units.ts';

test('parseDuration reads each unit and decimals', () => {
  const read = ['500ms', '5s', '1.5s', '2m', '1h', '1d', '0s', '0.001s'].map(parseDuration);
  assert.deepEqual(read, [500, 5_000, 1_500, 120_000, 3_600_000, 86_400_000, 0, 1]);
});

test('parseDuration refuses what has no unit, another unit or parts of a millisecond', () => {
  for (const text of ['5', '', 's', '-5s', '5 s 3', '1m30s', '1e3s', '0.0005s', '5S', '∞']) {
    assert.ok(parseDuration(text) instanceof Problem, text);
  }
});

test('parseDuration suggests the unit that a longer word stands for', () => {
  const hints = ['10sec', '5minutes', '3hrs', '20millis'].map((text) => {
    const result = parseDuration(text);
    return result instanceof Problem ? result.hint.split('?')[0] : '';
  });
  const meant = ['did you mean 10s', 'did you mean 5m', 'did you mean 3h', 'did you mean 20ms'];
  assert.deepEqual(hints, meant);
});

test('durationText uses the greatest unit that divides the time', () => {
  const texts = [0, 1, 999, 1_000, 90_000, 3_600_000, 172_800_000].map(durationText);
  assert.deepEqual(texts, ['0s', '1ms', '999ms', '1s', '90s', '1h', '2d']);
});

test('parseSize tells powers of 1000 from powers of 1024', () => {
  const read = ['100B', '1kB', '1KB', '1KiB', '1MB', '1MiB', '1.5KiB', '2GiB'].map(parseSize);
  const bytes = [100, 1_000, 1_000, 1_024, 1_000_000, 1_048_576, 1_536, 2_147_483_648];
  assert.deepEqual(read, bytes);
});

test('parseSize refuses what has no unit, half a byte or another unit', () => {
  for (const text of ['1', '1k', '1mb', '0.5B', '-1B', '1 KiB 2', 'KiB']) {
    assert.ok(parseSize(text) instanceof Problem, text);
  }
});

test('sizeText uses the greatest binary unit that divides the size', () => {
  const texts = [0, 100, 1_024, 1_048_576, 1_000_000].map(sizeText);
  assert.deepEqual(texts, ['0B', '100B', '1KiB', '1MiB', '1000000B']);
});
