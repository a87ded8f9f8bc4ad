/**
 * The one timer of a session that relays. It is not touched for each byte that passes: when it is
 * due it looks at when the last one did. It is due now and then also where the limit is far, so that
 * the meters of sessions that last for days are not days old. At its first look keep-alive probes
 * towards the server are turned on: a session that ends before has no need of them.
 */
import { REASON } from '../../base/reasons.ts';
import { arm } from '../connection.ts';
import { TIMER } from '../timers.ts';
import { countBytes, probeKeepAlive } from '../upstream.ts';
import { worker } from '../worker-state.ts';
import { abortSession, countSessionBytes } from './end-session.ts';
import type { TcpSession } from './session.ts';
import { giveLane } from './splice-lane.ts';

/** Longest time between two looks at a session, in ms. */
const LOOK_MS = 10_000;
/** Nothing has passed for so long: bulk is over, in ms. */
const RESTING_MS = 1_000;

/** How long the timer of a session is to wait. */
export function lookMs(s: TcpSession): number {
  return Math.min(LOOK_MS, Math.max(1, leftMs(s)));
}

/** Time left until the session has been idle for too long; 0 or less: it has. */
function leftMs(s: TcpSession): number {
  const { idleMs, halfClosedMs } = s.listener.plan.timeouts;
  const limitMs = s.isHalfClosed ? Math.min(halfClosedMs, idleMs) : idleMs;
  return s.activeMs + limitMs - worker.nowMs;
}

/** The timer of a session that relays is due. */
export function lookAtSession(s: TcpSession): void {
  if (leftMs(s) <= 0) {
    abortSession(s, REASON.sessionIdle);
    return;
  }
  if (!s.isProbed) {
    s.isProbed = true;
    probeKeepAlive(s.upstream!);
  }
  giveIdleLanes(s);
  countSessionBytes(s);
  countBytes(s.upstream!);
  arm(s.client, TIMER.tunnel, lookMs(s));
}

/** A direction that is not in the middle of bulk any more gives its lane to others. */
function giveIdleLanes(s: TcpSession): void {
  const isResting = worker.nowMs - s.activeMs > RESTING_MS;
  if (s.up !== null && s.up.held === 0 && isResting) {
    giveLane(s.up);
    s.up = null;
  }
  if (s.down !== null && s.down.held === 0 && isResting) {
    giveLane(s.down);
    s.down = null;
  }
}
