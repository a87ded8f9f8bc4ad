/** Datagrams of clients, on their way to the servers of their sessions. */
import { DROP } from '../../base/datagram-drops.ts';
import { LISTENER_METER, SERVER_METER } from '../../base/meters.ts';
import { DatagramBatch, LOCAL_WORDS, NAME_WORDS } from '../../sys/datagrams.ts';
import { EAGAIN, EINTR, EMSGSIZE, ENOBUFS } from '../../sys/errno.ts';
import * as libc from '../../sys/libc.ts';
import { AF_INET } from '../../sys/sockaddr.ts';
import { injectDatagramFault, injectsFaults } from '../fault-injection.ts';
import { bump } from '../meter-segment.ts';
import { TRIES_MAX } from '../placement.ts';
import { worker } from '../worker-state.ts';
import { RUN_BYTES_MAX, RUN_MAX, RUN_MIN, cannotCut } from './segments.ts';
import { beginSession, hasLeft, moveSession, serverFailed } from './place-session.ts';
import { keepDatagram } from './query.ts';
import { KEY_WORDS, hashOfKey } from './session-table.ts';
import { DATAGRAM_MASK } from './server-socket.ts';
import type { UdpSession } from './udp-session.ts';
import type { UdpClientSocket } from './udp-listener.ts';

/** Datagrams that are received with one call. */
const BATCH = 64;
/** Such calls for one socket in one turn: the others must have their share. */
const BATCHES_PER_TURN = 4;

const inbox = new DatagramBatch(BATCH);
const key = new Int32Array(KEY_WORDS);

/** Passes on what waits on a socket; returns whether there may be more, which the loop tells. */
export function receiveClients(c: UdpClientSocket): boolean {
  for (let round = 0; round < BATCHES_PER_TURN; round++) {
    const got = inbox.receive(c.fd, 0, BATCH);
    if (got < 0) {
      const error = libc.errno();
      if (error === EAGAIN) return false;
      // A client's address that nobody is at any more: there may be others behind it.
      continue;
    }
    let bytes = 0;
    for (let i = 0; i < got; i++) {
      bytes += inbox.lengthOf(i);
      take(c, i);
    }
    sendRun();
    for (let i = 0; i < got; i++) inbox.clear(i);
    const { meter } = c.listener;
    bump(meter + LISTENER_METER.requests, got);
    bump(meter + LISTENER_METER.bytesIn, bytes);
    if (got < BATCH || c.isClosed) return false;
  }
  worker.loop.renew(c.fd, c.generation, DATAGRAM_MASK);
  return true;
}

/** After an exception: what was not passed on is lost, and the rest is looked at anew. */
export function resetClients(c: UdpClientSocket): void {
  runSession = null;
  for (let i = 0; i < BATCH; i++) inbox.clear(i);
  if (!c.isClosed) worker.loop.renew(c.fd, c.generation, DATAGRAM_MASK);
}

function take(c: UdpClientSocket, i: number): void {
  if (inbox.isTruncated(i)) {
    bump(c.listener.meter + LISTENER_METER.drops + DROP.truncated);
    return;
  }
  if (injectsFaults) injectDatagramFault(inbox.bytes, inbox.offsetOf(i), inbox.lengthOf(i));
  readKey(c, i);
  if (c.listener.isPacket) {
    const query = beginSession(c, key, 0);
    if (query !== null) {
      if (query.pool!.servers.length > 1) keepDatagram(query, inbox, i);
      forward(query, i);
    }
    return;
  }
  const hash = hashOfKey(key);
  const s = c.only === null ? c.table.find(key, hash) : onlySession(c);
  if (s !== null) {
    if (s.isAnswered && !s.isConfirmed) confirm(s);
    addToRun(s, i);
    return;
  }
  // It may take the place of the very session that has something to be sent.
  sendRun();
  const begun = beginSession(c, key, hash);
  if (begun !== null) addToRun(begun, i);
}

/** Whom the datagram is from and what it was sent to, as sessions are found by. */
function readKey(c: UdpClientSocket, i: number): void {
  const { words } = inbox;
  const at = inbox.nameOf(i);
  const isIpv4 = c.family === AF_INET;
  key[0] = words[at]!;
  key[1] = isIpv4 ? words[at + 1]! : 0;
  for (let k = 2; k < NAME_WORDS; k++) key[k] = isIpv4 ? 0 : words[at + k]!;
  if (c.localFamily !== 0) inbox.readLocal(i, key, NAME_WORDS);
  else for (let k = 0; k < LOCAL_WORDS; k++) key[NAME_WORDS + k] = 0;
}

