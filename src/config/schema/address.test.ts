import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressText, parseAddress } from './address.ts';
import { Problem } from './scalar.ts';

test('parseAddress reads IPv4, IPv6, localhost and unix sockets', () => {
  const texts = ['10.0.0.1:80', '[2001:DB8:0:0::1]:8080', 'localhost:1', 'unix:/run/a b.sock'];
  assert.deepEqual(
    texts.map((text) => parseAddress(text, 1)),
    [
      { family: 'ipv4', host: '10.0.0.1', port: 80 },
      { family: 'ipv6', host: '2001:db8::1', port: 8080 },
      { family: 'ipv4', host: '127.0.0.1', port: 1 },
      { family: 'unix', host: '/run/a b.sock', port: 0 },
    ],
  );
});

test('parseAddress takes port 0 to listen on, not to connect to', () => {
  assert.deepEqual(parseAddress('127.0.0.1:0', 0), { family: 'ipv4', host: '127.0.0.1', port: 0 });
  assert.ok(parseAddress('127.0.0.1:0', 1) instanceof Problem);
});

test('parseAddress refuses what is not an address and a port', () => {
  const bad = [
    ...['', ':80', '10.0.0.1', '10.0.0.1:', '10.0.0.1:x', '10.0.0.1:65536', '10.0.0.1:-1'],
    ...[
      '256.0.0.1:80',
      '1.2.3:80',
      '::1',
      '::1:80',
      '[::1]',
      '[::1]80',
      '[::g]:80',
      '[fe80::1%1]:80',
    ],
    ...[
      'http://10.0.0.1:80',
      'unix:',
      'unix:a',
      `unix:/${'a'.repeat(107)}`,
      'unix:/a\0',
      ' 10.0.0.1:80',
    ],
    ...['010.0.0.1:80', '10.0.0.1:0x50', '10.0.0.1: 80'],
  ];
  for (const text of bad) assert.ok(parseAddress(text, 0) instanceof Problem, text);
});

test('parseAddress takes no name but localhost', () => {
  const result = parseAddress('web-1.internal:80', 1);
  assert.ok(result instanceof Problem);
  assert.match(result.hint, /names stand only for servers/);
});

test('addressText is read back as the same address', () => {
  for (const text of ['10.0.0.1:80', '[2001:db8::1]:8080', 'unix:/run/a.sock']) {
    const address = parseAddress(text, 1);
    assert.ok(!(address instanceof Problem));
    assert.equal(addressText(address), text);
  }
});
