/**
 * What a ClientHello says in the clear (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2): the server name and the
 * protocols of ALPN, for routing without ending TLS. With an encrypted ClientHello it is the outer
 * one, whose name is the public one.
 *
 *   record    22 │ 3 minor │ length │ fragment            one ClientHello may span several records
 *   handshake  1 │ length (3)       │ body
 *   body      version │ random │ session │ ciphers │ compression │ extensions
 */
import { DOT, asciiText } from './ascii.ts';
import { HOST_NAME } from './char-class.ts';

/** Most bytes that are looked at, headers of records included. */
export const CLIENT_HELLO_BYTES_MAX = 16 << 10;
/** Most protocols of ALPN in one ClientHello. */
export const ALPN_PROTOCOLS_MAX = 64;

/** Bytes of the name of a ticket's key: what a ticket begins with (RFC 5077 §4). */
export const TICKET_KEY_NAME_BYTES = 16;

/** Why a ClientHello is refused: what the reader returns, negated. */
export const HELLO_FAULT = {
  /** The first bytes are those of another protocol. */
  notTls: 1,
  /** A ClientHello of SSL 2.0, or of SSL 3.0 in its form (RFC 5246 §E.2). */
  ssl2: 2,
  /** Past CLIENT_HELLO_BYTES_MAX. */
  tooLong: 3,
  malformed: 4,
  /** The server name is no host name. */
  badName: 5,
} as const;

/** By HELLO_FAULT id: what is wrong, for logs. */
export const HELLO_FAULT_TEXTS: readonly string[] = [
  '',
  'the first bytes are not those of TLS',
  'the ClientHello is one of SSL 2.0',
  'the ClientHello is longer than allowed',
  'the ClientHello is malformed',
  'the server name is no host name',
];

/** Results of `readClientHello` besides a fault. */
export const HELLO_MORE = 0;
export const HELLO_DONE = 1;

/** One object per worker, used again for each connection. */
export class ClientHello {
  /** Set by the caller: false where no route asks for ALPN, so that it need not be waited for. */
  needsAlpn = true;
  /** In lower case, without a trailing dot; "" where there is none. */
  serverName = '';
  /** In the client's order of preference, a character per byte, without reserved values. */
  readonly alpn: string[] = [];
  /** Set by the caller: true where the whole message is awaited, and what it says of a ticket. */
  needsTicket = false;
  /** A ticket is offered; the name of the key that sealed it, as OpenSSL writes tickets. */
  hasTicket = false;
  readonly ticketKeyName = new Uint8Array(TICKET_KEY_NAME_BYTES);
}

const RECORD_HEADER_BYTES = 5;
const FRAGMENT_BYTES_MAX = 16 << 10;
const HANDSHAKE_RECORD = 22;
const MAJOR_VERSION = 3;
const CLIENT_HELLO = 1;
const HANDSHAKE_HEADER_BYTES = 4;
const VERSION_AND_RANDOM_BYTES = 34;
const SESSION_BYTES_MAX = 32;
const EXTENSION = { serverName: 0, alpn: 16, sessionTicket: 35, preSharedKey: 41 } as const;
const HOST_NAME_TYPE = 0;
const NAME_BYTES_MAX = 253;

const MALFORMED = -HELLO_FAULT.malformed;
const SEEN_NAME = 1;
const SEEN_ALPN = 2;
const SEEN_TICKET = 4;
const SEEN_PRE_SHARED_KEY = 8;

/** Fragments put together, where there is more than one. */
const gathered = new Uint8Array(CLIENT_HELLO_BYTES_MAX);
const name = new Uint8Array(NAME_BYTES_MAX);
const latin1 = new TextDecoder('latin1');

/**
 * Reads the ClientHello at the beginning of a connection from `bytes[at … at+length)`: HELLO_DONE as
 * soon as everything that is asked for is there, HELLO_MORE while more bytes are needed, or minus a
 * HELLO_FAULT id as soon as no further bytes could make it good. `hello` has a meaning only after
 * HELLO_DONE. What follows the last byte that was needed is not looked at, and nothing is changed:
 * the bytes are to be passed on as they came.
 *
 * Called again, from the start, when more has come: whatever the number of calls, each only steps
 * over the headers of records, at most CLIENT_HELLO_BYTES_MAX / 6 of them. Never throws, never reads
 * outside its input.
 */
export function readClientHello(
  bytes: Uint8Array,
  at: number,
  length: number,
  hello: ClientHello,
): number {
  const stop = at + Math.min(length, CLIENT_HELLO_BYTES_MAX);
  const result = readRecords(bytes, at, stop, hello);
  if (result !== HELLO_MORE) return result;
  return length >= CLIENT_HELLO_BYTES_MAX ? -HELLO_FAULT.tooLong : HELLO_MORE;
}

