/**
 * One TCP or unix connection of the data plane: its descriptor, its readiness, and what waits.
 *
 * Readiness is edge-triggered, so it is remembered: `canRead` stays true until a receive came back
 * short, `canWrite` until a send did. Nothing is read from one side while the other side has
 * something waiting, which bounds the memory of a connection to one receive.
 */
import { TimerNode } from '../base/timer-wheel.ts';
import { EAGAIN } from '../sys/errno.ts';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT } from '../sys/event-loop.ts';
import { EPOLLPRI, EPOLLRDHUP } from '../sys/event-loop.ts';
import * as libc from '../sys/libc.ts';
import { BASE, bytes, giveBlock, sizeOfBlock, takeBlock } from './buffers.ts';
import { endTls, hasTlsInput, readTls, sayGoodbye, writeTls } from './tls/tls-io.ts';
import type { TlsStream } from './tls/tls-stream.ts';
import { worker } from './worker-state.ts';

export const ROLE = {
  listener: 0,
  control: 1,
  downstream: 2,
  upstream: 3,
  /** Layer 4: the socket that is listened on, and both sides of a session. */
  tcpListener: 4,
  tcpClient: 5,
  tcpServer: 6,
  /** Datagrams: the socket that clients send to, and that of a session towards its server. */
  udpListener: 7,
  udpServer: 8,
} as const;

/** Results of `writeTo`. */
export const WRITTEN = 0;
/** All of it is kept; the rest goes out when the peer takes it. */
export const BLOCKED = 1;
/** The connection is broken, or buffer memory is used up. */
export const FAILED = 2;

const MSG_PEEK = 0x2;
const MSG_NOSIGNAL = 0x4000;
const SHUT_WR = 1;
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const SO_OOBINLINE = 10;

const lingerZeroAddress = libc.lastingAddressOf(new Int32Array([1, 0]));
const oneAddress = libc.lastingAddressOf(new Int32Array([1]));

let nextGeneration = 1;

/** What the worker's loop can give an event to. */
export class Watched extends TimerNode {
  /** A ROLE value. `kind`, which the wheel leaves to us, says which limit the timer stands for. */
  readonly role: number;
  fd: number;
  readonly generation: number;

  constructor(role: number, fd: number) {
    super();
    this.role = role;
    this.fd = fd;
    // 31 bits, so that it stays a small integer; a wrap needs 2^31 connections within one turn.
    this.generation = nextGeneration;
    nextGeneration = (nextGeneration + 1) & 0x7fffffff;
  }
}

export class Connection extends Watched {
  canRead = false;
  canWrite = true;
  /** The peer has sent its FIN (EPOLLRDHUP); what came before it may still wait to be read. */
  isHangup = false;
  /** An urgent byte has come (RFC 6093): a receive ends at its mark, and more may wait behind it. */
  isUrgent = false;
  isClosed = false;
  /** Our FIN is sent. */
  isShut = false;
  /** What waits for the rest of its message: an incomplete head, or a pipelined request. */
  inBlock = -1;
  inLength = 0;
  /** What waits for the peer to take it. */
  outBlock = -1;
  outStart = 0;
  outLength = 0;
  /** Whether it is in the worker's list of connections to go on with in the next turn. */
  isReady = false;
  bytesIn = 0;
  bytesOut = 0;
  /** Null speaks in the clear. What is counted, and what waits as input, is what TLS carries. */
  tls: TlsStream | null = null;
}

/** Takes note of what an event of the loop says. */
export function noteReadiness(c: Connection, mask: number): void {
  if ((mask & EPOLLIN) !== 0) c.canRead = true;
  if ((mask & EPOLLOUT) !== 0) c.canWrite = true;
  if ((mask & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) !== 0) {
    c.isHangup = true;
    c.canRead = true;
  }
  if ((mask & EPOLLPRI) !== 0) noteUrgent(c);
}

/** The urgent byte stays in its place among the others: what is relayed has no other. */
function noteUrgent(c: Connection): void {
  c.canRead = true;
  if (c.isUrgent) return;
  c.isUrgent = true;
  libc.setsockopt(c.fd, SOL_SOCKET, SO_OOBINLINE, oneAddress, 4);
}

/** Sends bytes[at … at+length), keeping what the kernel does not take. */
export function writeTo(c: Connection, at: number, length: number): number {
  if (c.tls !== null) return writeTls(c, c.tls, at, length);
  return sendOrKeep(c, at, length);
}

/** The same for what goes out as it is: records of TLS, and all that is not encrypted. */
export function sendOrKeep(c: Connection, at: number, length: number): number {
  if (c.outLength > 0) return keepMore(c, at, length);
  const sent = libc.send(c.fd, BASE + at, length, MSG_NOSIGNAL);
  if (sent === length) {
    noteSent(c, length);
    return WRITTEN;
  }
  // Slow path: the send buffer is full, or the connection is broken.
  let taken = sent;
  if (sent < 0) {
    if (libc.errno() !== EAGAIN) return broken();
    taken = 0;
  }
  noteSent(c, taken);
  c.canWrite = false;
  return keepRest(c, at + taken, length - taken);
}

/** Of TLS what it carries is counted, when it is encrypted. */
function noteSent(c: Connection, length: number): void {
  if (c.tls === null) c.bytesOut += length;
}

/** Bytes that were given to `writeTo` so far, what still waits included. */
export function bytesTaken(c: Connection): number {
  return c.tls === null ? c.bytesOut + c.outLength : c.bytesOut;
}

/** Why `writeTo` has failed the last time. */
let wasMemory = false;

/** FAILED, because the connection is broken. */
export function broken(): number {
  wasMemory = false;
  return FAILED;
}

