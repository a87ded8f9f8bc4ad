/**
 * A client address that talks with a server, or one datagram whose answer is awaited.
 *
 *   first datagram ─► unconfirmed ── an answer, then the client again ──► confirmed
 *                        │  may have to make room for another                 │
 *                        └──────────────── idle, or no server ────────────────┴─► ended
 *
 * With `perPacket` it ends with the first answer, and is in no table.
 */
import { unreachable } from '../../base/errors.ts';
import type { Connection } from '../connection.ts';
import { Placement, clearPlacement } from '../placement.ts';
import { worker } from '../worker-state.ts';
import type { UdpServerSocket } from './server-socket.ts';
import { KEY_WORDS } from './session-table.ts';
import type { UdpClientSocket } from './udp-listener.ts';

/** Ended sessions that are kept to be used again. */
const SPARE_MAX = 4_096;

export class UdpSession extends Placement {
  /** Where its client sends to, and its answers leave from. */
  socket: UdpClientSocket;
  /** Null only while it has no server. */
  upstream: UdpServerSocket | null = null;
  readonly key = new Int32Array(KEY_WORDS);
  hash = 0;
  /** Told apart from the sessions that this object was before. */
  serial = 0;
  isInTable = false;
  isAnswered = false;
  isConfirmed = false;
  isEnded = false;
  startMs = 0;
  /** When a datagram passed for the last time, either way. */
  activeMs = 0;
  datagramsIn = 0;
  datagramsOut = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** With perPacket: what may have to be sent again. */
  keptBlock = -1;
  keptLength = 0;

  constructor(socket: UdpClientSocket) {
    super();
    this.socket = socket;
  }

  /** Datagrams do not wait in the pool's queue. */
  get client(): Connection {
    return unreachable(0 as never);
  }

  get isAbandoned(): boolean {
    return true;
  }

  queued(): void {
    unreachable(0 as never);
  }

  admitted(): void {
    unreachable(0 as never);
  }

  refused(): void {
    unreachable(0 as never);
  }
}

const spare: UdpSession[] = [];
let serial = 0;

/** A session without anything, of the client that `key` has. */
export function takeSession(socket: UdpClientSocket, key: Int32Array, hash: number): UdpSession {
  const s = spare.pop() ?? new UdpSession(socket);
  clearPlacement(s);
  s.socket = socket;
  s.upstream = null;
  for (let i = 0; i < KEY_WORDS; i++) s.key[i] = key[i]!;
  s.hash = hash;
  s.serial = serial = (serial + 1) & 0x7fffffff;
  s.isInTable = false;
  s.isAnswered = false;
  s.isConfirmed = false;
  s.isEnded = false;
  s.startMs = worker.nowMs;
  s.activeMs = worker.nowMs;
  s.datagramsIn = 0;
  s.datagramsOut = 0;
  s.bytesIn = 0;
  s.bytesOut = 0;
  s.keptBlock = -1;
  s.keptLength = 0;
  return s;
}

/** Takes back a session that nothing points to any more. */
export function giveSession(s: UdpSession): void {
  if (spare.length < SPARE_MAX) spare.push(s);
}
