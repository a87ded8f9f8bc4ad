/** What becomes of a client's connection when its exchange has ended. */
import { RECEIVE_AT, RECEIVE_BYTES } from './buffers.ts';
import { arm, readFrom, resetOnClose, shutWrite } from './connection.ts';
import type { Downstream } from './downstream.ts';
import { closeDownstream, countBytes } from './downstream.ts';
import { LINGER_BYTES, LINGER_MS, READS_PER_TURN } from './limits.ts';
import { TIMER } from './timers.ts';
import { worker } from './worker-state.ts';

/** Waits for the next request, or closes. What is not sent yet is sent before either. */
export function finishDownstream(d: Downstream, closes: boolean): void {
  countBytes(d);
  if (closes) {
    d.closesWhenSent = true;
    if (d.outLength === 0) closeSoftly(d);
    else arm(d, TIMER.write, d.acceptor.listener.plan.timeouts.writeMs);
    return;
  }
  const { timeouts } = d.acceptor.listener.plan;
  if (d.outLength > 0) {
    arm(d, TIMER.write, timeouts.writeMs);
    return;
  }
  arm(d, TIMER.keepAlive, timeouts.keepAliveMs);
  if (d.isInputUnparsed || d.canRead) worker.later(d);
}

/**
 * Closes after an answer. Closing a socket with unread data sends RST, which may throw away the
 * answer before the client has read it (RFC 9112 §9.6): so where something may still come, our FIN
 * goes first and what comes is read and thrown away for a while.
 */
export function closeSoftly(d: Downstream): void {
  if (!d.canRead && !d.expectsMore) {
    closeDownstream(d);
    return;
  }
  shutWrite(d);
  d.isLingering = true;
  arm(d, TIMER.linger, LINGER_MS);
  drain(d);
}

/** Reads and throws away, within limits. */
export function drain(d: Downstream): void {
  for (let i = 0; i < READS_PER_TURN; i++) {
    if (d.isClosed || !d.canRead) return;
    const got = readFrom(d, RECEIVE_AT, RECEIVE_BYTES);
    if (got === -1) return;
    d.lingerBytes += got;
    if (got <= 0 || d.lingerBytes > LINGER_BYTES) {
      closeDownstream(d);
      return;
    }
  }
  worker.later(d);
}

/** Closes with RST. */
export function resetDownstream(d: Downstream): void {
  if (d.isClosed) return;
  resetOnClose(d);
  closeDownstream(d);
}
