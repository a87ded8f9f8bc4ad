import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NotifySocket } from '../../../test/kit/notify-socket.ts';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import { Notifier } from './notifier.ts';

test('Notifier speaks to a path and to an abstract name', async () => {
  using dir = new TempDir();
  for (const address of [dir.file('notify'), `@ballast-test-${process.pid}`]) {
    using manager = new NotifySocket(address);
    const notifier = new Notifier({ NOTIFY_SOCKET: address });
    notifier.ready('serving');
    await manager.line('READY=1');
    assert.deepEqual(manager.messages, ['READY=1\nSTATUS=serving']);
  }
});

test('Notifier begins a reload with the time of CLOCK_MONOTONIC', async () => {
  using dir = new TempDir();
  using manager = new NotifySocket(dir.file('notify'));
  const before = process.hrtime.bigint() / 1_000n;
  new Notifier({ NOTIFY_SOCKET: manager.address }).reloading();
  await manager.line('RELOADING=1');
  const usec = BigInt(/^MONOTONIC_USEC=(\d+)$/m.exec(manager.messages[0]!)![1]!);
  assert.ok(usec >= before && usec <= process.hrtime.bigint() / 1_000n);
});

test('Notifier tells the watchdog while all is well, and not any more when it is not', async () => {
  using dir = new TempDir();
  using manager = new NotifySocket(dir.file('notify'));
  const env = { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: '20000' };
  const notifier = new Notifier({ ...env, WATCHDOG_PID: String(process.pid) });
  let asked = 0;
  notifier.startWatchdog(() => ++asked <= 3);
  const third = await manager.line('WATCHDOG=1', 2);
  while (asked < 6) await new Promise((resolve) => setTimeout(resolve, 10));
  notifier.stop();
  notifier.ready('end');
  await manager.line('READY=1');
  assert.equal(manager.messages.length, third + 1);
});

test('Notifier leaves a watchdog alone that is for another process', () => {
  using dir = new TempDir();
  using manager = new NotifySocket(dir.file('notify'));
  const env = { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: '20000', WATCHDOG_PID: '1' };
  new Notifier(env).startWatchdog(() => assert.fail('must not be asked'));
});

test('Notifier does nothing where nobody is to be told', () => {
  const notifier = new Notifier({});
  assert.equal(notifier.isOn, false);
  notifier.ready('serving');
  notifier.startWatchdog(() => assert.fail('must not be asked'));
});
