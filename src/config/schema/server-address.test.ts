import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from './scalar.ts';
import { parseServerAddress, serverAddressText } from './server-address.ts';

test('parseServerAddress reads addresses, names with a port, and SRV names', () => {
  const texts = [
    '10.0.0.1:80',
    'localhost:80',
    'DB-1.Example.com.:5432',
    'db:80',
    'srv:_pg._tcp.a.b',
  ];
  assert.deepEqual(texts.map(parseServerAddress), [
    { family: 'ipv4', host: '10.0.0.1', port: 80 },
    { family: 'ipv4', host: '127.0.0.1', port: 80 },
    { family: 'name', kind: 'address', host: 'db-1.example.com', port: 5432 },
    { family: 'name', kind: 'address', host: 'db', port: 80 },
    { family: 'name', kind: 'srv', host: '_pg._tcp.a.b', port: 0 },
  ]);
});

test('parseServerAddress refuses names that are none, or without a port', () => {
  const bad = [
    ...['db.example.com', 'db', 'db.example.com:0', 'db.example.com:65536', 'db..example.com:80'],
    ...['-db.example.com:80', '*.example.com:80', 'http://db.example.com:80', '1.2.3.4.5:80'],
    ...['srv:', 'srv:10.0.0.1', 'srv:_pg._tcp.example.com:5432', 'srv:a b', `${'a'.repeat(64)}:80`],
  ];
  for (const text of bad) assert.ok(parseServerAddress(text) instanceof Problem, text);
});

test('serverAddressText is read back as the same address', () => {
  for (const text of ['10.0.0.1:80', 'db.example.com:5432', 'srv:_pg._tcp.example.com']) {
    const address = parseServerAddress(text);
    assert.ok(!(address instanceof Problem));
    assert.equal(serverAddressText(address), text);
  }
});
