import assert from 'node:assert/strict';
import fs, { rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { mock, test } from 'node:test';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import { parseHosts } from './hosts-file.ts';
import { NAME_SERVERS_MAX, parseResolvConf } from './resolv-conf.ts';
import { LOOK_EVERY_MS, WatchedFile } from './watched-file.ts';

test('parseResolvConf takes name servers and nothing else', () => {
  const text = [
    '# nameserver 10.9.9.9',
    'search example.com',
    'nameserver 10.0.0.1 # the first',
    '\tnameserver\tfd00::53',
    'nameserver fe80::1%eth0',
    'nameserver 10.0.0.300',
    'nameserver 10.0.0.4%eth0',
    'nameserver dns.example.com',
    'options ndots:5',
  ].join('\n');
  assert.deepEqual(
    parseResolvConf(text).map(({ family, host, port }) => `${family} ${host} ${port}`),
    ['ipv4 10.0.0.1 53', 'ipv6 fd00::53 53', 'ipv6 fe80::1%eth0 53'],
  );
});

test('parseResolvConf without a name server is the one of this machine, and has a limit', () => {
  assert.deepEqual(parseResolvConf(''), [{ family: 'ipv4', host: '127.0.0.1', port: 53 }]);
  const many = Array.from({ length: 20 }, (_, i) => `nameserver 10.0.0.${i}`).join('\n');
  assert.equal(parseResolvConf(many).length, NAME_SERVERS_MAX);
});

test('parseHosts takes every name of a line, in any case, and passes over what makes no sense', () => {
  const hosts = parseHosts(
    [
      '127.0.0.1\tlocalhost Db.Example.COM. # not this one',
      '::1 localhost',
      '127.0.0.1 localhost',
      'nonsense db.example.com',
      '10.0.0.1 a..b',
      '#10.0.0.2 gone',
      '',
    ].join('\r\n'),
  );
  assert.deepEqual(
    [...hosts],
    [
      ['localhost', ['127.0.0.1', '::1']],
      ['db.example.com', ['127.0.0.1']],
    ],
  );
});

test('WatchedFile reads anew after a change, at most once a second; absent is empty', () => {
  using dir = new TempDir();
  const path = dir.file('hosts');
  let reads = 0;
  const file = new WatchedFile(path, (text) => {
    reads += 1;
    return text;
  });
  assert.equal(file.value(0), '');
  writeFileSync(path, 'one');
  assert.equal(file.value(LOOK_EVERY_MS - 1), '');
  assert.equal(file.value(LOOK_EVERY_MS), 'one');
  const before = reads;
  assert.equal(file.value(LOOK_EVERY_MS * 2), 'one');
  assert.equal(reads, before);
  writeFileSync(path, 'other');
  assert.equal(file.value(LOOK_EVERY_MS * 3), 'other');
  rmSync(path);
  assert.equal(file.value(LOOK_EVERY_MS * 4), '');
});

test('WatchedFile keeps what it knows while the file cannot be read, and tries again', () => {
  using dir = new TempDir();
  const path = dir.file('hosts');
  writeFileSync(path, 'one');
  const file = new WatchedFile(path, (text) => text);
  assert.equal(file.value(0), 'one');
  writeFileSync(path, 'other');
  // As with a process that has no descriptor left: the file can be seen, not opened.
  const readFileSync = mock.method(fs, 'readFileSync', () => {
    throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
  });
  syncBuiltinESMExports();
  assert.equal(file.value(LOOK_EVERY_MS), 'one');
  readFileSync.mock.restore();
  syncBuiltinESMExports();
  assert.equal(file.value(LOOK_EVERY_MS * 2), 'other');
});
