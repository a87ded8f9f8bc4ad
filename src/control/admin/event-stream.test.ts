import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVENTS_MAX, EventBook, type NewEvent } from '../event-book.ts';
import { EventStreams, STREAM_BACKLOG_BYTES, STREAMS_MAX } from './event-stream.ts';

const EVENT: NewEvent = {
  kind: 'server',
  tone: 'bad',
  subject: 'web/a',
  column: 'observed',
  from: 'up',
  to: 'down',
  reason: 'connect-refused',
  detail: 'line one\nline two',
};

const EPOCH = (5_000).toString(36);

function bench(before = 0) {
  const book = new EventBook(0);
  for (let i = 0; i < before; i++) book.add(EVENT);
  const streams = new EventStreams(book, 5_000);
  return { book, streams, [Symbol.dispose]: () => streams.closeAll() };
}

/** All that a stream has said so far, read until it holds `text`. */
async function readUntil(stream: ReadableStream<Uint8Array>, text: string): Promise<string> {
  const reader = stream.getReader();
  let read = '';
  while (!read.includes(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    read += new TextDecoder().decode(value);
  }
  reader.releaseLock();
  return read;
}

const idsOf = (text: string) => [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id);

test('EventStreams tells of what happens from now on, one data line each', async () => {
  using scene = bench(3);
  const stream = scene.streams.open(null)!;
  scene.book.add(EVENT);
  const text = await readUntil(stream, 'data:');
  assert.deepEqual(idsOf(text), [`${EPOCH}-4`]);
  const data = /^data: (.*)$/m.exec(text)![1]!;
  assert.equal((JSON.parse(data) as { detail: string }).detail, EVENT.detail);
});

test('EventStreams begins with what came after Last-Event-ID', async () => {
  using scene = bench(5);
  const text = await readUntil(scene.streams.open(`${EPOCH}-3`)!, `${EPOCH}-5`);
  assert.deepEqual(idsOf(text), [`${EPOCH}-4`, `${EPOCH}-5`]);
  assert.doesNotMatch(text, /not all are there/);
});

for (const id of ['zzz-3', 'nonsense', '-', `${EPOCH}-`]) {
  test(`EventStreams gives all it has to who knows events of another start (${id})`, async () => {
    using scene = bench(2);
    const text = await readUntil(scene.streams.open(id)!, `${EPOCH}-2`);
    assert.deepEqual(idsOf(text), [`${EPOCH}-1`, `${EPOCH}-2`]);
    assert.match(text, /not all are there/);
  });
}

test('EventStreams says so where events are missing that are no longer kept', async () => {
  using scene = bench(EVENTS_MAX + 9);
  const stream = scene.streams.open(`${EPOCH}-2`)!;
  const text = await readUntil(stream, `${EPOCH}-${EVENTS_MAX + 9}\n`);
  assert.match(text, /not all are there/);
  assert.equal(idsOf(text).length, EVENTS_MAX);
});

test('EventStreams cuts a reader who does not read, and no other', async () => {
  using scene = bench();
  const slow = scene.streams.open(null)!.getReader();
  const good = scene.streams.open(null)!.getReader();
  const size = JSON.stringify(EVENT).length;
  for (let i = 0; i * size < STREAM_BACKLOG_BYTES; i++) {
    scene.book.add(EVENT);
    await good.read();
  }
  assert.equal(scene.streams.count, 1);
  await assert.rejects(slow.read());
});

test('EventStreams has at most STREAMS_MAX readers, and room again when one leaves', async () => {
  using scene = bench();
  const all = Array.from({ length: STREAMS_MAX }, () => scene.streams.open(null)!);
  assert.equal(scene.streams.open(null), null);
  await all[0]!.cancel();
  assert.notEqual(scene.streams.open(null), null);
});