function noMemory(): number {
  wasMemory = true;
  return FAILED;
}

/** After `writeTo` has FAILED: whether for want of buffer memory, the connection being good. */
export function lackedMemory(): boolean {
  return wasMemory;
}

function keepRest(c: Connection, at: number, length: number): number {
  const block = takeBlock(length);
  if (block < 0) return noMemory();
  bytes.copyWithin(block, at, at + length);
  c.outBlock = block;
  c.outStart = 0;
  c.outLength = length;
  return BLOCKED;
}

/** Appends to what waits already: an answer's head behind an interim one, an answer's end. */
function keepMore(c: Connection, at: number, length: number): number {
  const total = c.outLength + length;
  const from = c.outBlock + c.outStart;
  if (c.outStart + total <= sizeOfBlock(c.outBlock)) {
    bytes.copyWithin(from + c.outLength, at, at + length);
    c.outLength = total;
    return BLOCKED;
  }
  const block = takeBlock(total);
  if (block < 0) return noMemory();
  bytes.copyWithin(block, from, from + c.outLength);
  bytes.copyWithin(block + c.outLength, at, at + length);
  giveBlock(c.outBlock);
  c.outBlock = block;
  c.outStart = 0;
  c.outLength = total;
  return BLOCKED;
}

/** Sends what waits; WRITTEN once nothing does any more. */
export function flush(c: Connection): number {
  if (c.outLength === 0) return WRITTEN;
  const sent = libc.send(c.fd, BASE + c.outBlock + c.outStart, c.outLength, MSG_NOSIGNAL);
  if (sent < 0) {
    if (libc.errno() !== EAGAIN) return FAILED;
    c.canWrite = false;
    return BLOCKED;
  }
  noteSent(c, sent);
  if (sent < c.outLength) {
    c.outStart += sent;
    c.outLength -= sent;
    c.canWrite = false;
    return BLOCKED;
  }
  giveBlock(c.outBlock);
  c.outBlock = -1;
  c.outLength = 0;
  // Our FIN had to wait for the end of TLS.
  if (c.isShut) libc.shutdown(c.fd, SHUT_WR);
  return WRITTEN;
}

/** Receives into bytes[at …]; > 0 bytes, 0 end of file, -1 nothing now, -2 broken. */
export function readFrom(c: Connection, at: number, length: number): number {
  if (c.tls !== null) return readTls(c, c.tls, at, length);
  const got = libc.recv(c.fd, BASE + at, length, 0);
  if (got > 0) {
    // A short receive has emptied the queue, unless the FIN already came: then its 0 is next.
    if (got < length && !c.isHangup && !c.isUrgent) c.canRead = false;
    c.bytesIn += got;
    return got;
  }
  if (got === 0) return 0;
  c.canRead = false;
  return libc.errno() === EAGAIN ? -1 : -2;
}

/** Whether anything waits to be read. Asks the kernel: for slow paths. */
export function hasInput(c: Connection): boolean {
  if (c.tls !== null && hasTlsInput(c.tls)) return true;
  return libc.recv(c.fd, BASE, 1, MSG_PEEK) > 0;
}

/** Saves bytes[at … at+length) as what the next receive is to follow; false: no memory. */
export function saveInput(c: Connection, at: number, length: number): boolean {
  if (c.inBlock >= 0 && sizeOfBlock(c.inBlock) < length) dropInput(c);
  if (c.inBlock < 0) c.inBlock = takeBlock(length);
  if (c.inBlock < 0) return false;
  bytes.copyWithin(c.inBlock, at, at + length);
  c.inLength = length;
  return true;
}

/** Moves what was saved to `at`; returns its length. */
export function restoreInput(c: Connection, at: number): number {
  const length = c.inLength;
  if (length === 0) return 0;
  bytes.copyWithin(at, c.inBlock, c.inBlock + length);
  dropInput(c);
  return length;
}

/** Gives back what was saved of the input. */
export function dropInput(c: Connection): void {
  if (c.inBlock >= 0) giveBlock(c.inBlock);
  c.inBlock = -1;
  c.inLength = 0;
}

/** Throws away what waits to be sent. */
export function dropOutput(c: Connection): void {
  if (c.outBlock >= 0) giveBlock(c.outBlock);
  c.outBlock = -1;
  c.outLength = 0;
}

/** Arms the connection's one timer for a limit (a TIMER value). */
export function arm(c: Connection, limit: number, afterMs: number): void {
  c.kind = limit;
  worker.wheel.schedule(c, worker.nowMs + afterMs);
}

/** Disarms the connection's timer. */
export function disarm(c: Connection): void {
  c.kind = 0;
  worker.wheel.cancel(c);
}

/** Sends our FIN, once. */
export function shutWrite(c: Connection): void {
  if (c.isShut || c.isClosed) return;
  c.isShut = true;
  if (c.tls !== null && !sayGoodbye(c, c.tls)) return;
  libc.shutdown(c.fd, SHUT_WR);
}

/** Closes the descriptor and gives back everything that the connection holds. */
export function closeConnection(c: Connection): void {
  if (c.isClosed) return;
  c.isClosed = true;
  worker.wheel.cancel(c);
  if (c.tls !== null) endTls(c, c.tls);
  dropInput(c);
  dropOutput(c);
  worker.forget(c);
  libc.close(c.fd);
}

/** Makes the close that follows send RST: the peer must not take what it got for the whole. */
export function resetOnClose(c: Connection): void {
  if (c.tls !== null) c.tls.isCut = true;
  libc.setsockopt(c.fd, SOL_SOCKET, SO_LINGER, lingerZeroAddress, 8);
}
