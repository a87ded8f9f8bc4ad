/**
 * Writes the head of a request as its server gets it.
 *
 * The head is copied in runs: from the last field that was left out to the next one. A request with
 * nothing to leave out is one run, whatever its number of fields.
 */
import { BODY, FIELD, FIELD_STRIDE, HEAD_FLAG } from '../codec/http1-head.ts';
import type { RequestHead } from '../codec/http1-head.ts';
import { bytes, putNumber, putRun, putText } from './buffers.ts';
import type { Exchange } from './exchange.ts';
import { writeForwarding } from './forwarding-writer.ts';

/** The minor version stands before the CRLF; ours is 1, whatever the client's (RFC 9110 §2.5). */
const MINOR_FROM_FIELDS = -3;
const ONE = 0x31;

/** The most bytes that `writeRequestHead` writes for this exchange. */
export function requestRoom(x: Exchange, head: RequestHead): number {
  const size = head.end - head.methodStart;
  const method = head.methodEnd - head.methodStart;
  const client = x.downstream!.tls?.client?.bytesMax ?? 0;
  const added = x.route!.addedBytes + x.listener!.addedBytes + client;
  // The log has a copy of method, host and path; the host may also stand in Host, X-Forwarded-Host
  // and Forwarded. What trusted proxies before us wrote is written anew, and so is the path.
  const host = head.hostEnd - head.hostStart;
  return size + method + host * 4 + (head.pathEnd - head.pathStart) + added;
}

/** Writes the head at `at`; returns the offset after its final CRLF. */
export function writeRequestHead(x: Exchange, head: RequestHead, at: number): number {
  const route = x.route!;
  const makesLine =
    route.pathRewrite !== null ||
    bytes[head.fieldsStart + MINOR_FROM_FIELDS] !== ONE ||
    (head.flags & HEAD_FLAG.targetChanged) !== 0;
  // The host is written anew where the target or the route gives it.
  const makesHost =
    route.hostText !== null || (head.flags & HEAD_FLAG.absoluteForm) !== 0 || head.hostStart < 0;
  // A Host that is not the first field may move when fields before it are left out.
  const isCopied = !makesLine && !makesHost && head.fields[4] === FIELD.host;
  let out = isCopied ? at : keepForLog(x, head, at);
  x.requestStart = out - at;
  let run = head.methodStart;
  if (makesLine) {
    out = writeRequestLine(x, head, out);
    run = head.fieldsStart;
  }
  if (isCopied) noteForLog(x, head, out);
  out = writeFields(x, head, { out, run, makesHost });
  if (makesHost) out = writeHost(x, head, out);
  if ((x.flags & HEAD_FLAG.upgrade) !== 0) out = writeUpgrade(head, out);
  else if ((x.flags & HEAD_FLAG.trailers) !== 0)
    out = putText(out, 'TE: trailers\r\nConnection: TE\r\n');
  if (x.maxForwards >= 0) out = writeMaxForwards(x.maxForwards - 1, out);
  out = writeForwarding(x, head, out);
  if (route.requestEdits !== null) out = putText(out, route.requestEdits.lines);
  bytes[out] = 13;
  bytes[out + 1] = 10;
  return out + 2;
}

/** Writes the method, path and host at `at` for the log, as the client gave them; returns the end. */
export function keepForLog(x: Exchange, head: RequestHead, at: number): number {
  let out = at;
  x.methodAt = out;
  out = putRun(out, head.methodStart, head.methodEnd);
  x.methodEnd = out;
  x.pathAt = out;
  out = putRun(out, head.pathStart, head.pathEnd);
  x.pathEnd = out;
  x.hostAt = out;
  if (head.hostStart >= 0) out = putRun(out, head.hostStart, head.hostEnd);
  x.hostEnd = out;
  return out;
}

