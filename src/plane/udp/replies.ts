/**
 * Answers on their way to clients. They are received into the very memory that they are sent from,
 * and leave together: one call for all that came in a turn.
 */
import { DROP } from '../../base/datagram-drops.ts';
import { LISTENER_METER } from '../../base/meters.ts';
import { DatagramBatch, NAME_WORDS } from '../../sys/datagrams.ts';
import { EAGAIN, EINTR, ENOBUFS } from '../../sys/errno.ts';
import * as libc from '../../sys/libc.ts';
import { bump } from '../meter-segment.ts';
import type { UdpSession } from './udp-session.ts';
import type { UdpClientSocket } from './udp-listener.ts';

/** Answers that are sent with one call. */
const BATCH = 64;

/** Where answers are received. */
export const outbox = new DatagramBatch(BATCH);

let waiting = 0;
let socket: UdpClientSocket | null = null;

for (let i = 0; i < BATCH; i++) outbox.clearData(i);

/** Makes room for `count` answers that leave from `to`; returns the place of the first. */
export function roomForReplies(to: UdpClientSocket, count: number): number {
  if (socket !== to || waiting + count > BATCH) flushReplies();
  socket = to;
  return waiting;
}

/** Sends what was received at the next place to a session's client. */
export function addReply(s: UdpSession): void {
  const i = waiting++;
  const length = outbox.lengthOf(i);
  outbox.setName(i, s.key, 0);
  outbox.setLocal(i, s.socket.localFamily, s.key, NAME_WORDS);
  outbox.setLength(i, length);
  s.datagramsOut++;
  s.bytesOut += length;
}

/** Sends what waits. Called at the end of each turn, and when a batch is full. */
export function flushReplies(): void {
  if (waiting === 0) return;
  const { fd, listener } = socket!;
  let sent = 0;
  let bytes = 0;
  for (let at = 0; at < waiting;) {
    const went = outbox.send(fd, at, waiting - at);
    if (went < 0) {
      const error = libc.errno();
      if (error === EINTR) continue;
      // Full: it is the same for all that follow. Else it is about this one alone.
      if (error === EAGAIN || error === ENOBUFS) break;
      at++;
      continue;
    }
    for (let i = at; i < at + went; i++) bytes += outbox.lengthOf(i);
    sent += went;
    at += went;
  }
  bump(listener.meter + LISTENER_METER.datagramsOut, sent);
  bump(listener.meter + LISTENER_METER.bytesOut, bytes);
  if (sent < waiting) bump(listener.meter + LISTENER_METER.drops + DROP.toClient, waiting - sent);
  for (let i = 0; i < waiting; i++) outbox.clearData(i);
  waiting = 0;
}

/** Reads away what a socket towards a server holds; returns how many, -1 where it is broken. */
export function discardAnswers(fd: number): number {
  flushReplies();
  let count = 0;
  for (;;) {
    const got = outbox.receive(fd, 0, BATCH);
    for (let i = 0; i < got; i++) outbox.clearData(i);
    if (got < 0) return libc.errno() === EAGAIN ? count : -1;
    count += got;
    if (got < BATCH) return count;
  }
}
