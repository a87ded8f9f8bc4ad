import { REASON } from '../base/reasons.ts';
import { SLASH, asciiBytes, equalsIgnoreCase } from './ascii.ts';
import { parseAuthority } from './authority.ts';
import { canonicalizePath, hasLowerCaseEscape } from './canonical-path.ts';
import { readConnectionOptions } from './connection-options.ts';
import { parseDecimal } from './decimal.ts';
import { scanFields } from './field-lines.ts';
import { BODY, FIELD, FIELD_STRIDE, HEAD_FLAG, METHOD, UNUSUAL_NAMES } from './http1-head.ts';
import type { RequestHead, RequestPolicy } from './http1-head.ts';
import { scanRequestLine } from './request-line.ts';
import { readUnusualTarget } from './request-target.ts';
import { judgeTransferCoding } from './transfer-coding.ts';
import { readUpgradeOffer } from './upgrade-offer.ts';

const HOST_BIT = 1 << FIELD.host;
const LENGTH_BIT = 1 << FIELD.contentLength;
const CODING_BIT = 1 << FIELD.transferEncoding;
const CONNECTION_BIT = 1 << FIELD.connection;
/** Fields that have a meaning for the head as a whole besides Host and the framing. */
const RARE_BITS =
  (1 << FIELD.te) | (1 << FIELD.upgrade) | (1 << FIELD.expect) | (1 << FIELD.http2Settings);

const WEBSOCKET = asciiBytes('websocket');
const CONTINUE = asciiBytes('100-continue');
const TRAILERS = asciiBytes('trailers');

/**
 * Parses the head of a request from `bytes[start..end)` (RFC 9112 §3, §5, §6) into `head`. Returns
 * the index just past it (`head.end`), 0 where it is incomplete, or minus a REASON id; `head` has a
 * meaning only after a positive return. Never throws, never reads outside `start..end`.
 *
 * This is the one place that decides what a request is. Whatever two programs could read in two
 * ways is refused: bare LF and CR, folding, both kinds of framing, any Content-Length or
 * Transfer-Encoding but the plainest, a missing, repeated or malformed Host.
 *
 * A head that is returned as good has been changed in place: its path is canonical, its Upgrade
 * value without h2c. It must not be parsed a second time. An incomplete or refused one may be
 * longer the next time: up to that, nothing is changed while 0 is returned.
 *
 * Called once per request, and again while the head is incomplete. It starts anew each time: a
 * caller that waits for another LF before it calls again parses no head more often than it has
 * lines, which the limit of fields bounds.
 */
// oxlint-disable-next-line max-params -- an object of options per request would be an allocation
export function parseRequestHead(
  bytes: Uint8Array,
  start: number,
  end: number,
  policy: RequestPolicy,
  head: RequestHead,
): number {
  const full = start + policy.headBytes;
  const stop = end < full ? end : full;
  head.flags = 0;
  head.queryStart = -1;
  head.queryEnd = -1;
  let i = scanRequestLine(bytes, start, stop, policy, head);
  if (i > 0) {
    if (head.method >= METHOD.trace) {
      return head.method === METHOD.trace ? -REASON.traceNotAllowed : -REASON.connectNotAllowed;
    }
    const table = head.table;
    table.limit = policy.fields;
    table.unusualPolicy = UNUSUAL_NAMES[policy.unusualFieldNames];
    head.fieldsStart = i;
    i = scanFields(bytes, i, stop, table);
  }
  if (i <= 0) return i === 0 && end >= full ? -REASON.headTooLarge : i;
  head.end = i;
  const reason = readMeaning(bytes, policy, head);
  return reason === 0 ? i : -reason;
}

/** What the scanned head means as a whole; 0 or a REASON id. */
function readMeaning(bytes: Uint8Array, policy: RequestPolicy, head: RequestHead): number {
  const table = head.table;
  const seen = table.seen;
  head.fieldCount = table.count;
  head.upgradeStart = -1;
  head.upgradeEnd = -1;
  let reason = readHost(bytes, head);
  if (reason !== 0) return reason;
  reason = readFraming(bytes, head);
  if (reason !== 0) return reason;
  let options = 0;
  if ((seen & CONNECTION_BIT) !== 0) {
    options = readConnectionOptions(bytes, table);
    if (options < 0) return REASON.badFieldValue;
    head.flags |= options & (HEAD_FLAG.close | HEAD_FLAG.keepAlive);
  }
  if (head.minor === 0 && (head.flags & HEAD_FLAG.keepAlive) === 0) head.flags |= HEAD_FLAG.close;
  if ((seen & RARE_BITS) !== 0) {
    reason = readRareFields(bytes, options, head);
    if (reason !== 0) return reason;
  }
  if (table.drops) head.flags |= HEAD_FLAG.drops;
  if (table.unusual) head.flags |= HEAD_FLAG.unusualNames;
  return head.pathSuspect ? settlePath(bytes, policy, head) : 0;
}

