/** Batches of datagrams and the sockets for them, on the real kernel. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BindPlan } from '../config/plan.ts';
import { connectDatagram, kernelDrops, openDatagramListener } from './datagram-sockets.ts';
import { DatagramBatch, LOCAL_WORDS, NAME_WORDS, checkLayout } from './datagrams.ts';
import { EAGAIN, ECONNREFUSED } from './errno.ts';
import * as libc from './libc.ts';
import { AF_INET, AF_INET6, decodeSockaddr, encodeSockaddr } from './sockaddr.ts';
import { boundAddress, closeFd } from './sockets.ts';

function toward(bind: BindPlan, source: BindPlan | null = null): number {
  const family = bind.family === 'ipv4' ? AF_INET : AF_INET6;
  const raw = encodeSockaddr(bind);
  const from = source === null ? null : encodeSockaddr(source);
  return connectDatagram(
    { at: libc.addressOf(raw), length: raw.length },
    { family, source: from, joins: false },
  );
}

function sendText(fd: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  assert.equal(libc.send(fd, libc.addressOf(bytes), bytes.length, 0), bytes.length);
}

function textOf(batch: DatagramBatch, i: number): string {
  const at = batch.offsetOf(i);
  return Buffer.from(batch.bytes.subarray(at, at + batch.lengthOf(i))).toString();
}

function listen(bind: BindPlan): [number, BindPlan] {
  const fd = openDatagramListener(bind, { joins: false });
  return [fd, { ...bind, port: boundAddress(fd).port }];
}

test('the layout of headers is the one of this kernel', () => {
  checkLayout();
});

for (const [any, targets] of [
  ['0.0.0.0', ['127.0.0.1', '127.3.2.1']],
  ['::', ['::1']],
] as const) {
  const family = any === '::' ? 'ipv6' : 'ipv4';
  test(`what comes to ${any} is answered from the address that it was sent to`, () => {
    const [fd, bind] = listen({ family, host: any, port: 0 });
    const batch = new DatagramBatch(4);
    const locals = new Int32Array(LOCAL_WORDS);
    for (const host of targets) {
      const client = toward({ ...bind, host });
      sendText(client, `to ${host}`);
      assert.equal(batch.receive(fd, 0, 4), 1);
      assert.equal(textOf(batch, 0), `to ${host}`);
      const from = decodeSockaddr(batch.bytes, batch.nameOf(0) * 4);
      assert.equal(from.port, boundAddress(client).port);
      batch.readLocal(0, locals, 0);
      const name = batch.words.slice(batch.nameOf(0), batch.nameOf(0) + NAME_WORDS);
      batch.setName(1, name, 0);
      batch.setLocal(1, family === 'ipv4' ? AF_INET : AF_INET6, locals, 0);
      batch.setLength(1, 0);
      assert.equal(batch.send(fd, 1, 1), 1);
      // A connected socket takes nothing but what comes from the address it is connected to.
      assert.equal(libc.recv(client, batch.addressOf(2), 10, 0), 0);
      closeFd(client);
      for (let i = 0; i < 4; i++) batch.clear(i);
    }
    closeFd(fd);
  });
}

test('a batch takes as many as wait, the largest and the empty one too', () => {
  const [fd, bind] = listen({ family: 'ipv4', host: '127.0.0.1', port: 0 });
  const client = toward(bind);
  const large = new Uint8Array(65_507).fill(7);
  const batch = new DatagramBatch(8);
  assert.equal(batch.receive(fd, 0, 8), -1);
  assert.equal(libc.errno(), EAGAIN);
  assert.equal(libc.send(client, libc.addressOf(large), large.length, 0), large.length);
  assert.equal(libc.send(client, libc.addressOf(large), 0, 0), 0);
  sendText(client, 'x');
  assert.equal(batch.receive(fd, 0, 2), 2);
  assert.equal(batch.receive(fd, 2, 6), 1);
  assert.deepEqual(
    [0, 1, 2].map((i) => batch.lengthOf(i)),
    [65_507, 0, 1],
  );
  assert.equal(batch.bytes[batch.offsetOf(0) + 65_506], 7);
  assert.deepEqual(
    [0, 1, 2].map((i) => batch.isTruncated(i)),
    [false, false, false],
  );
  closeFd(client);
  closeFd(fd);
});

test('nobody there is an error of the socket towards the server', () => {
  const [gone, bind] = listen({ family: 'ipv4', host: '127.0.0.1', port: 0 });
  closeFd(gone);
  const client = toward(bind);
  const batch = new DatagramBatch(1);
  sendText(client, 'x');
  assert.equal(batch.receive(client, 0, 1), -1);
  assert.equal(libc.errno(), ECONNREFUSED);
  closeFd(client);
});

test('openDatagramListener lets only sockets of its own group join', () => {
  const [first, bind] = listen({ family: 'ipv4', host: '127.0.0.1', port: 0 });
  assert.throws(() => openDatagramListener(bind, { joins: false }), {
    code: 'BAL_LISTEN_IN_USE',
  });
  const second = openDatagramListener(bind, { joins: true });
  const clients = Array.from({ length: 64 }, () => toward(bind));
  for (const client of clients) sendText(client, 'x');
  const batch = new DatagramBatch(64);
  const got = [first, second].map((fd) => batch.receive(fd, 0, 64));
  assert.equal(got[0]! + got[1]!, 64);
  assert.ok(got[0]! > 0 && got[1]! > 0, `one of them got all: ${got.join()}`);
  for (const fd of [first, second, ...clients]) closeFd(fd);
});

test('kernelDrops counts what did not fit into the buffer', () => {
  const [fd, bind] = listen({ family: 'ipv4', host: '127.0.0.1', port: 0 });
  const client = toward(bind);
  assert.equal(kernelDrops(fd), 0);
  const large = new Uint8Array(60_000);
  for (let i = 0; i < 400; i++) libc.send(client, libc.addressOf(large), large.length, 0);
  assert.ok(kernelDrops(fd) > 0);
  closeFd(client);
  closeFd(fd);
});

test('datagrams that are joined for a send arrive one by one, the last of them shorter', () => {
  for (const host of ['127.0.0.1', '::1']) {
    const family = host === '::1' ? 'ipv6' : 'ipv4';
    const number = host === '::1' ? AF_INET6 : AF_INET;
    const [fd, bind] = listen({ family, host: host === '::1' ? '::' : '0.0.0.0', port: 0 });
    const client = toward({ ...bind, host });
    const batch = new DatagramBatch(8);
    const locals = new Int32Array(LOCAL_WORDS);
    sendText(client, 'hello');
    assert.equal(batch.receive(fd, 0, 1), 1);
    batch.readLocal(0, locals, 0);
    const name = batch.words.slice(batch.nameOf(0), batch.nameOf(0) + NAME_WORDS);
    const sizes = [4, 4, 4, 2];
    // From a socket that is told whom to and from where, and from one that is connected.
    for (const isConnected of [false, true]) {
      sizes.forEach((size, i) => {
        batch.bytes.fill(65 + i, batch.offsetOf(i), batch.offsetOf(i) + size);
        batch.setLength(i, size);
      });
      if (isConnected) batch.setPeer(0);
      else {
        batch.setName(0, name, 0);
        batch.setLocal(0, number, locals, 0);
      }
      batch.join(0, 4, 4);
      assert.equal(batch.send(isConnected ? client : fd, 0, 1), 1);
      batch.part(0);
      for (let i = 4; i < 8; i++) batch.clear(i);
      assert.equal(batch.receive(isConnected ? fd : client, 4, 4), 4);
      const texts = [4, 5, 6, 7].map((i) => textOf(batch, i));
      assert.deepEqual(texts, ['AAAA', 'BBBB', 'CCCC', 'DD']);
    }
    closeFd(client);
    closeFd(fd);
  }
});
