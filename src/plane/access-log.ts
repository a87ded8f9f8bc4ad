/**
 * The access log: one JSON line per request, written into a buffer and handed to the supervisor
 * through a pipe that is never waited for. What does not fit is counted and lost; the loop never
 * blocks for a log.
 */
import { METHOD_TEXT_MAX } from './limits.ts';
import { WORKER_METER } from '../base/meters.ts';
import { REASONS } from '../base/reasons.ts';
import * as libc from '../sys/libc.ts';
import { BASE, bytes, putNumber, putRun, putText, reserveRegion } from './buffers.ts';
import type { Exchange } from './exchange.ts';
import { bump } from './meter-segment.ts';
import type { Placement } from './placement.ts';
import { WORKER_FD } from './worker-protocol.ts';
import { worker } from './worker-state.ts';

const LOG_BYTES = 512 << 10;
/** Written out at once when so much waits. */
const FLUSH_BYTES = 32 << 10;
/** Written out when the oldest line has waited so long, in ms. */
const FLUSH_MS = 50;
/** Longest line: a path and a host of the longest head, and our own words. */
const LINE_BYTES_MAX = 80 << 10;

const start = reserveRegion(LOG_BYTES);
const end = start + LOG_BYTES;

const REASON_TEXTS = REASONS.map((row, id) => (id === 0 ? '' : `,"reason":"${row.word}"`));

let first = start;
let next = start;
let dueMs = Infinity;
/** Until then the supervisor is not offered anything: it did not take all of the last offer. */
let restUntilMs = 0;

/** When the log wants to be flushed; Infinity while it is empty. */
export function logDueMs(): number {
  return dueMs;
}

/** Writes the line of a finished exchange. */
export function logExchange(x: Exchange, bytesOut: number): void {
  let out = beginLine();
  if (out < 0) return;
  out = putText(out, x.listener!.logText);
  out = putText(out, ',"client":"');
  out = putText(out, x.downstream!.clientText);
  out = putRequest(x, out);
  out = putText(out, ',"status":');
  out = putNumber(out, x.status);
  out = putReason(out, x.reason);
  if (x.route !== null) out = putText(out, x.listener!.routeTexts[x.routeIndex]!);
  if (x.pool !== null) out = putText(out, x.pool.logText);
  if (x.server !== null) out = putText(out, x.server.logText);
  out = putNumbers(x, bytesOut, out);
  const { tls } = x.downstream!;
  if (tls !== null) out = putText(out, tls.logText);
  if (x.requestId !== '') {
    out = putText(out, ',"requestId":"');
    out = putText(out, x.requestId);
    bytes[out++] = 34;
  }
  endLine(out);
}

/** Begins a line with its time; returns where it goes on, or -1 where the line is lost. */
export function beginLine(): number {
  if (end - next < LINE_BYTES_MAX) makeRoom();
  if (end - next < LINE_BYTES_MAX) {
    bump(WORKER_METER.logLinesLost);
    return -1;
  }
  if (dueMs === Infinity) dueMs = worker.nowMs + FLUSH_MS;
  return putTime(next);
}

/** Ends the line that was begun last. */
export function endLine(at: number): void {
  bytes[at] = 125;
  bytes[at + 1] = 10;
  next = at + 2;
  if (next - first >= FLUSH_BYTES) offer();
}

/** `,"reason":"word"`; nothing for reason 0. */
export function putReason(at: number, reason: number): number {
  return putText(at, REASON_TEXTS[reason]!);
}

function putRequest(x: Exchange, at: number): number {
  let out = putText(at, '","method":"');
  if (x.methodAt >= 0) {
    out = putRun(out, x.methodAt, Math.min(x.methodEnd, x.methodAt + METHOD_TEXT_MAX));
    out = putText(out, '","host":"');
    out = putRun(out, x.hostAt, x.hostEnd);
    out = putText(out, '","path":"');
    out = putRun(out, x.pathAt, x.pathEnd);
  } else {
    out = putText(out, '","host":"","path":"');
  }
  bytes[out] = 34;
  return out + 1;
}

function putNumbers(x: Exchange, bytesOut: number, at: number): number {
  let out = putText(at, ',"retries":');
  out = putNumber(out, x.retries);
  out = putText(out, ',"bytesIn":');
  out = putNumber(out, x.bodyBytes);
  out = putText(out, ',"bytesOut":');
  out = putNumber(out, bytesOut);
  const from = x.startMs;
  out = putQueue(out, x);
  if (x.connectedMs >= 0) out = putPhase(out, ',"connectMs":', x.connectedMs - x.dispatchMs);
  if (x.firstByteMs >= 0) out = putPhase(out, ',"firstByteMs":', x.firstByteMs - from);
  return putPhase(out, ',"totalMs":', worker.nowMs - from);
}

/** `,"queueMs":…` of what has waited; until now where it left the queue without a server. */
export function putQueue(at: number, p: Placement): number {
  if (p.queuedMs < 0) return at;
  const endMs = p.dispatchMs < p.queuedMs ? worker.nowMs : p.dispatchMs;
  return putPhase(at, ',"queueMs":', endMs - p.queuedMs);
}

/** Milliseconds with three decimals. */
export function putPhase(at: number, name: string, ms: number): number {
  let out = putText(at, name);
  const us = ms <= 0 ? 0 : Math.round(ms * 1000);
  const whole = Math.floor(us / 1000);
  const rest = us - whole * 1000;
  out = putNumber(out, whole);
  bytes[out] = 46;
  bytes[out + 1] = 48 + Math.floor(rest / 100);
  bytes[out + 2] = 48 + (Math.floor(rest / 10) % 10);
  bytes[out + 3] = 48 + (rest % 10);
  return out + 4;
}

let timeMs = -1;
let timeText = '';

/** The wall clock is read once per turn of the loop that logs anything. */
function putTime(at: number): number {
  if (timeMs !== worker.nowMs) {
    timeMs = worker.nowMs;
    timeText = `{"time":"${new Date().toISOString()}"`;
  }
  return putText(at, timeText);
}

/** Hands over what waits; called when it is due. Never blocks. */
export function flushLog(): void {
  while (next > first) {
    const written = libc.write(WORKER_FD.accessLog, BASE + first, next - first);
    if (written <= 0) {
      // The supervisor does not read, or is gone: the lines wait as long as there is room.
      restUntilMs = worker.nowMs + FLUSH_MS;
      dueMs = restUntilMs;
      return;
    }
    first += written;
  }
  dueMs = Infinity;
  first = start;
  next = start;
}

function offer(): void {
  if (worker.nowMs >= restUntilMs) flushLog();
}

/** Room at the end: what waits is handed over, or moved to the front. */
function makeRoom(): void {
  offer();
  if (first === start) return;
  bytes.copyWithin(start, first, next);
  next = start + (next - first);
  first = start;
}
