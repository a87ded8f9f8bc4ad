import { readDnsName, writeDnsName } from './dns-name.ts';
import { readDnsData } from './dns-data.ts';
import type { DnsData } from './dns-data.ts';

/*
 * Messages of the DNS (RFC 1035 §4), with EDNS(0) (RFC 6891).
 *
 *   header (12 bytes)   id, flags, four counts
 *   questions           name, type, class
 *   answers             records: name, type, class, time to live, length, data
 *   authority           records
 *   additional          records; one of them may be OPT, which is about the message itself
 */

/** Bytes of a message; over TCP its length stands before it in two bytes. */
export const DNS_MESSAGE_BYTES_MAX = 65_535;
/** Records of a message, all sections together. */
export const DNS_RECORDS_MAX = 4_096;
/** What we take over UDP: no datagram of this size is cut in pieces on its way (RFC 9715 §3). */
export const DNS_UDP_BYTES = 1_232;

const HEADER_BYTES = 12;
const CLASS_IN = 1;
const TYPE_OPT = 41;

/** Numbers of the types that can be asked for. */
export const DNS_TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
} as const;

export type DnsType = keyof typeof DNS_TYPE;

/** Response codes with a name (RFC 1035 §4.1.1, RFC 2136 §2.2, RFC 6891 §9). */
export const DNS_CODES: readonly string[] = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
];

export type DnsQuestion = {
  readonly name: string;
  readonly type: number;
  readonly class: number;
};

export type DnsRecord = {
  readonly name: string;
  /** In seconds; one with its highest bit set is 0 (RFC 2181 §8). */
  readonly ttlS: number;
  readonly data: DnsData;
};

/** What a message says before its records. */
export type DnsHead = {
  readonly id: number;
  readonly isAnswer: boolean;
  readonly opcode: number;
  readonly isAuthoritative: boolean;
  /** More was to be said than fits: ask over TCP. */
  readonly isTruncated: boolean;
  readonly canRecurse: boolean;
  /** The lower four bits of the response code; `DnsMessage` has the whole. */
  readonly code: number;
  readonly questions: readonly DnsQuestion[];
};

export type DnsMessage = DnsHead & {
  readonly answers: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  /** Without OPT. */
  readonly additional: readonly DnsRecord[];
  readonly hasEdns: boolean;
};

/** A text says what is wrong with the message. */
export type DnsResult<T> = { readonly ok: true; readonly value: T } | DnsFault;
type DnsFault = { readonly ok: false; readonly fault: string };

/** The name of a response code; its number where it has none. */
export function dnsCodeName(code: number): string {
  return DNS_CODES[code] ?? (code === 16 ? 'BADVERS' : String(code));
}

/** What is asked. `name` must be one that `writeDnsName` takes. */
export type DnsQuery = {
  readonly id: number;
  readonly name: string;
  readonly type: DnsType;
  /** Whether EDNS(0) is spoken: old servers refuse it with FORMERR. */
  readonly edns: boolean;
};

/** The bytes of a question with recursion desired; null where `name` is no name. */
export function writeDnsQuery({ id, name, type, edns }: DnsQuery): Uint8Array | null {
  const nameBytes = writeDnsName(name);
  if (nameBytes === null) return null;
  const out = new Uint8Array(HEADER_BYTES + nameBytes.length + 4 + (edns ? 11 : 0));
  const view = new DataView(out.buffer);
  view.setUint16(0, id);
  out[2] = 1; // Recursion desired.
  out[5] = 1; // One question.
  out.set(nameBytes, HEADER_BYTES);
  const at = HEADER_BYTES + nameBytes.length;
  view.setUint16(at, DNS_TYPE[type]);
  view.setUint16(at + 2, CLASS_IN);
  if (edns) {
    out[11] = 1; // One additional record: OPT with the root as its name.
    view.setUint16(at + 5, TYPE_OPT);
    view.setUint16(at + 7, DNS_UDP_BYTES);
  }
  return out;
}

/** Header and questions alone: of an answer that is truncated the rest may be cut anywhere. */
export function readDnsHead(bytes: Uint8Array): DnsResult<DnsHead> {
  const cursor = new Cursor(bytes);
  const head = readHead(cursor);
  return head === null ? bad(cursor.fault) : { ok: true, value: head };
}

/**
 * Reads a whole message. Strict: every length must fit, names may only point backwards, and nothing
 * may follow the last record. What a record of a type that is not known holds is not looked at.
 */
