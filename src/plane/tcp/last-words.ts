/**
 * What a side had said before its connection broke. It has come, so that the other side is to have
 * it before the reset: a server that refuses a client says why and closes, and where bytes of the
 * client's are still unread its kernel makes a reset of that. As much is passed on as the other side
 * takes at once; a reset does not wait.
 */
import { RECEIVE_AT, RECEIVE_BYTES } from '../buffers.ts';
import { WRITTEN, readFrom, writeTo } from '../connection.ts';
import type { Connection } from '../connection.ts';
import { READS_PER_TURN } from '../limits.ts';
import type { TcpSession } from './session.ts';
import { LANE, stepLane } from './splice-lane.ts';

/** Passes on what there is of a side that is broken; no end of it, which an error looks like too. */
export function passLastWords(s: TcpSession, from: Connection, to: Connection): void {
  const isUp = from === s.client;
  const lane = isUp ? s.up : s.down;
  // The first bytes of some clients must not reach a server before they were looked at.
  if (isUp && s.isUnlisted) return;
  for (let i = 0; i < READS_PER_TURN; i++) {
    if (to.isShut || to.outLength > 0) return;
    if (lane !== null && lane.held > 0) {
      const result = stepLane(lane, from, to);
      if (result !== LANE.moved && result !== LANE.over) return;
      continue;
    }
    const got = readFrom(from, RECEIVE_AT, RECEIVE_BYTES);
    if (got <= 0 || writeTo(to, RECEIVE_AT, got) !== WRITTEN) return;
  }
}
