/**
 * Writes the head of a server's answer as its client gets it. Most answers need no change and are
 * sent as they were received; this is for those that do.
 */
import type { ListenerRuntime } from './runtime.ts';
import { BODY, FIELD, FIELD_STRIDE, HEAD_FLAG } from '../codec/http1-head.ts';
import type { ResponseHead } from '../codec/http1-head.ts';
import { bytes, putNumber, putRun, putText } from './buffers.ts';
import type { Exchange } from './exchange.ts';

/** Where the minor version stands in a status line; ours is 1 (RFC 9110 §2.5). */
const MINOR_AT = 7;
const ONE = 0x31;

/**
 * Whether the head received at `start` must be written anew. `x.closeDownstream` must be settled.
 */
export function mustWriteAnswer(x: Exchange, head: ResponseHead, start: number): boolean {
  if (x.closeDownstream || bytes[start + MINOR_AT] !== ONE || x.minor !== 1) return true;
  const { hstsText, viaText } = x.listener!;
  if (x.route!.responseEdits !== null || viaText !== null || hstsText !== null) return true;
  if ((head.flags & HEAD_FLAG.drops) === 0) return false;
  return hasLeftOut(x, head);
}

function hasLeftOut(x: Exchange, head: ResponseHead): boolean {
  const { fields, fieldCount } = head;
  for (let i = 0, f = 0; i < fieldCount; i++, f += FIELD_STRIDE) {
    if (leavesOut(x, fields[f + 4]!, fields[f + 5]!)) return true;
  }
  return false;
}

function leavesOut(x: Exchange, id: number, drop: number): boolean {
  // Nothing but "chunked" has passed the parser; it stays where the body stays chunked.
  if (id === FIELD.transferEncoding) return x.answerBody !== BODY.chunked || x.minor !== 1;
  return drop !== 0;
}

/** Bytes that the listener adds to every answer. */
function lengthOf({ viaText, hstsText }: ListenerRuntime): number {
  return (viaText?.length ?? 0) + (hstsText?.length ?? 0);
}

/** The most bytes that `writeAnswerHead` writes. */
export function answerRoom(x: Exchange, head: ResponseHead, size: number): number {
  const edits = x.route!.responseEdits?.lines.length ?? 0;
  return size + edits + lengthOf(x.listener!) + head.reasonEnd - head.reasonStart + 128;
}

/** Writes the head, which was received at `start`, at `at`; returns the offset after it. */
export function writeAnswerHead(
  x: Exchange,
  head: ResponseHead,
  start: number,
  at: number,
): number {
  const { fields, fieldCount } = head;
  const edits = x.route!.responseEdits;
  const last = head.end - 2;
  let out = at;
  let run = start;
  if (bytes[start + MINOR_AT] !== ONE) {
    out = putText(out, 'HTTP/1.1 ');
    out = putNumber(out, head.status);
    bytes[out++] = 32;
    out = putRun(out, head.reasonStart, head.reasonEnd);
    out = putText(out, '\r\n');
    run = head.fieldsStart;
  }
  for (let i = 0, f = 0; i < fieldCount; i++, f += FIELD_STRIDE) {
    const isLeftOut =
      leavesOut(x, fields[f + 4]!, fields[f + 5]!) ||
      (edits !== null && edits.removes(fields[f]!, fields[f + 1]!));
    if (!isLeftOut) continue;
    const lineStart = fields[f]!;
    if (lineStart > run) out = putRun(out, run, lineStart);
    run = i + 1 < fieldCount ? fields[f + FIELD_STRIDE]! : last;
  }
  if (last > run) out = putRun(out, run, last);
  if (edits !== null) out = putText(out, edits.lines);
  const { hstsText, viaText } = x.listener!;
  if (viaText !== null) out = putText(out, viaText);
  if (hstsText !== null && head.status >= 200) out = putText(out, hstsText);
  out = writeConnection(x, head, out);
  bytes[out] = 13;
  bytes[out + 1] = 10;
  return out + 2;
}

function writeConnection(x: Exchange, head: ResponseHead, at: number): number {
  if (head.status === 101) return writeSwitch(head, at);
  if (x.closeDownstream) return putText(at, 'Connection: close\r\n');
  return x.minor === 1 ? at : putText(at, 'Connection: keep-alive\r\n');
}

function writeSwitch(head: ResponseHead, at: number): number {
  let out = putText(at, 'Upgrade: ');
  out = putRun(out, head.upgradeStart, head.upgradeEnd);
  return putText(out, '\r\nConnection: upgrade\r\n');
}
