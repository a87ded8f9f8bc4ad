// A supervisor that has no descriptor left: it goes on, and so do its workers.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import test from 'node:test';
import { Ballast } from '../../test/kit/ballast.ts';
import { until } from '../../test/kit/wait.ts';

const CONFIG = {
  workers: 1,
  listeners: { web: { bind: '127.0.0.1:0', pool: 'web' } },
  pools: { web: { servers: ['127.0.0.1:1'] } },
};
const DESCRIPTORS = 128;

/** Connections that take what the supervisor has, and wait there without a word. */
async function takeAll(path: string): Promise<Socket[]> {
  const sockets = Array.from({ length: 2 * DESCRIPTORS }, () => {
    return connect(path).on('error', () => undefined);
  });
  await Promise.race(sockets.slice(-1).map((socket) => once(socket, 'connect')));
  return sockets;
}

test('WorkerFleet replaces workers once there are descriptors again', async () => {
  await using ballast = await Ballast.start(CONFIG, { descriptors: DESCRIPTORS });
  const whole = async (): Promise<number> => {
    const { workers } = await ballast.status();
    return workers.filter(({ state }) => state === 'standby' || state === 'serving').length;
  };
  await until(async () => (await whole()) === 2, { what: 'a worker and a spare' });
  const { workers, pid } = await ballast.status();
  const sockets = await takeAll(ballast.adminSocket);
  for (const worker of workers) process.kill(worker.pid, 'SIGKILL');
  await until(() => ballast.stderr.includes('cannot start a worker'), { what: 'a failed start' });
  for (const socket of sockets) socket.destroy();
  await until(async () => (await whole()) === 2, { what: 'a worker and a spare again' });
  assert.equal((await ballast.status()).pid, pid, 'it is the same supervisor');
});
