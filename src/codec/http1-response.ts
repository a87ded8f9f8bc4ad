import { REASON } from '../base/reasons.ts';
import * as ascii from './ascii.ts';
import { readConnectionOptions } from './connection-options.ts';
import { parseDecimal } from './decimal.ts';
import { fieldValueEnd, scanFields } from './field-lines.ts';
import { BODY, FIELD, FIELD_STRIDE, HEAD_FLAG, METHOD, UNUSUAL_NAMES } from './http1-head.ts';
import type { HeadLimits, ResponseHead } from './http1-head.ts';

// The compiler folds a module's own constants, not imported ones: measured, a sixth of the time.
const { CR, DIGIT_0, LF, SP, asciiBytes, equalsIgnoreCase } = ascii;

const LENGTH_BIT = 1 << FIELD.contentLength;
const CODING_BIT = 1 << FIELD.transferEncoding;
const CONNECTION_BIT = 1 << FIELD.connection;
const UPGRADE_BIT = 1 << FIELD.upgrade;

const HTTP_1 = asciiBytes('HTTP/1.');
const CHUNKED = asciiBytes('chunked');

const BAD = -REASON.serverBadAnswer;

/**
 * Parses the head of an answer from `bytes[start..end)` (RFC 9112 §4, §5, §6.3) into `head`.
 * `requestMethod` is the METHOD id of the request it answers. Returns the index just past it
 * (`head.end`), 0 where it is incomplete, -serverAnswerTooLarge past the limits (`uriBytes` has no
 * meaning here), or -serverBadAnswer; `head` has a meaning only after a positive return. Never
 * throws, never reads outside `start..end`, changes nothing in `bytes`.
 *
 * HEAD_FLAG.close says that the server's connection must not be used again. Interim answers (1xx)
 * are parsed one by one; which of them may be relayed is the caller's to decide.
 *
 * Called once per answer and once more for each read while the head is incomplete.
 */
// oxlint-disable-next-line max-params -- an object of options per answer would be an allocation
export function parseResponseHead(
  bytes: Uint8Array,
  start: number,
  end: number,
  limits: HeadLimits,
  requestMethod: number,
  head: ResponseHead,
): number {
  const full = start + limits.headBytes;
  const stop = end < full ? end : full;
  let i = scanStatusLine(bytes, start, stop, head);
  if (i > 0) {
    const table = head.table;
    table.limit = limits.fields;
    table.unusualPolicy = UNUSUAL_NAMES.keep;
    head.fieldsStart = i;
    i = scanFields(bytes, i, stop, table);
  }
  if (i <= 0) {
    if (i === 0) return end >= full ? -REASON.serverAnswerTooLarge : 0;
    return i === -REASON.tooManyFields ? -REASON.serverAnswerTooLarge : BAD;
  }
  head.end = i;
  return readMeaning(bytes, requestMethod, head) ? i : BAD;
}

/** "HTTP/1." DIGIT SP 3DIGIT [ SP reason ] CRLF; the SP before an empty reason may be missing. */
function scanStatusLine(bytes: Uint8Array, from: number, end: number, head: ResponseHead): number {
  for (let k = 0; k < 7; k++) {
    if (from + k >= end) return 0;
    if (bytes[from + k] !== HTTP_1[k]) return BAD;
  }
  let i = from + 7;
  if (i >= end) return 0;
  const minor = bytes[i]! - DIGIT_0;
  if (minor < 0 || minor > 9) return BAD;
  head.minor = minor === 0 ? 0 : 1;
  i++;
  if (i >= end) return 0;
  if (bytes[i] !== SP) return BAD;
  i++;
  let status = 0;
  for (let k = 0; k < 3; k++, i++) {
    if (i >= end) return 0;
    const digit = bytes[i]! - DIGIT_0;
    if (digit < 0 || digit > 9) return BAD;
    status = status * 10 + digit;
  }
  if (status < 100) return BAD;
  head.status = status;
  if (i >= end) return 0;
  if (bytes[i] === SP) i++;
  else if (bytes[i] !== CR) return BAD;
  head.reasonStart = i;
  i = fieldValueEnd(bytes, i, end);
  head.reasonEnd = i;
  if (i >= end) return 0;
  if (bytes[i] !== CR) return BAD;
  if (i + 1 >= end) return 0;
  return bytes[i + 1] === LF ? i + 2 : BAD;
}

