import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BindPlan } from '../../config/plan.ts';
import { connectionsAt, socketsAt, unixSocketsAt } from './socket-table.ts';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout';
const row = (local: string, state: string, uid: number, inode: number): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 ${uid} 0 ${inode} 1`;

const ipv4 = (host: string, port: number): BindPlan => ({ family: 'ipv4', host, port });

test('socketsAt finds the sockets that are in the way of an address', () => {
  const table = [
    HEAD,
    row('0100007F:1F90', '0A', 33, 11),
    row('00000000:1F90', '0A', 0, 12),
    row('0200007F:1F90', '01', 0, 13),
    row('0100007F:1F91', '0A', 0, 14),
  ].join('\n');
  const inodes = (bind: BindPlan) => socketsAt(table, bind).map(({ inode }) => inode);
  assert.deepEqual(inodes(ipv4('127.0.0.1', 8080)), [11, 12]);
  assert.deepEqual(inodes(ipv4('0.0.0.0', 8080)), [11, 12, 13]);
  assert.deepEqual(inodes(ipv4('127.0.0.1', 80)), []);
  assert.deepEqual(socketsAt(table, ipv4('127.0.0.1', 8080))[0], {
    state: '0A',
    uid: 33,
    inode: 11,
  });
});

test('socketsAt reads addresses of IPv6', () => {
  const loopback = '00000000000000000000000001000000:0050';
  const table = [HEAD, row(loopback, '0A', 0, 21)].join('\n');
  const at = (host: string) => socketsAt(table, { family: 'ipv6', host, port: 80 }).length;
  assert.deepEqual([at('::1'), at('::'), at('2001:db8::1')], [1, 1, 0]);
});

test('connectionsAt finds connections to an address, by both their ends', () => {
  const line = (local: string, peer: string, state: string): string =>
    `   0: ${local} ${peer} ${state} 00000000:00000000 00:00000000 00000000 0 0 5 1`;
  const table = [
    HEAD,
    line('64004D0A:0050', '03004D0A:9C40', '01'),
    line('64004D0A:0050', '00000000:0000', '0A'),
    line('01004D0A:0050', '03004D0A:9C41', '01'),
    line('000077FD000000000000000000010000:0050', '000077FD000000000000000003000000:9C42', '01'),
    '',
  ].join('\n');
  assert.deepEqual(connectionsAt(table, new Set(['10.77.0.100', 'fd77::100'])), [
    { host: '10.77.0.100', port: 80, peer: '10.77.0.3', peerPort: 40_000 },
    { host: 'fd77::100', port: 80, peer: 'fd77::3', peerPort: 40_002 },
  ]);
});

test('unixSocketsAt finds those that listen on a path, spaces in it included', () => {
  const table = [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    '0000000000000000: 00000002 00000000 00010000 0001 01 31 /run/a b.sock',
    '0000000000000000: 00000003 00000000 00000000 0001 03 32 /run/a b.sock',
    '0000000000000000: 00000002 00000000 00010000 0001 01 33 /run/a',
  ].join('\n');
  assert.deepEqual(unixSocketsAt(table, '/run/a b.sock'), [31]);
});
