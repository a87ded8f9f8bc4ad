import { REASON } from '../base/reasons.ts';
import * as ascii from './ascii.ts';
import { asciiBytes, asciiText } from './ascii.ts';
import * as charClass from './char-class.ts';
import { TARGET, TARGET_CLASS } from './char-class.ts';
import type { PathPolicy } from './http1-head.ts';

// The compiler folds a module's own constants, not imported ones: measured, a sixth of the time.
const { BACKSLASH, DOT, PERCENT, SEMICOLON, SLASH } = ascii;
const { HEX_VALUE, UNRESERVED } = charClass;

const HEX_UPPER = asciiBytes('0123456789ABCDEF');

/** What a finished segment is. */
const SEGMENT = { name: 0, dot: 1, dotDot: 2, refused: 3 } as const;

/**
 * Brings the path `bytes[start..end)`, which begins with "/", into its one canonical form in place
 * (RFC 3986 §6.2.2); returns its new end, or minus a REASON id. The form never grows, and is its
 * own canonical form. It is what routes are matched on and what the server is sent.
 *
 * Escapes of unreserved characters are decoded, others get upper-case digits; dot segments are
 * removed, whether escaped or not; runs of slashes become one where `policy.mergeSlashes` is set,
 * before dot segments count. badPath: a broken escape, %00, a path that climbs above its root, a
 * dot segment beside an escaped slash, or one with parameters ("..;"), which some servers take for
 * a plain dot segment. encodedSlash: a backslash; %2F or %5C where the policy does not allow them.
 *
 * Once per request whose path may not be canonical already.
 */
export function canonicalizePath(
  bytes: Uint8Array,
  start: number,
  end: number,
  policy: PathPolicy,
): number {
  let out = start + 1;
  let segment = out;
  let escapedSlash = false;
  for (let i = start + 1; i <= end; i++) {
    const byte = i < end ? bytes[i]! : SLASH;
    if (byte === SLASH) {
      const kind = segmentKind(bytes, segment, out, escapedSlash);
      if (kind === SEGMENT.refused) return -REASON.badPath;
      if (kind === SEGMENT.dot) {
        out = segment;
      } else if (kind === SEGMENT.dotDot) {
        out = parentEnd(bytes, start, segment);
        if (out < 0) return -REASON.badPath;
      } else if (i < end && (out > segment || !policy.mergeSlashes)) {
        bytes[out++] = SLASH;
      }
      segment = out;
      escapedSlash = false;
    } else if (byte === PERCENT) {
      if (i + 2 >= end) return -REASON.badPath;
      const high = HEX_VALUE[bytes[i + 1]!]!;
      const low = HEX_VALUE[bytes[i + 2]!]!;
      const value = (high << 4) | low;
      if (high > 15 || low > 15 || value === 0) return -REASON.badPath;
      i += 2;
      if (UNRESERVED[value] === 1) {
        bytes[out++] = value;
        continue;
      }
      if (value === SLASH || value === BACKSLASH) {
        if (!policy.allowEncodedSlash) return -REASON.encodedSlash;
        escapedSlash = true;
      }
      bytes[out] = PERCENT;
      bytes[out + 1] = HEX_UPPER[high]!;
      bytes[out + 2] = HEX_UPPER[low]!;
      out += 3;
    } else {
      if (byte === BACKSLASH) return -REASON.encodedSlash;
      bytes[out++] = byte;
    }
  }
  return out;
}

/** Kind of the finished segment `bytes[start..end)`; its escapes are in canonical form. */
function segmentKind(bytes: Uint8Array, start: number, end: number, escapedSlash: boolean): number {
  if (escapedSlash) {
    // A server that decodes the slash sees several segments here: none may be a dot segment.
    let part = start;
    for (let i = start; i < end; i++) {
      if (!isEscapedSlash(bytes, i, end)) continue;
      if (dotKind(bytes, part, i) !== SEGMENT.name) return SEGMENT.refused;
      part = i + 3;
    }
    return dotKind(bytes, part, end) === SEGMENT.name ? SEGMENT.name : SEGMENT.refused;
  }
  return dotKind(bytes, start, end);
}

function dotKind(bytes: Uint8Array, start: number, end: number): number {
  if (start === end || bytes[start] !== DOT) return SEGMENT.name;
  let i = start + 1;
  if (i < end && bytes[i] === DOT) i++;
  if (i === end) return i - start === 1 ? SEGMENT.dot : SEGMENT.dotDot;
  return bytes[i] === SEMICOLON ? SEGMENT.refused : SEGMENT.name;
}

function isEscapedSlash(bytes: Uint8Array, i: number, end: number): boolean {
  if (bytes[i] !== PERCENT || i + 2 >= end) return false;
  const value = (HEX_VALUE[bytes[i + 1]!]! << 4) | HEX_VALUE[bytes[i + 2]!]!;
  return value === SLASH || value === BACKSLASH;
}

/** Where the parent of the segment at `segment` ends, its slash included; -1 above the root. */
function parentEnd(bytes: Uint8Array, start: number, segment: number): number {
  let i = segment - 2;
  for (; i >= start && bytes[i] !== SLASH; i--) {
    if (isEscapedSlash(bytes, i, segment)) return -1;
  }
  return i < start ? -1 : i + 1;
}

/** Whether the path `bytes[start..end)` has an escape with a lower-case digit. */
export function hasLowerCaseEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i + 2 < end; i++) {
    if (bytes[i] === PERCENT && (bytes[i + 1]! >= 0x61 || bytes[i + 2]! >= 0x61)) return true;
  }
  return false;
}

const DEFAULT_POLICY: PathPolicy = { allowEncodedSlash: false, mergeSlashes: true };

/**
 * The canonical form of a path from the configuration, null where it is not one: it must begin with
 * "/" and hold only what a request's path may hold, without query and fragment. Characters past
 * ASCII may be written as they are and become UTF-8 escapes. Braces are refused: who writes `/{id}`
 * means a template, which would never match. For the configuration and its tests.
 */
export function canonicalPathText(
  text: string,
  policy: PathPolicy = DEFAULT_POLICY,
): string | null {
  if (!text.startsWith('/') || !text.isWellFormed() || /[{}]/.test(text)) return null;
  const bytes = asciiBytes(text.replace(/[^\0-\x7f]+/gu, encodeURIComponent));
  for (const byte of bytes) {
    const target = TARGET[byte]!;
    if (target > TARGET_CLASS.percent) return null;
  }
  const end = canonicalizePath(bytes, 0, bytes.length, policy);
  return end < 0 ? null : asciiText(bytes, 0, end);
}