/** The same where the head is copied as it is: the words stand in the copy. */
function noteForLog(x: Exchange, head: RequestHead, out: number): void {
  const shift = out - head.methodStart;
  x.methodAt = out;
  x.methodEnd = head.methodEnd + shift;
  x.pathAt = head.pathStart + shift;
  x.pathEnd = head.pathEnd + shift;
  x.hostAt = head.hostStart + shift;
  x.hostEnd = head.hostEnd + shift;
}

function writeRequestLine(x: Exchange, head: RequestHead, at: number): number {
  let out = putRun(at, head.methodStart, head.methodEnd);
  bytes[out++] = 32;
  const { pathRewrite } = x.route!;
  if (pathRewrite === null) {
    out = putRun(out, head.pathStart, head.pathEnd);
  } else {
    const room = bytes.subarray(out, out + pathRewrite.bytesMax(head.pathEnd - head.pathStart));
    out += pathRewrite.write(bytes, head, x.listener!.table.prefixEnd, room);
  }
  if (head.queryStart >= 0) {
    bytes[out++] = 63;
    out = putRun(out, head.queryStart, head.queryEnd);
  }
  return putText(out, ' HTTP/1.1\r\n');
}

type FieldsOptions = {
  out: number;
  run: number;
  makesHost: boolean;
};

function writeFields(x: Exchange, head: RequestHead, options: FieldsOptions): number {
  const { fields, fieldCount } = head;
  const { makesHost } = options;
  const edits = x.route!.requestEdits;
  const { ownFields } = x.listener!;
  const looksAtNames = edits !== null || ownFields !== null;
  const last = head.end - 2;
  let { out, run } = options;
  for (let i = 0, f = 0; i < fieldCount; i++, f += FIELD_STRIDE) {
    const id = fields[f + 4]!;
    if (id === FIELD.other && fields[f + 5] === 0 && !looksAtNames) continue;
    const isLeftOut =
      leavesOut(x, id, fields[f + 5]!, makesHost) ||
      (edits !== null && edits.removes(fields[f]!, fields[f + 1]!)) ||
      (ownFields !== null && ownFields.removes(fields[f]!, fields[f + 1]!));
    if (!isLeftOut) continue;
    const lineStart = fields[f]!;
    if (lineStart > run) out = putRun(out, run, lineStart);
    run = i + 1 < fieldCount ? fields[f + FIELD_STRIDE]! : last;
  }
  return last > run ? putRun(out, run, last) : out;
}

function leavesOut(x: Exchange, id: number, drop: number, makesHost: boolean): boolean {
  switch (id) {
    case FIELD.transferEncoding:
      // Nothing but "chunked" has passed the parser, and the body is sent on chunked.
      return x.requestBody !== BODY.chunked;
    case FIELD.host:
      return makesHost;
    case FIELD.xForwardedFor:
    case FIELD.forwarded:
      // Where they are believed they are written anew, with our part at the end.
      return true;
    case FIELD.xForwardedProto:
    case FIELD.xForwardedHost:
      return !x.downstream!.isTrusted;
    case FIELD.maxForwards:
      return x.maxForwards >= 0;
    case FIELD.xRequestId:
      return x.requestId !== '' || drop !== 0;
    default:
      return drop !== 0;
  }
}

function writeHost(x: Exchange, head: RequestHead, at: number): number {
  let out = putText(at, 'Host: ');
  const route = x.route!;
  if (route.hostText !== null) out = putText(out, route.hostText);
  else if (head.hostStart >= 0) out = putRun(out, head.hostStart, head.hostEnd);
  else out = putText(out, x.pool!.servers[0]!.hostText);
  return putText(out, '\r\n');
}

function writeUpgrade(head: RequestHead, at: number): number {
  let out = putText(at, 'Upgrade: ');
  out = putRun(out, head.upgradeStart, head.upgradeEnd);
  return putText(out, '\r\nConnection: upgrade\r\n');
}

function writeMaxForwards(left: number, at: number): number {
  return putText(putNumber(putText(at, 'Max-Forwards: '), left), '\r\n');
}
