/*
 * The simple bind of LDAP as a client speaks it: RFC 4511 §4.2, in the BER of §5.1.
 *
 *   LDAPMessage   ::= SEQUENCE { messageID INTEGER, protocolOp CHOICE, controls [0] OPTIONAL }
 *   BindRequest   ::= [APPLICATION 0] SEQUENCE { version INTEGER, name OCTET STRING,
 *                                                authentication [0] OCTET STRING }
 *   BindResponse  ::= [APPLICATION 1] SEQUENCE { resultCode ENUMERATED, matchedDN OCTET STRING,
 *                                                diagnosticMessage OCTET STRING, … }
 *   UnbindRequest ::= [APPLICATION 2] NULL
 *
 * Lengths are definite; a server may write them with leading zeros.
 */

const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const ENUMERATED = 0x0a;
const SEQUENCE = 0x30;
const BIND_REQUEST = 0x60;
const BIND_RESPONSE = 0x61;
const UNBIND_REQUEST = 0x42;
const EXTENDED_RESPONSE = 0x78;
const SIMPLE = 0x80;
const LDAP_VERSION = 3;

/** Bytes of one message of the server, its own length counted. */
export const LDAP_MESSAGE_BYTES_MAX = 16 * 1024;

/** The only messages that this client sends have these ids. */
export const BIND_MESSAGE_ID = 1;
const UNBIND_MESSAGE_ID = 2;

/**
 * `disconnect`: the server's notice that it closes (RFC 4511 §4.4.1), which says why as an answer
 * does. `more` where bytes are missing.
 */
export type LdapAnswer =
  | {
      readonly kind: 'answer' | 'disconnect';
      /** RFC 4511 §4.1.9; 0 is success. */
      readonly code: number;
      readonly diagnostic: string;
    }
  | { readonly kind: 'more' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'bad'; readonly problem: string };

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

/** The message that binds with a name and a password; both "" is anonymous (RFC 4513 §5.1). */
export function encodeBind(name: string, password: string): Uint8Array {
  const operation = tlv(BIND_REQUEST, [
    tlv(INTEGER, [Uint8Array.of(LDAP_VERSION)]),
    tlv(OCTET_STRING, [utf8.encode(name)]),
    tlv(SIMPLE, [utf8.encode(password)]),
  ]);
  return tlv(SEQUENCE, [tlv(INTEGER, [Uint8Array.of(BIND_MESSAGE_ID)]), operation]);
}

/** The message that ends a session. */
export function encodeUnbind(): Uint8Array {
  const id = tlv(INTEGER, [Uint8Array.of(UNBIND_MESSAGE_ID)]);
  return tlv(SEQUENCE, [id, tlv(UNBIND_REQUEST, [])]);
}

function tlv(tag: number, parts: readonly Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const head = size < 0x80 ? [tag, size] : [tag, 0x82, size >> 8, size & 0xff];
  const bytes = new Uint8Array(head.length + size);
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** One element: where its content begins and ends. */
type Element = { readonly start: number; readonly end: number };

/**
 * Reads the server's answer to a bind from all that it has sent. Bytes behind it are `bad`: a
 * server says nothing else unasked. Called for each piece that comes in.
 */
export function readBindAnswer(bytes: Uint8Array): LdapAnswer {
  const message = elementAt(bytes, 0, bytes.length, SEQUENCE);
  if (message === 'more') return { kind: 'more' };
  if (typeof message === 'string') return { kind: 'bad', problem: message };
  if (message.end > LDAP_MESSAGE_BYTES_MAX) return { kind: 'too-large' };
  if (message.end > bytes.length) return { kind: 'more' };
  if (message.end < bytes.length) return bad('bytes follow the answer');
  return readMessage(bytes, message);
}

function readMessage(bytes: Uint8Array, message: Element): LdapAnswer {
  const idElement = within(bytes, message.start, message.end, INTEGER);
  if (typeof idElement === 'string') return bad(idElement);
  const id = integer(bytes, idElement);
  if (id !== BIND_MESSAGE_ID && id !== 0) return bad('an answer to a question that was not asked');
  const tag = id === 0 ? EXTENDED_RESPONSE : BIND_RESPONSE;
  const operation = within(bytes, idElement.end, message.end, tag);
  if (typeof operation === 'string') return bad(operation);
  const fields: Element[] = [];
  let at = operation.start;
  for (const fieldTag of [ENUMERATED, OCTET_STRING, OCTET_STRING]) {
    const field = within(bytes, at, operation.end, fieldTag);
    if (typeof field === 'string') return bad(field);
    fields.push(field);
    at = field.end;
  }
  const code = integer(bytes, fields[0]!);
  if (code === -1) return bad('a result code is not a small number');
  const { start, end } = fields[2]!;
  const diagnostic = fromUtf8.decode(bytes.subarray(start, end));
  return { kind: id === 0 ? 'disconnect' : 'answer', code, diagnostic };
}

/** The element of this tag at `at`, which must end by `end`; else what is wrong. */
function within(bytes: Uint8Array, at: number, end: number, tag: number): Element | string {
  const element = elementAt(bytes, at, end, tag);
  if (element === 'more') return 'an element is cut';
  if (typeof element === 'object' && element.end > end) return 'an element exceeds its parent';
  return element;
}

/** Tag and length at `at`; the content may still be missing. */
function elementAt(bytes: Uint8Array, at: number, end: number, tag: number): Element | string {
  if (at >= end) return 'more';
  if (bytes[at] !== tag) return `an element has the tag ${bytes[at]}, expected ${tag}`;
  if (at + 1 >= end) return 'more';
  const first = bytes[at + 1]!;
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const count = first & 0x7f;
  if (count === 0 || count > 4) return 'a length is indefinite or has more than 4 bytes';
  if (at + 2 + count > end) return 'more';
  let size = 0;
  for (let i = 0; i < count; i++) size = size * 256 + bytes[at + 2 + i]!;
  return { start: at + 2 + count, end: at + 2 + count + size };
}

/** An INTEGER or ENUMERATED of 0 … 2^31 - 1; -1 where it is anything else. */
function integer(bytes: Uint8Array, { start, end }: Element): number {
  const size = end - start;
  if (size < 1 || size > 4 || bytes[start]! >= 0x80) return -1;
  let value = 0;
  for (let i = start; i < end; i++) value = value * 256 + bytes[i]!;
  return value;
}

function bad(problem: string): LdapAnswer {
  return { kind: 'bad', problem };
}