function readRecords(bytes: Uint8Array, at: number, stop: number, hello: ClientHello): number {
  const size = fragmentBytes(bytes, at, stop);
  if (size <= 0) return size === MALFORMED ? foreign(bytes, at, stop) : size;
  const start = at + RECORD_HEADER_BYTES;
  // All that there is lies in the first record: nothing has to be put together.
  if (start + size >= stop) return readHello(bytes, start, stop, hello);
  const first = readHello(bytes, start, start + size, hello);
  if (first !== HELLO_MORE) return first;
  let end = 0;
  let record = at;
  while (record < stop) {
    const more = fragmentBytes(bytes, record, stop);
    if (more < 0) return more;
    if (more === 0) break;
    const to = Math.min(record + RECORD_HEADER_BYTES + more, stop);
    for (let i = record + RECORD_HEADER_BYTES; i < to; i++) gathered[end++] = bytes[i]!;
    record = to;
    if (isWhole(end)) break;
  }
  return readHello(gathered, 0, end, hello);
}

/** Whether the first `end` gathered bytes hold the ClientHello: what follows is none of it. */
function isWhole(end: number): boolean {
  if (end < HANDSHAKE_HEADER_BYTES) return false;
  return end >= HANDSHAKE_HEADER_BYTES + bodyBytes(gathered, 0);
}

