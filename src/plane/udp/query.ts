/**
 * With perPacket: one datagram and its answer. What is sent to a server that turns out not to be
 * there is sent once more to another, so that the client does not notice.
 */
import { SERVER_METER } from '../../base/meters.ts';
import { REASON } from '../../base/reasons.ts';
import type { DatagramBatch } from '../../sys/datagrams.ts';
import { BASE, bytes, takeBlock } from '../buffers.ts';
import { bump } from '../meter-segment.ts';
import { noteFailure } from '../passive.ts';
import { takeRetry } from '../retry.ts';
import { endSession } from './end-session.ts';
import { changeServer } from './place-session.ts';
import { sendToServer } from './receive-clients.ts';
import type { UdpSession } from './udp-session.ts';

/** Longest datagram that is kept to be sent again. A query of DNS seldom has more than 100 bytes. */
const KEPT_BYTES_MAX = 2_048;

/** Keeps a datagram until its answer has come. Where there is no memory for it, it is not kept. */
export function keepDatagram(s: UdpSession, from: DatagramBatch, i: number): void {
  const length = from.lengthOf(i);
  if (length === 0 || length > KEPT_BYTES_MAX) return;
  const block = takeBlock(length);
  if (block < 0) return;
  const at = from.offsetOf(i);
  from.bytes.copy(bytes, block, at, at + length);
  s.keptBlock = block;
  s.keptLength = length;
}

/** The server of a datagram cannot be reached: another one gets it, where there is one. */
export function queryRefused(s: UdpSession): void {
  if (s.keptBlock < 0 || !takeRetry(s, s.pool!)) {
    endSession(s, REASON.connectFailed);
    return;
  }
  if (changeServer(s)) sendToServer(s, BASE + s.keptBlock, s.keptLength);
}

/** No answer came in time. */
export function queryDue(s: UdpSession): void {
  const server = s.server!;
  bump(server.meter + SERVER_METER.failures);
  noteFailure(server, 'connect');
  // An answer that comes later must not be taken for that of another datagram.
  endSession(s, REASON.firstByteTimeout);
}
