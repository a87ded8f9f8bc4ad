/**
 * Answers on their way to clients. They are received into the very memory that they are sent from,
 * and leave together: one call for all that came in a turn.
 */
import { DROP } from '../../base/datagram-drops.ts';
import { LISTENER_METER } from '../../base/meters.ts';
import { DatagramBatch, NAME_WORDS } from '../../sys/datagrams.ts';
import { EAGAIN, EINTR, EINVAL, EMSGSIZE, ENOBUFS } from '../../sys/errno.ts';
import * as libc from '../../sys/libc.ts';
import { bump } from '../meter-segment.ts';
import { RUN_BYTES_MAX, RUN_MAX, RUN_MIN, cannotCut } from './segments.ts';
import type { UdpSession } from './udp-session.ts';
import type { UdpClientSocket } from './udp-listener.ts';

/** Answers that are sent with one call. */
const BATCH = 64;

/** Where answers are received. */
export const outbox = new DatagramBatch(BATCH);

let waiting = 0;
let socket: UdpClientSocket | null = null;
/** Serial of the session of each answer that waits. */
const owners = new Int32Array(BATCH);

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
  owners[i] = s.serial;
  s.datagramsOut++;
  s.bytesOut += length;
}

/** Sends what waits. Called at the end of each turn, and when a batch is full. */
export function flushReplies(): void {
  if (waiting === 0) return;
  const c = socket!;
  sentCount = 0;
  sentBytes = 0;
  isBlocked = false;
  for (let at = 0; at < waiting && !isBlocked;) {
    const end = endOfRun(at);
    if (end - at >= RUN_MIN && c.canCut && sendTogether(c, at, end)) {
      at = end;
      continue;
    }
    let stop = end;
    while (stop < waiting) {
      const next = endOfRun(stop);
      if (next - stop >= RUN_MIN && c.canCut) break;
      stop = next;
    }
    sendEach(c.fd, at, stop);
    at = stop;
  }
  const { meter } = c.listener;
  bump(meter + LISTENER_METER.datagramsOut, sentCount);
  bump(meter + LISTENER_METER.bytesOut, sentBytes);
  if (sentCount < waiting) bump(meter + LISTENER_METER.drops + DROP.toClient, waiting - sentCount);
  for (let i = 0; i < waiting; i++) outbox.clearData(i);
  waiting = 0;
}

let sentCount = 0;
let sentBytes = 0;
/** The buffer of the socket is full: it is the same for all that follow. */
let isBlocked = false;

/** Where the answers of one session end that can be sent together, `at` being the first. */
function endOfRun(at: number): number {
  const owner = owners[at]!;
  const size = outbox.lengthOf(at);
  let bytes = size;
  let end = at + 1;
  while (end < waiting && owners[end] === owner && end - at < RUN_MAX) {
    const length = outbox.lengthOf(end);
    bytes += length;
    if (length > size || length === 0 || bytes > RUN_BYTES_MAX) break;
    end++;
    if (length < size) break;
  }
  return end;
}

/** False where the kernel did not take them together: then each is to be sent. */
function sendTogether(c: UdpClientSocket, at: number, end: number): boolean {
  const size = outbox.lengthOf(at);
  outbox.join(at, end - at, size);
  const sent = outbox.send(c.fd, at, 1);
  const error = sent < 0 ? libc.errno() : 0;
  outbox.part(at);
  if (sent > 0) {
    sentCount += end - at;
    sentBytes += outbox.lengthOf(at);
    return true;
  }
  // Too large for the way to one client says nothing of the others.
  if (cannotCut(error) && error !== EMSGSIZE && error !== EINVAL) c.canCut = false;
  return false;
}

function sendEach(fd: number, from: number, end: number): void {
  for (let at = from; at < end;) {
    const went = outbox.send(fd, at, end - at);
    if (went < 0) {
      const error = libc.errno();
      if (error === EINTR) continue;
      isBlocked = error === EAGAIN || error === ENOBUFS;
      if (isBlocked) return;
      at++;
      continue;
    }
    for (let i = at; i < at + went; i++) sentBytes += outbox.lengthOf(i);
    sentCount += went;
    at += went;
  }
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
