import { REASON } from '../base/reasons.ts';
import * as ascii from './ascii.ts';
import * as charClass from './char-class.ts';
import { METHOD } from './http1-head.ts';
import type { HeadLimits, RequestHead } from './http1-head.ts';
import { knownMethod } from './known-method.ts';

// The compiler folds a module's own constants, not imported ones: measured, a sixth of the time.
const { CR, DIGIT_0, DOT, LF, SLASH, SP } = ascii;
const { TARGET, TARGET_CLASS, TOKEN } = charClass;

const HTTP = ascii.asciiBytes('HTTP/');

/**
 * Reads METHOD SP TARGET SP VERSION CRLF (RFC 9112 §3) from `from`, after at most one empty line
 * (§2.2), into `head`: method, version and the target's offsets; path and query as in origin-form.
 * Returns the index just past the line, 0 where `end` comes first, or minus a REASON id.
 *
 * Errors are found in the order of the bytes. Once per request.
 */
// oxlint-disable-next-line max-params -- an object of options per request would be an allocation
export function scanRequestLine(
  bytes: Uint8Array,
  from: number,
  end: number,
  limits: HeadLimits,
  head: RequestHead,
): number {
  let i = from;
  if (i < end && bytes[i] === CR) {
    if (i + 1 >= end) return 0;
    if (bytes[i + 1] !== LF) return -REASON.bareCarriageReturn;
    i += 2;
  }
  head.methodStart = i;
  if (end - i > 3 && isGet(bytes, i)) {
    i += 3;
    head.method = METHOD.get;
  } else {
    while (i < end && TOKEN[bytes[i]!] !== 0) i++;
    if (i >= end) return 0;
    if (bytes[i] !== SP || i === head.methodStart) return -methodError(bytes[i]!);
    head.method = knownMethod(bytes, head.methodStart, i);
  }
  head.methodEnd = i;
  i = scanTarget(bytes, i + 1, end, limits.uriBytes, head);
  return i <= 0 ? i : scanVersion(bytes, i + 1, end, head);
}

/** Whether "GET " is at `i`: the common case, without a look-up. */
function isGet(bytes: Uint8Array, i: number): boolean {
  return bytes[i] === 0x47 && bytes[i + 1] === 0x45 && bytes[i + 2] === 0x54 && bytes[i + 3] === SP;
}

function methodError(byte: number): number {
  if (byte === LF) return REASON.bareLineFeed;
  return byte === CR || byte === SP ? REASON.badRequestLine : REASON.badMethod;
}

/** Reads up to the SP after the target and returns its index; 0 and errors as above. */
// oxlint-disable-next-line max-params -- an object of options per request would be an allocation
function scanTarget(
  bytes: Uint8Array,
  from: number,
  end: number,
  uriBytes: number,
  head: RequestHead,
): number {
  const full = from + uriBytes;
  const stop = end < full ? end : full;
  let i = from;
  let suspect = false;
  let target = 0;
  while (i < stop) {
    target = TARGET[bytes[i]!]!;
    if (target === TARGET_CLASS.plain) {
      i++;
      continue;
    }
    if (target >= TARGET_CLASS.query) break;
    // A dot or a slash is of interest only after a slash, an escape always.
    if (target === TARGET_CLASS.percent || bytes[i - 1] === SLASH) suspect = true;
    i++;
  }
  head.targetStart = from;
  head.pathStart = from;
  head.pathEnd = i;
  head.pathSuspect = suspect;
  if (i < stop && target === TARGET_CLASS.query) {
    i++;
    head.queryStart = i;
    while (i < stop && TARGET[bytes[i]!]! < TARGET_CLASS.space) i++;
    head.queryEnd = i;
  }
  head.targetEnd = i;
  if (i >= end) return 0;
  if (bytes[i] === SP) return i > from ? i : -REASON.badRequestLine;
  if (i === full) return -REASON.uriTooLong;
  if (bytes[i] === LF) return -REASON.bareLineFeed;
  return bytes[i] === CR ? -REASON.badRequestLine : -REASON.badTarget;
}

/** Reads the version and the line's end; returns the index just past it; 0 and errors as above. */
function scanVersion(bytes: Uint8Array, from: number, end: number, head: RequestHead): number {
  for (let k = 0; k < 5; k++) {
    if (from + k >= end) return 0;
    if (bytes[from + k] !== HTTP[k]) return -REASON.badVersion;
  }
  // DIGIT "." DIGIT, then CR and LF.
  const at = from + 5;
  if (at >= end) return 0;
  const major = bytes[at]! - DIGIT_0;
  if (major < 1 || major > 9) return -REASON.badVersion;
  if (at + 1 >= end) return 0;
  if (bytes[at + 1] !== DOT) return -REASON.badVersion;
  if (at + 2 >= end) return 0;
  const minor = bytes[at + 2]! - DIGIT_0;
  if (minor < 0 || minor > 9) return -REASON.badVersion;
  if (major !== 1) return -REASON.unsupportedVersion;
  head.minor = minor === 0 ? 0 : 1;
  if (at + 3 >= end) return 0;
  if (bytes[at + 3] !== CR) return bytes[at + 3] === LF ? -REASON.bareLineFeed : -REASON.badVersion;
  if (at + 4 >= end) return 0;
  return bytes[at + 4] === LF ? at + 5 : -REASON.bareCarriageReturn;
}
