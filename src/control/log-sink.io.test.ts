import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import test from 'node:test';
import { TempDir } from '../../test/kit/temp-dir.ts';
import { socketPair } from '../sys/sockets.ts';
import { LogSink, LINE_BYTES_MAX } from './log-sink.ts';
import { Outlet } from './outlet.ts';

function pair(): { worker: Socket; supervisor: Socket } {
  const [a, b] = socketPair('stream');
  return { worker: new Socket({ fd: a }), supervisor: new Socket({ fd: b }) };
}

function sinkTo(path: string): LogSink {
  const sink = new LogSink({ stdout: Outlet.file(path), stderr: Outlet.file(path) });
  sink.use(path, sink.open(path));
  return sink;
}

async function written(sink: LogSink, streams: readonly Socket[]): Promise<void> {
  await Promise.all(
    streams.map((stream) => (stream.destroyed ? Promise.resolve([]) : once(stream, 'close'))),
  );
  await sink.end();
}

test('LogSink keeps the lines of several workers whole, however they are cut', async () => {
  using dir = new TempDir();
  const sink = sinkTo(dir.file('log'));
  const pairs = [pair(), pair(), pair()];
  for (const { supervisor } of pairs) sink.attach(supervisor);
  for (let n = 0; n < 500; n++) {
    for (const [who, { worker }] of pairs.entries()) {
      const text = `{"who":${who},"n":${n},"pad":"${'p'.repeat(n % 97)}"}\n`;
      worker.write(text.slice(0, n % 30));
      worker.write(text.slice(n % 30));
    }
    if (n % 50 === 0) await new Promise(setImmediate);
  }
  for (const { worker } of pairs) worker.end();
  await written(
    sink,
    pairs.map(({ supervisor }) => supervisor),
  );
  const lines = readFileSync(dir.file('log'), 'utf8').trimEnd().split('\n');
  const next = [0, 0, 0];
  for (const text of lines) {
    const { who, n } = JSON.parse(text) as { who: number; n: number };
    assert.equal(n, next[who]);
    next[who]! += 1;
  }
  assert.deepEqual(next, [500, 500, 500]);
});

test('LogSink drops what a dying worker wrote of its last line', async () => {
  using dir = new TempDir();
  const sink = sinkTo(dir.file('log'));
  const { worker, supervisor } = pair();
  sink.attach(supervisor);
  worker.end('{"whole":1}\n{"torn":');
  await written(sink, [supervisor]);
  assert.equal(readFileSync(dir.file('log'), 'utf8'), '{"whole":1}\n');
});

test('LogSink drops and counts a line above its limit, and keeps the one after it', async () => {
  using dir = new TempDir();
  const sink = sinkTo(dir.file('log'));
  const { worker, supervisor } = pair();
  sink.attach(supervisor);
  worker.write('{"before":1}\n');
  for (let sent = 0; sent < 4 * LINE_BYTES_MAX; sent += 1 << 16) {
    worker.write(Buffer.alloc(1 << 16, 'x'));
  }
  worker.end('\n{"after":1}\n');
  await written(sink, [supervisor]);
  assert.equal(readFileSync(dir.file('log'), 'utf8'), '{"before":1}\n{"after":1}\n');
  assert.equal(sink.linesLost, 1);
});