export function readDns(bytes: Uint8Array): DnsResult<DnsMessage> {
  const cursor = new Cursor(bytes);
  const head = readHead(cursor);
  if (head === null) return bad(cursor.fault);
  const [, answerCount = 0, authorityCount = 0, additionalCount = 0] = cursor.counts;
  if (answerCount + authorityCount + additionalCount > DNS_RECORDS_MAX) {
    return bad(`a message has more than ${DNS_RECORDS_MAX} records`);
  }
  const edns = { seen: 0, highCode: 0 };
  const answers = readRecords(cursor, answerCount, null);
  const authority = answers && readRecords(cursor, authorityCount, null);
  const additional = authority && readRecords(cursor, additionalCount, edns);
  if (answers === null || authority === null || additional === null) return bad(cursor.fault);
  if (cursor.at !== bytes.length) return bad('bytes follow the last record');
  if (edns.seen > 1) return bad('a message has more than one OPT record');
  const code = (edns.highCode << 4) | head.code;
  const sections = { answers, authority, additional };
  return { ok: true, value: { ...head, code, ...sections, hasEdns: edns.seen === 1 } };
}

/** Where in the message we are, and what is wrong once something is. */
class Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  counts: readonly number[] = [];
  at = 0;
  fault = '';

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  has(size: number): boolean {
    if (this.at + size <= this.bytes.length) return true;
    this.fault = 'the message is cut off';
    return false;
  }

  name(): string | null {
    const result = readDnsName(this.bytes, this.at);
    if (typeof result === 'string') {
      this.fault = result;
      return null;
    }
    this.at = result.end;
    return result.name;
  }
}

function readHead(cursor: Cursor): DnsHead | null {
  if (cursor.bytes.length > DNS_MESSAGE_BYTES_MAX) {
    cursor.fault = `a message has more than ${DNS_MESSAGE_BYTES_MAX} bytes`;
    return null;
  }
  if (!cursor.has(HEADER_BYTES)) return null;
  const { view } = cursor;
  const flags = view.getUint16(2);
  cursor.counts = [4, 6, 8, 10].map((at) => view.getUint16(at));
  cursor.at = HEADER_BYTES;
  const questions: DnsQuestion[] = [];
  const count = cursor.counts[0]!;
  if (count > 1) {
    cursor.fault = 'a message has more than one question';
    return null;
  }
  if (count === 1) {
    const name = cursor.name();
    if (name === null || !cursor.has(4)) return null;
    questions.push({ name, type: view.getUint16(cursor.at), class: view.getUint16(cursor.at + 2) });
    cursor.at += 4;
  }
  return {
    id: view.getUint16(0),
    isAnswer: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 0xf,
    isAuthoritative: (flags & 0x0400) !== 0,
    isTruncated: (flags & 0x0200) !== 0,
    canRecurse: (flags & 0x0080) !== 0,
    code: flags & 0xf,
    questions,
  };
}

/** `edns` takes what OPT says; null in the sections that OPT has no place in. */
function readRecords(
  cursor: Cursor,
  count: number,
  edns: { seen: number; highCode: number } | null,
): DnsRecord[] | null {
  const { bytes, view } = cursor;
  const records: DnsRecord[] = [];
  for (let i = 0; i < count; i++) {
    const name = cursor.name();
    if (name === null || !cursor.has(10)) return null;
    const type = view.getUint16(cursor.at);
    const recordClass = view.getUint16(cursor.at + 2);
    const ttl = view.getUint32(cursor.at + 4);
    const size = view.getUint16(cursor.at + 8);
    cursor.at += 10;
    if (!cursor.has(size)) return null;
    const start = cursor.at;
    cursor.at += size;
    if (type === TYPE_OPT) {
      if (edns === null || name !== '') {
        cursor.fault = 'an OPT record stands where none may';
        return null;
      }
      edns.seen++;
      edns.highCode = ttl >>> 24;
      continue;
    }
    const known = recordClass === CLASS_IN ? type : 0;
    const data = readDnsData(bytes, { type: known, start, end: start + size });
    if (typeof data === 'string') {
      cursor.fault = data;
      return null;
    }
    records.push({ name, ttlS: ttl > 0x7fff_ffff ? 0 : ttl, data });
  }
  return records;
}

function bad(fault: string): DnsFault {
  return { ok: false, fault };
}