function bodyBytes(bytes: Uint8Array, at: number): number {
  return (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** Bytes of the record's fragment, 0 while its header is incomplete, or MALFORMED. */
function fragmentBytes(bytes: Uint8Array, at: number, stop: number): number {
  const length = stop - at;
  if (length > 0 && bytes[at] !== HANDSHAKE_RECORD) return MALFORMED;
  if (length > 1 && bytes[at + 1] !== MAJOR_VERSION) return MALFORMED;
  if (length > 3 && bytes[at + 3]! << 8 > FRAGMENT_BYTES_MAX) return MALFORMED;
  if (length < RECORD_HEADER_BYTES) return 0;
  const size = (bytes[at + 3]! << 8) | bytes[at + 4]!;
  // RFC 8446 §5.1: no empty fragments of handshake messages.
  return size === 0 || size > FRAGMENT_BYTES_MAX ? MALFORMED : size;
}

/** What the first bytes are that are no record of a handshake. */
function foreign(bytes: Uint8Array, at: number, stop: number): number {
  if (bytes[at] === HANDSHAKE_RECORD && bytes[at + 1] === MAJOR_VERSION) return MALFORMED;
  // A record of SSL 2.0: its length with the top bit set, then the type of the message.
  if (bytes[at]! < 0x80) return -HELLO_FAULT.notTls;
  if (stop - at < 3) return HELLO_MORE;
  return bytes[at + 2] === CLIENT_HELLO ? -HELLO_FAULT.ssl2 : -HELLO_FAULT.notTls;
}

/**
 * Reads a handshake message of which `bytes[start..end)` is there. Whether a length is possible is
 * asked before whether its bytes are there, so that a fault is the same however the input is split.
 */
function readHello(bytes: Uint8Array, start: number, end: number, hello: ClientHello): number {
  hello.serverName = '';
  hello.alpn.length = 0;
  hello.hasTicket = false;
  if (start < end && bytes[start] !== CLIENT_HELLO) return MALFORMED;
  if (end - start < HANDSHAKE_HEADER_BYTES) return HELLO_MORE;
  let i = start + HANDSHAKE_HEADER_BYTES;
  const stop = i + bodyBytes(bytes, start);
  if (stop - start > CLIENT_HELLO_BYTES_MAX - RECORD_HEADER_BYTES) return -HELLO_FAULT.tooLong;
  if (i + VERSION_AND_RANDOM_BYTES >= stop) return MALFORMED;
  if (i >= end) return HELLO_MORE;
  if (bytes[i] !== MAJOR_VERSION) return MALFORMED;
  i += VERSION_AND_RANDOM_BYTES;
  if (i >= end) return HELLO_MORE;
  if (bytes[i]! > SESSION_BYTES_MAX) return MALFORMED;
  i += 1 + bytes[i]!;
  if (i + 2 > stop) return MALFORMED;
  if (i + 2 > end) return HELLO_MORE;
  const ciphers = u16(bytes, i);
  if (ciphers < 2 || ciphers % 2 !== 0) return MALFORMED;
  i += 2 + ciphers;
  if (i >= stop) return MALFORMED;
  if (i >= end) return HELLO_MORE;
  if (bytes[i] === 0) return MALFORMED;
  i += 1 + bytes[i]!;
  // Extensions may be left out altogether before TLS 1.3.
  if (i === stop) return HELLO_DONE;
  if (i + 2 > stop) return MALFORMED;
  if (i + 2 > end) return HELLO_MORE;
  if (i + 2 + u16(bytes, i) !== stop) return MALFORMED;
  extensionsStop = stop;
  return readExtensions(bytes, i + 2, end, hello);
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Where the extensions that are being read end by their stated length. */
let extensionsStop = 0;

function readExtensions(bytes: Uint8Array, at: number, end: number, hello: ClientHello): number {
  const stop = extensionsStop;
  let wanted = hello.needsAlpn ? SEEN_NAME | SEEN_ALPN : SEEN_NAME;
  if (hello.needsTicket) wanted |= SEEN_TICKET | SEEN_PRE_SHARED_KEY;
  let seen = 0;
  let i = at;
  while (i < stop) {
    if (i + 4 > stop) return MALFORMED;
    if (i + 4 > end) return HELLO_MORE;
    const type = u16(bytes, i);
    const from = i + 4;
    i = from + u16(bytes, i + 2);
    if (i > stop) return MALFORMED;
    const bit = extensionBit(type) & wanted;
    if (bit === 0) continue;
    if ((seen & bit) !== 0) return MALFORMED;
    if (i > end) return HELLO_MORE;
    let fault = 0;
    if (bit === SEEN_NAME) fault = readName(bytes, from, i, hello);
    else if (bit === SEEN_ALPN) fault = readAlpn(bytes, from, i, hello);
    // Identities of TLS 1.3 (RFC 8446 §4.2.11) begin with two lengths: of the list, of the first.
    else noteTicket(bytes, bit === SEEN_TICKET ? from : from + 4, i, hello);
    if (fault !== 0) return fault;
    seen |= bit;
    if (seen === wanted) return HELLO_DONE;
  }
  return HELLO_DONE;
}

function noteTicket(bytes: Uint8Array, at: number, to: number, hello: ClientHello): void {
  if (to - at < TICKET_KEY_NAME_BYTES) return;
  hello.hasTicket = true;
  for (let i = 0; i < TICKET_KEY_NAME_BYTES; i++) hello.ticketKeyName[i] = bytes[at + i]!;
}

function extensionBit(type: number): number {
  if (type === EXTENSION.serverName) return SEEN_NAME;
  if (type === EXTENSION.alpn) return SEEN_ALPN;
  if (type === EXTENSION.sessionTicket) return SEEN_TICKET;
  return type === EXTENSION.preSharedKey ? SEEN_PRE_SHARED_KEY : 0;
}

/** RFC 6066 §3: a list of names, of which one type exists and one name of each type may be sent. */
function readName(bytes: Uint8Array, from: number, to: number, hello: ClientHello): number {
  if (to - from < 5 || from + 2 + u16(bytes, from) !== to) return MALFORMED;
  if (bytes[from + 2] !== HOST_NAME_TYPE) return MALFORMED;
  const start = from + 5;
  let end = start + u16(bytes, from + 3);
  if (end !== to) return MALFORMED;
  if (end > start && bytes[end - 1] === DOT) end--;
  const size = end - start;
  if (size === 0 || size > NAME_BYTES_MAX) return -HELLO_FAULT.badName;
  let previous = 2;
  for (let i = 0; i < size; i++) {
    const byte = bytes[start + i]!;
    const hostClass = HOST_NAME[byte]!;
    if (hostClass === 0 || (hostClass === 2 && previous === 2)) return -HELLO_FAULT.badName;
    previous = hostClass;
    name[i] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
  }
  if (previous === 2) return -HELLO_FAULT.badName;
  hello.serverName = latin1.decode(name.subarray(0, size));
  return 0;
}

/** RFC 7301 §3.1. */
function readAlpn(bytes: Uint8Array, from: number, to: number, hello: ClientHello): number {
  if (to - from < 4 || from + 2 + u16(bytes, from) !== to) return MALFORMED;
  for (let i = from + 2; i < to;) {
    const size = bytes[i]!;
    const start = i + 1;
    i = start + size;
    if (size === 0 || i > to) return MALFORMED;
    if (size === 2 && isReserved(bytes[start]!, bytes[start + 1]!)) continue;
    if (hello.alpn.length >= ALPN_PROTOCOLS_MAX) return MALFORMED;
    hello.alpn.push(asciiText(bytes, start, i));
  }
  return 0;
}

/** RFC 8701 §2: values that clients send in order that nobody relies on knowing all of them. */
function isReserved(first: number, second: number): boolean {
  return first === second && (first & 15) === 10;
}
