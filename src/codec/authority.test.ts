/** What is a host with a port; refusals by name are among the hazards of requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asciiBytes } from './ascii.ts';
import { parseAuthority } from './authority.ts';

const hostOf = (text: string): string | null => {
  const bytes = asciiBytes(`:${text}:1`);
  const end = parseAuthority(bytes, 1, text.length + 1);
  return end < 0 ? null : text.slice(0, end - 1);
};

test('parseAuthority finds the end of the host (RFC 9110 §7.2)', () => {
  assert.equal(hostOf('a.example'), 'a.example');
  assert.equal(hostOf('a.example.'), 'a.example');
  assert.equal(hostOf('A-b_c.example:0'), 'A-b_c.example');
  assert.equal(hostOf('a:65535'), 'a');
  assert.equal(hostOf('a:1980'), 'a');
  assert.equal(hostOf('a:'), 'a');
  assert.equal(hostOf('a.:1'), 'a');
  assert.equal(hostOf('192.0.2.1:80'), '192.0.2.1');
  assert.equal(hostOf('[::]'), '[::]');
  assert.equal(hostOf('[2001:DB8::192.0.2.1]:'), '[2001:DB8::192.0.2.1]');
  assert.equal(hostOf('x'.repeat(254)), 'x'.repeat(254));
});

test('parseAuthority refuses what is no host with a port', () => {
  for (const text of [
    '',
    '.',
    'a..',
    '..a',
    'a:1:',
    'a:655360',
    '[::1',
    '[::1]1',
    '[::1]:65536',
    '[]:1',
  ]) {
    assert.equal(hostOf(text), null, text);
  }
});
