/** Sockets, descriptors passed between processes, and shared memory, on the real kernel. */
import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { receiveFd, sendFd } from './fd-passing.ts';
import { boundAddress, closeFd, openListener, socketPair } from './sockets.ts';
import { createSealedMemory, createSharedMemory, mapSealed, mapShared } from './shared-memory.ts';

const LOOPBACK = { family: 'ipv4', host: '127.0.0.1', port: 0 } as const;
const OPTIONS = { backlog: 16, nodelay: true };

test('a passed descriptor is the same socket, and its text comes with it', () => {
  const [here, there] = socketPair('seqpacket');
  const listener = openListener(LOOPBACK, OPTIONS);
  assert.equal(receiveFd(there), null);
  sendFd(here, listener, 'ipv4:127.0.0.1:0');
  const passed = receiveFd(there)!;
  assert.equal(passed.text, 'ipv4:127.0.0.1:0');
  assert.notEqual(passed.fd, listener);
  assert.deepEqual(boundAddress(passed.fd), boundAddress(listener));
  for (const fd of [here, there, listener, passed.fd]) closeFd(fd);
});

test('openListener says what is in the way', () => {
  const first = openListener(LOOPBACK, OPTIONS);
  assert.throws(() => openListener(boundAddress(first), OPTIONS), {
    code: 'BAL_LISTEN_IN_USE',
    message: /^cannot listen on 127\.0\.0\.1:\d+: address in use$/,
  });
  const elsewhere = { family: 'ipv4', host: '192.0.2.1', port: 0 } as const;
  assert.throws(() => openListener(elsewhere, OPTIONS), { code: 'BAL_LISTEN_NOT_HERE' });
  closeFd(openListener(elsewhere, { ...OPTIONS, freebind: true }));
  closeFd(first);
});

test('what one map of a shared segment writes, another reads', () => {
  const fd = createSharedMemory('test', 4096);
  const [one, two] = [mapShared(fd, 4096), mapShared(fd, 4096)];
  one[4095] = 7;
  assert.equal(two[4095], 7);
  closeFd(fd);
});

test('createSealedMemory makes a file that nobody can change, and mapSealed reads it', () => {
  const fd = createSealedMemory('test', new TextEncoder().encode('a certificate'));
  assert.equal(new TextDecoder().decode(mapSealed(fd, 13).bytes), 'a certificate');
  const path = `/proc/self/fd/${fd}`;
  assert.throws(() => writeFileSync(path, 'b', { flag: 'r+' }), { code: 'EPERM' });
  assert.throws(() => truncateSync(path, 1), { code: 'EPERM' });
  closeFd(fd);
});