/** What the scanned head means as a whole; false where it means nothing that can be relied on. */
function readMeaning(bytes: Uint8Array, requestMethod: number, head: ResponseHead): boolean {
  const table = head.table;
  const seen = table.seen;
  head.fieldCount = table.count;
  head.flags = 0;
  head.contentLength = -1;
  head.body = BODY.none;
  head.upgradeStart = -1;
  head.upgradeEnd = -1;
  let options = 0;
  if ((seen & CONNECTION_BIT) !== 0) {
    options = readConnectionOptions(bytes, table);
    // A list that cannot be read may have said close.
    head.flags |= options < 0 ? HEAD_FLAG.close : options & (HEAD_FLAG.close | HEAD_FLAG.keepAlive);
  }
  if (head.minor === 0 && (head.flags & HEAD_FLAG.keepAlive) === 0) head.flags |= HEAD_FLAG.close;
  if (options > 0 && (options & HEAD_FLAG.upgrade) !== 0 && (seen & UPGRADE_BIT) !== 0) {
    const at = table.firstOf[FIELD.upgrade]!;
    head.flags |= HEAD_FLAG.upgrade;
    head.upgradeStart = table.fields[at + 2]!;
    head.upgradeEnd = table.fields[at + 3]!;
  }
  if (!readFraming(bytes, requestMethod, head)) return false;
  if (table.drops) head.flags |= HEAD_FLAG.drops;
  if (table.unusual) head.flags |= HEAD_FLAG.unusualNames;
  return true;
}

/** The body's framing in the order of RFC 9112 §6.3; false where it cannot be relied on. */
function readFraming(bytes: Uint8Array, requestMethod: number, head: ResponseHead): boolean {
  const table = head.table;
  const framing = table.seen & (LENGTH_BIT | CODING_BIT);
  const status = head.status;
  if (status < 200 || status === 204) {
    if (framing !== 0) ignoreFraming(bytes, head);
    return true;
  }
  const bodyless = requestMethod === METHOD.head || status === 304;
  if ((framing & CODING_BIT) !== 0) {
    const at = table.firstOf[FIELD.transferEncoding]!;
    const start = table.fields[at + 2]!;
    if (head.minor === 0 || (table.repeated & CODING_BIT) !== 0) return false;
    if (!equalsIgnoreCase(bytes, start, table.fields[at + 3]!, CHUNKED)) return false;
    head.flags |= HEAD_FLAG.chunked;
    if ((framing & LENGTH_BIT) !== 0) {
      dropAll(head, FIELD.contentLength);
      head.flags |= HEAD_FLAG.close;
    }
    if (!bodyless) head.body = BODY.chunked;
    return true;
  }
  if (framing === LENGTH_BIT) {
    if ((table.repeated & LENGTH_BIT) !== 0) return false;
    const at = table.firstOf[FIELD.contentLength]!;
    const length = parseDecimal(bytes, table.fields[at + 2]!, table.fields[at + 3]!);
    if (length < 0) return false;
    head.contentLength = length;
    head.flags |= HEAD_FLAG.length;
    if (!bodyless && length > 0) head.body = BODY.length;
    return true;
  }
  if (!bodyless) {
    head.body = BODY.untilClose;
    head.flags |= HEAD_FLAG.close;
  }
  return true;
}

/**
 * A 1xx or 204 has no body whatever its fields say (RFC 9112 §6.3, RFC 9110 §8.6). A server that
 * announces one may send it: its connection is not used again.
 */
function ignoreFraming(bytes: Uint8Array, head: ResponseHead): void {
  const table = head.table;
  const at = table.firstOf[FIELD.contentLength]!;
  const empty =
    (table.seen & CODING_BIT) === 0 &&
    (table.repeated & LENGTH_BIT) === 0 &&
    parseDecimal(bytes, table.fields[at + 2]!, table.fields[at + 3]!) === 0;
  if (!empty) head.flags |= HEAD_FLAG.close;
  dropAll(head, FIELD.contentLength);
}

function dropAll(head: ResponseHead, id: number): void {
  const fields = head.fields;
  const end = head.fieldCount * FIELD_STRIDE;
  for (let at = 0; at < end; at += FIELD_STRIDE) {
    if (fields[at + 4] === id) fields[at + 5] = 1;
  }
  head.table.drops = true;
}
