/**
 * Which limit runs on which side of an exchange. Each connection has one timer; what it stands for
 * follows from the state of the exchange, in one place, so that no state is without a limit.
 *
 *   client   has not taken what was sent to it      write
 *            sends its body, and we read it         body
 *            waits for a place on a server          queue (armed where it is queued)
 *            else                                   none: the server's limit runs
 *   server   sends its answer                       answerBody
 *            has not taken what was sent to it      upstreamWrite
 *            has the request, or takes no more      firstByte
 *            else                                   none: the client's limit runs
 */
import { arm } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { PHASE } from './exchange.ts';
import { TIMER } from './timers.ts';
import type { Upstream } from './upstream.ts';
import { worker } from './worker-state.ts';

/** Whether we would read more of the request's body now, were it there. */
export function isTakingBody(x: Exchange): boolean {
  const u = x.upstream;
  if (x.isRequestDone || u === null || x.isUploadDead) return false;
  if (x.phase !== PHASE.waiting && x.phase !== PHASE.answering) return false;
  return u.outLength === 0 && x.requestSent >= x.requestLength;
}

/** Settles the client's timer. Called where what it depends on may have changed. */
export function settleClient(x: Exchange): void {
  if (x.phase === PHASE.tunnel) return;
  const d = x.downstream!;
  const isTaking = isTakingBody(x);
  countPause(x, isTaking);
  const { timeouts } = x.listener!.plan;
  if (d.outLength > 0) {
    if (d.kind !== TIMER.write) arm(d, TIMER.write, timeouts.writeMs);
  } else if (isTaking) {
    if (d.kind !== TIMER.body) arm(d, TIMER.body, timeouts.bodyIdleMs);
  } else if (d.kind !== TIMER.queue) d.kind = TIMER.none;
}

/** Time in which we read nothing is not the client's: its rate is measured without it. */
function countPause(x: Exchange, isTaking: boolean): void {
  if (x.isRequestDone) return;
  if (!isTaking) {
    if (x.pausedMs < 0) x.pausedMs = worker.nowMs;
  } else if (x.pausedMs >= 0) {
    x.bodyStartMs += worker.nowMs - x.pausedMs;
    x.pausedMs = -1;
  }
}

/** Settles the server's timer. Called where what it depends on may have changed. */
export function settleServer(x: Exchange): void {
  const u = x.upstream;
  if (u === null || x.phase === PHASE.connecting || x.phase === PHASE.tunnel) return;
  const limit = serverLimit(x, u);
  if (limit === u.kind) return;
  if (limit === TIMER.none) u.kind = limit;
  else arm(u, limit, limitMs(x, limit));
}

function serverLimit(x: Exchange, u: Upstream): number {
  if (x.phase === PHASE.answering && !x.isAnswerDone) return TIMER.answerBody;
  const isBehind = u.outLength > 0 || x.requestSent < x.requestLength;
  if (isBehind && !x.isUploadDead) return TIMER.upstreamWrite;
  if (x.isAnswerDone) return TIMER.none;
  return x.isRequestDone || x.isUploadDead ? TIMER.firstByte : TIMER.none;
}

function limitMs(x: Exchange, limit: number): number {
  if (limit === TIMER.answerBody) return x.route!.bodyIdleMs;
  return limit === TIMER.firstByte ? x.route!.firstByteMs : x.listener!.plan.timeouts.writeMs;
}
