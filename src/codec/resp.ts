import { ASTERISK, CR, LF, asciiText } from './ascii.ts';

/*
 * RESP2, the protocol of Redis, as a client reads it.
 *
 *   + simple string   :  integer   $ bulk string, by length   * array, by count   - error
 *
 * Each reply begins with one of these bytes and a line that ends in CR LF.
 */

/** Bytes of one reply, everything counted. */
export const RESP_REPLY_BYTES_MAX = 64 * 1024;
/** Bytes of one line, without its end. */
export const RESP_LINE_BYTES_MAX = 1024;
/** Entries of one array. */
export const RESP_ENTRIES_MAX = 1024;
/** Arrays within arrays. */
export const RESP_DEPTH_MAX = 4;

/** One reply. An error is its text, which begins with its code in upper case. */
export type RespReply =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'array'; readonly entries: readonly RespReply[] }
  | { readonly kind: 'null' };

/** A reply and where the next one begins; `more` where bytes are missing; what is wrong else. */
export type RespResult =
  | { readonly kind: 'reply'; readonly reply: RespReply; readonly end: number }
  | { readonly kind: 'more' }
  | { readonly kind: 'fault'; readonly fault: string };

type Fault = Extract<RespResult, { kind: 'fault' }>;

const MORE: RespResult = { kind: 'more' };
const NULL: RespReply = { kind: 'null' };
const ENCODER = new TextEncoder();

/**
 * Reads one reply that begins at `start`. Strict and bounded: what exceeds a limit, and every byte
 * that RESP2 does not have in its place, is a fault at the first byte that shows it. Called for
 * each piece that arrives of the few replies of a check.
 */
export function readResp(bytes: Uint8Array, start: number): RespResult {
  const result = readAt(bytes, start, 0);
  if (result.kind === 'reply') {
    return result.end - start > RESP_REPLY_BYTES_MAX ? TOO_LONG : result;
  }
  if (result.kind === 'more' && bytes.length - start > RESP_REPLY_BYTES_MAX) return TOO_LONG;
  return result;
}

const TOO_LONG = fault(`a reply exceeds ${RESP_REPLY_BYTES_MAX} bytes`);

function readAt(bytes: Uint8Array, start: number, depth: number): RespResult {
  const type = bytes[start];
  if (type === undefined) return MORE;
  if (!'+-:$*'.includes(String.fromCharCode(type))) {
    return fault('a reply does not begin with one of + - : $ *');
  }
  const lineEnd = findLineEnd(bytes, start + 1);
  if (typeof lineEnd !== 'number') return lineEnd;
  const line = asciiText(bytes, start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(type)) {
    case '+':
      return reply({ kind: 'text', text: line }, end);
    case '-':
      return reply({ kind: 'error', text: line }, end);
    case ':':
      return readInteger(line, end);
    default:
      return readSized(bytes, { type, line, end, depth });
  }
}

function readInteger(line: string, end: number): RespResult {
  const value = Number(line);
  if (!/^(?:0|-?[1-9][0-9]*)$/.test(line) || !Number.isSafeInteger(value)) {
    return fault('an integer is not a decimal number within 2^53');
  }
  return reply({ kind: 'integer', value }, end);
}

/** What begins with a length or a count. */
function readSized(
  bytes: Uint8Array,
  head: { type: number; line: string; end: number; depth: number },
): RespResult {
  const { type, line, end, depth } = head;
  if (line === '-1') return reply(NULL, end);
  if (!/^(?:0|[1-9][0-9]{0,8})$/.test(line)) return fault('a length is not a decimal number');
  const size = Number(line);
  if (type !== ASTERISK) return readBulk(bytes, end, size);
  if (size > RESP_ENTRIES_MAX) return fault(`an array has more than ${RESP_ENTRIES_MAX} entries`);
  if (depth === RESP_DEPTH_MAX) return fault(`arrays are nested deeper than ${RESP_DEPTH_MAX}`);
  const entries: RespReply[] = [];
  let at = end;
  for (let i = 0; i < size; i++) {
    const entry = readAt(bytes, at, depth + 1);
    if (entry.kind !== 'reply') return entry;
    entries.push(entry.reply);
    at = entry.end;
  }
  return reply({ kind: 'array', entries }, at);
}

function readBulk(bytes: Uint8Array, start: number, size: number): RespResult {
  if (size > RESP_REPLY_BYTES_MAX) return TOO_LONG;
  const end = start + size;
  if (end < bytes.length && bytes[end] !== CR) return fault('a bulk string is not ended by CR LF');
  if (end + 1 >= bytes.length) return MORE;
  if (bytes[end + 1] !== LF) return fault('a bulk string is not ended by CR LF');
  return reply({ kind: 'text', text: asciiText(bytes, start, end) }, end + 2);
}

/** Where the line that begins at `start` has its CR. */
function findLineEnd(bytes: Uint8Array, start: number): number | RespResult {
  const limit = Math.min(bytes.length, start + RESP_LINE_BYTES_MAX + 1);
  for (let i = start; i < limit; i++) {
    if (bytes[i] === LF) return fault('a line has an LF without CR');
    if (bytes[i] !== CR) continue;
    if (i + 1 === bytes.length) return MORE;
    return bytes[i + 1] === LF ? i : fault('a line has a CR without LF');
  }
  if (bytes.length - start > RESP_LINE_BYTES_MAX) {
    return fault(`a line exceeds ${RESP_LINE_BYTES_MAX} bytes`);
  }
  return MORE;
}

/** A command with its arguments, as servers read them: an array of bulk strings of UTF-8. */
export function writeRespCommand(words: readonly string[]): string {
  let text = `*${words.length}\r\n`;
  for (const word of words) text += `$${ENCODER.encode(word).length}\r\n${word}\r\n`;
  return text;
}

function reply(value: RespReply, end: number): RespResult {
  return { kind: 'reply', reply: value, end };
}

function fault(text: string): Fault {
  return { kind: 'fault', fault: text };
}
