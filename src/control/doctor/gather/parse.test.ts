import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountOf, parseMounts } from './files.ts';
import { cgroupPath, parseCpuMax, parseMeminfo } from './machine.ts';
import { hasCapability, parseLimits } from './subject.ts';

test('parseLimits reads the hard limits of /proc/PID/limits', () => {
  const limits = parseLimits(
    [
      'Limit                     Soft Limit           Hard Limit           Units     ',
      'Max core file size        0                    unlimited            bytes     ',
      'Max open files            1024                 524288               files     ',
    ].join('\n'),
  );
  assert.deepEqual(
    [...limits],
    [
      ['Max core file size', Infinity],
      ['Max open files', 524_288],
    ],
  );
});

test('hasCapability reads the set in force', () => {
  const status = 'Name:\tnode\nCapPrm:\tffff\nCapEff:\t0000000000001400\n';
  assert.deepEqual([hasCapability(status, 10n), hasCapability(status, 11n)], [true, false]);
  assert.equal(hasCapability('', 12n), false);
});

test('cgroupPath finds the group of a controller in both versions', () => {
  const text = '9:name=systemd:/\n3:cpu,cpuacct:/a:b\n0::/system.slice/ballast.service\n';
  assert.equal(cgroupPath(text, 'cpu'), '/a:b');
  assert.equal(cgroupPath(text, ''), '/system.slice/ballast.service');
  assert.equal(cgroupPath(text, 'memory'), null);
});

test('parseCpuMax gives processors', () => {
  assert.equal(parseCpuMax('150000 100000'), 1.5);
  for (const none of ['max 100000', '-1 100000', '']) assert.equal(parseCpuMax(none), Infinity);
});

test('parseMeminfo reads bytes', () => {
  const text = 'MemTotal:  100 kB\nMemAvailable: 50 kB\nCommitLimit: 30 kB\nCommitted_AS: 10 kB\n';
  assert.deepEqual(parseMeminfo(text), {
    totalBytes: 102_400,
    availableBytes: 51_200,
    commitLeftBytes: 20_480,
  });
});

test('mountOf finds the mount that a path is on, the last of several at one place', () => {
  const mounts = parseMounts(
    [
      '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
      '30 22 0:25 / /run rw,nosuid shared:2 - tmpfs tmpfs rw',
      '31 22 0:26 / /run ro,nosuid - ramfs ramfs rw',
      '32 22 0:27 / /a\\040b ro - xfs /dev/vdb ro',
    ].join('\n'),
  );
  assert.equal(mountOf('/runner', mounts).fileSystem, 'ext4');
  assert.deepEqual(mountOf('/run/ballast', mounts), { mountPoint: '/run', fileSystem: 'ramfs' });
  assert.deepEqual(mountOf('/a b', mounts), { mountPoint: '/a b', fileSystem: 'xfs' });
  assert.deepEqual(
    mounts.map(({ isReadOnly }) => isReadOnly),
    [false, false, true, true],
  );
});
