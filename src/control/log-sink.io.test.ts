import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import test from 'node:test';
import { TempDir } from '../../test/kit/temp-dir.ts';
import { until } from '../../test/kit/wait.ts';
import { socketPair } from '../sys/sockets.ts';
import { LINE_BYTES_MAX } from './line-joiner.ts';
import { LogSink } from './log-sink.ts';
import { Outlet } from './outlet.ts';

function pair(): { worker: Socket; fd: number } {
  const [worker, fd] = socketPair('stream');
  return { worker: new Socket({ fd: worker }), fd };
}

function sinkTo(path: string): LogSink {
  const sink = new LogSink({ stdout: Outlet.file(path), stderr: Outlet.file(path) });
  sink.use(path, sink.open(path));
  return sink;
}

/** Waits until the log holds `marker`, and gives its text. */
function logWith(path: string, marker: string): Promise<string> {
  const look = () => {
    const text = readFileSync(path, 'utf8');
    return text.includes(marker) ? text : '';
  };
  return until(look, { what: `${marker} in the log` });
}

test('LogSink keeps the lines of several workers whole, however they are cut', async () => {
  using dir = new TempDir();
  const sink = sinkTo(dir.file('log'));
  const pairs = [pair(), pair(), pair()];
  for (const { fd } of pairs) sink.attach(fd);
  for (let n = 0; n < 500; n++) {
    for (const [who, { worker }] of pairs.entries()) {
      const text = `{"who":${who},"n":${n},"pad":"${'p'.repeat(n % 97)}"}\n`;
      worker.write(text.slice(0, n % 30));
      worker.write(text.slice(n % 30));
    }
    if (n % 50 === 0) await new Promise(setImmediate);
  }
  await until(() => pairs.every(({ worker }) => worker.writableLength === 0), {
    what: 'the writes',
  });
  await until(() => readFileSync(dir.file('log'), 'utf8').split('\n').length > 1_500, {
    what: 'all lines in the log',
  });
  for (const { worker } of pairs) worker.destroy();
  const lines = readFileSync(dir.file('log'), 'utf8').trimEnd().split('\n');
  const next = [0, 0, 0];
  for (const text of lines) {
    const { who, n } = JSON.parse(text) as { who: number; n: number };
    assert.equal(n, next[who]);
    next[who]! += 1;
  }
  assert.deepEqual(next, [500, 500, 500]);
});

test('LogSink drops what a dying worker wrote of its last line, and closes its end', async () => {
  using dir = new TempDir();
  const sink = sinkTo(dir.file('log'));
  const { worker, fd } = pair();
  sink.attach(fd);
  worker.resume();
  worker.end('{"whole":1}\n{"torn":');
  await once(worker, 'close');
  assert.equal(await logWith(dir.file('log'), 'whole'), '{"whole":1}\n');
});

test('LogSink counts a line that is too long, and goes on after it', async () => {
  using dir = new TempDir();
  const sink = sinkTo(dir.file('log'));
  const { worker, fd } = pair();
  sink.attach(fd);
  worker.write(Buffer.alloc(2 * LINE_BYTES_MAX, 'x'));
  worker.write('\n{"after":1}\n');
  assert.equal(await logWith(dir.file('log'), 'after'), '{"after":1}\n');
  assert.equal(sink.linesLost, 1);
  worker.destroy();
});

test('LogSink writes to a new destination and lets the one before finish', async () => {
  using dir = new TempDir();
  const sink = sinkTo(dir.file('log'));
  const { worker, fd } = pair();
  sink.attach(fd);
  worker.write('{"first":1}\n');
  await logWith(dir.file('log'), 'first');
  sink.use(dir.file('new'), sink.open(dir.file('new')));
  worker.write('{"second":1}\n');
  assert.equal(await logWith(dir.file('new'), 'second'), '{"second":1}\n');
  assert.equal(readFileSync(dir.file('log'), 'utf8'), '{"first":1}\n');
  worker.destroy();
});