/** Host and the target's authority (RFC 9112 §3.2): every Host is checked, the target's counts. */
function readHost(bytes: Uint8Array, head: RequestHead): number {
  const table = head.table;
  head.hostStart = -1;
  head.hostEnd = -1;
  head.hostNameEnd = -1;
  if ((table.seen & HOST_BIT) !== 0) {
    if ((table.repeated & HOST_BIT) !== 0) return REASON.duplicateHost;
    const at = table.firstOf[FIELD.host]!;
    head.hostStart = table.fields[at + 2]!;
    head.hostEnd = table.fields[at + 3]!;
    head.hostNameEnd = parseAuthority(bytes, head.hostStart, head.hostEnd);
    if (head.hostNameEnd < 0) return REASON.badHost;
  } else if (head.minor !== 0) {
    return REASON.missingHost;
  }
  return bytes[head.targetStart] === SLASH ? 0 : readUnusualTarget(bytes, head);
}

/** Content-Length and Transfer-Encoding (RFC 9112 §6). */
function readFraming(bytes: Uint8Array, head: RequestHead): number {
  const table = head.table;
  const framing = table.seen & (LENGTH_BIT | CODING_BIT);
  head.contentLength = -1;
  head.body = BODY.none;
  if (framing === 0) return 0;
  if (framing === (LENGTH_BIT | CODING_BIT)) return REASON.lengthAndChunked;
  const fields = table.fields;
  if (framing === LENGTH_BIT) {
    if ((table.repeated & LENGTH_BIT) !== 0) return REASON.duplicateContentLength;
    const at = table.firstOf[FIELD.contentLength]!;
    const length = parseDecimal(bytes, fields[at + 2]!, fields[at + 3]!);
    if (length < 0) return REASON.badContentLength;
    head.contentLength = length;
    head.flags |= HEAD_FLAG.length;
    if (length > 0) head.body = BODY.length;
    return 0;
  }
  if (head.minor === 0) return REASON.chunkedInHttp10;
  if ((table.repeated & CODING_BIT) !== 0) return REASON.badTransferEncoding;
  const at = table.firstOf[FIELD.transferEncoding]!;
  const reason = judgeTransferCoding(bytes, fields[at + 2]!, fields[at + 3]!);
  if (reason !== 0) return reason;
  head.flags |= HEAD_FLAG.chunked;
  head.body = BODY.chunked;
  return 0;
}

/** Expect, TE and Upgrade. `options` are the HEAD_FLAG bits of the connection options. */
function readRareFields(bytes: Uint8Array, options: number, head: RequestHead): number {
  const table = head.table;
  const fields = table.fields;
  const end = table.count * FIELD_STRIDE;
  for (let at = 0; at < end; at += FIELD_STRIDE) {
    const id = fields[at + 4]!;
    if (id === FIELD.expect) {
      if (!equalsIgnoreCase(bytes, fields[at + 2]!, fields[at + 3]!, CONTINUE)) {
        return REASON.expectationFailed;
      }
      if (head.minor === 0) {
        // RFC 9110 §10.1.1: from HTTP/1.0 it is ignored, and must not reach the server as ours.
        fields[at + 5] = 1;
        table.drops = true;
      } else {
        head.flags |= HEAD_FLAG.expectContinue;
      }
    } else if (id === FIELD.te) {
      if (equalsIgnoreCase(bytes, fields[at + 2]!, fields[at + 3]!, TRAILERS)) {
        head.flags |= HEAD_FLAG.trailers;
      }
    }
  }
  const upgrade = (options & HEAD_FLAG.upgrade) !== 0 && (table.seen & (1 << FIELD.upgrade)) !== 0;
  if (upgrade && head.minor !== 0) readUpgrade(bytes, head);
  return 0;
}

function readUpgrade(bytes: Uint8Array, head: RequestHead): void {
  const at = readUpgradeOffer(bytes, head.table);
  if (at < 0) return;
  head.upgradeStart = head.fields[at + 2]!;
  head.upgradeEnd = head.fields[at + 3]!;
  head.flags |= HEAD_FLAG.upgrade;
  if (equalsIgnoreCase(bytes, head.upgradeStart, head.upgradeEnd, WEBSOCKET)) {
    head.flags |= HEAD_FLAG.webSocket;
  }
}

/** Brings the path into canonical form; the last step, because it changes the bytes. */
function settlePath(bytes: Uint8Array, policy: RequestPolicy, head: RequestHead): number {
  const { pathStart, pathEnd } = head;
  const recased = hasLowerCaseEscape(bytes, pathStart, pathEnd);
  const end = canonicalizePath(bytes, pathStart, pathEnd, policy);
  if (end < 0) return -end;
  if (end !== pathEnd || recased) head.flags |= HEAD_FLAG.targetChanged;
  head.pathEnd = end;
  return 0;
}
