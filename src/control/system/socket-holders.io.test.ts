import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import type { BindPlan } from '../../config/plan.ts';
import { openDatagramListener } from '../../sys/datagram-sockets.ts';
import { boundAddress, closeFd, openListener } from '../../sys/sockets.ts';
import { holdersOf } from './socket-holders.ts';

const LOOPBACK: BindPlan = { family: 'ipv4', host: '127.0.0.1', port: 0 };
const OPTIONS = { backlog: 1, nodelay: false };

test('holdersOf finds who listens on an address, for streams and for datagrams apart', () => {
  using dir = new TempDir();
  const stream = openListener(LOOPBACK, OPTIONS);
  const datagrams = openDatagramListener(LOOPBACK, { joins: false });
  const path: BindPlan = { family: 'unix', host: dir.file('a b.sock'), port: 0 };
  const unix = openListener(path, OPTIONS);
  const [first, second] = [boundAddress(stream), boundAddress(datagrams)];
  const pids = (bind: BindPlan, kind: 'stream' | 'datagrams') =>
    holdersOf(bind, kind).holders.map(({ pid }) => pid);
  assert.deepEqual(pids(first, 'stream'), [process.pid]);
  assert.deepEqual(pids(second, 'datagrams'), [process.pid]);
  assert.deepEqual(pids(path, 'stream'), [process.pid]);
  assert.deepEqual(holdersOf(first, 'stream').uids, [process.getuid!()]);
  for (const fd of [stream, datagrams, unix]) closeFd(fd);
  assert.deepEqual(pids(first, 'stream'), []);
});

test('holdersOf sees a socket on [::] that is in the way of an address of IPv4', () => {
  const other = openListener({ family: 'ipv6', host: '::', port: 0 }, OPTIONS);
  const { port } = boundAddress(other);
  const { holders } = holdersOf({ ...LOOPBACK, port }, 'stream');
  assert.deepEqual(
    holders.map(({ pid, role }) => [pid, role]),
    [[process.pid, 'other']],
  );
  closeFd(other);
});