/** The session of a socket that has just one; null for what a stranger sent before it was so. */
function onlySession(c: UdpClientSocket): UdpSession | null {
  const s = c.only!;
  if (s.isEnded || s.socket !== c) return null;
  for (let k = 0; k < NAME_WORDS; k++) if (s.key[k] !== key[k]) return null;
  return s;
}

/** The client has sent something after an answer, and so has got it: its address is not forged. */
function confirm(s: UdpSession): void {
  s.isConfirmed = true;
  if (s.list !== null) s.list.remove(s);
}

/** What waits to be sent together: datagrams of one session that stand side by side. */
let runSession: UdpSession | null = null;
let runFirst = 0;
let runCount = 0;
let runSize = 0;
let runBytes = 0;

/** Passes a datagram on, together with those of its session that stand beside it. */
function addToRun(s: UdpSession, i: number): void {
  const length = inbox.lengthOf(i);
  const joins =
    s === runSession &&
    i === runFirst + runCount &&
    length > 0 &&
    length <= runSize &&
    runCount < RUN_MAX &&
    runBytes + length <= RUN_BYTES_MAX;
  if (!joins) {
    sendRun();
    runSession = s;
    runFirst = i;
    runCount = 0;
    runSize = length;
    runBytes = 0;
  }
  runCount++;
  runBytes += length;
  // A shorter one can only be the last.
  if (length < runSize) sendRun();
}

function sendRun(): void {
  const s = runSession;
  if (s === null) return;
  runSession = null;
  s.activeMs = worker.nowMs;
  s.datagramsIn += runCount;
  s.bytesIn += runBytes;
  if (hasLeft(s.server!) && !moveSession(s)) return;
  if (runCount >= RUN_MIN && s.upstream!.canCut && sendTogether(s)) return;
  for (let i = runFirst; i < runFirst + runCount && !s.isEnded; i++) {
    sendToServer(s, inbox.addressOf(i), inbox.lengthOf(i));
  }
}

/** False where the kernel did not take them together: then each is to be sent. */
function sendTogether(s: UdpSession): boolean {
  const u = s.upstream!;
  for (let i = runFirst; i < runFirst + runCount; i++) inbox.setLength(i, inbox.lengthOf(i));
  inbox.setPeer(runFirst);
  inbox.join(runFirst, runCount, runSize);
  const first = inbox.lengthOf(runFirst);
  const sent = inbox.send(u.fd, runFirst, 1);
  const error = sent < 0 ? libc.errno() : 0;
  inbox.part(runFirst);
  inbox.restoreLength(runFirst, first);
  for (let i = runFirst; i < runFirst + runCount; i++) inbox.clear(i);
  if (sent > 0) {
    bump(u.server.meter + SERVER_METER.bytesOut, runBytes);
    return true;
  }
  if (cannotCut(error)) u.canCut = false;
  return false;
}

function forward(s: UdpSession, i: number): void {
  const length = inbox.lengthOf(i);
  s.activeMs = worker.nowMs;
  s.datagramsIn++;
  s.bytesIn += length;
  if (hasLeft(s.server!) && !moveSession(s)) return;
  sendToServer(s, inbox.addressOf(i), length);
}

/** Sends a session's datagram to its server, or to another where that one cannot be reached. */
export function sendToServer(s: UdpSession, address: number, length: number): void {
  let isRepeated = false;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const sent = libc.send(s.upstream!.fd, address, length, 0);
    if (sent >= 0) {
      bump(s.server!.meter + SERVER_METER.bytesOut, length);
      return;
    }
    const error = libc.errno();
    if (error === EINTR) continue;
    if (error === EMSGSIZE && !isRepeated) {
      // What the kernel learnt of the path from one before, or about this one: it says it again.
      isRepeated = true;
      continue;
    }
    if (error === EAGAIN || error === ENOBUFS || error === EMSGSIZE) break;
    // An ICMP message to a datagram before, or no route.
    serverFailed(s.server!);
    if (!moveSession(s)) return;
  }
  bump(s.socket.listener.meter + LISTENER_METER.drops + DROP.toServer);
}
