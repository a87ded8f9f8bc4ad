import { CR, LF, asciiText } from './ascii.ts';

/*
 * OPTIONS of SIP as a client asks it (RFC 3261 §11), and what is needed of the answers.
 */

/** Bytes of the head of a message, its empty line counted. */
export const SIP_HEAD_BYTES_MAX = 8 * 1024;
/** Bytes of a message with its body: of a check's answers, which have next to none. */
export const SIP_MESSAGE_BYTES_MAX = 16 * 1024;

/** RFC 3261 §8.1.1.7: what every branch of this version begins with. */
const BRANCH_COOKIE = 'z9hG4bK';

/** One question. `unique` tells its transaction from all others: letters and digits. */
export type SipOptions = {
  /** Request-URI. */
  readonly uri: string;
  readonly transport: 'udp' | 'tcp';
  /** Address and port of our side, as in a URI: IPv6 in brackets. */
  readonly local: string;
  readonly unique: string;
};

/** The parts of a message that a check needs; `request` is one that the other side makes. */
export type SipMessage =
  | {
      readonly kind: 'answer';
      /** 100 … 699. */
      readonly status: number;
      /** Of the top Via; "" where it has none. */
      readonly branch: string;
      readonly callId: string;
      /** As in "1 OPTIONS". */
      readonly cseq: string;
      readonly size: number;
    }
  | { readonly kind: 'request'; readonly size: number }
  | { readonly kind: 'more' }
  | { readonly kind: 'too-large'; readonly problem: string }
  | { readonly kind: 'bad'; readonly problem: string };

/** The text of the request (RFC 3261 §8.1.1, §11.1), one character per byte. */
export function encodeSipOptions(options: SipOptions): string {
  const { uri, transport, local, unique } = options;
  return [
    `OPTIONS ${uri} SIP/2.0`,
    // RFC 3581: the answer comes back to the port that we send from.
    `Via: SIP/2.0/${transport.toUpperCase()} ${local};branch=${BRANCH_COOKIE}${unique};rport`,
    'Max-Forwards: 70',
    `From: <sip:ballast@${local}>;tag=${unique}`,
    `To: <${uri}>`,
    `Call-ID: ${callIdOf(unique)}`,
    'CSeq: 1 OPTIONS',
    `Contact: <sip:ballast@${local};transport=${transport}>`,
    'Accept: application/sdp',
    'User-Agent: ballast-check',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}

function callIdOf(unique: string): string {
  return `${unique}@ballast`;
}

/** Whether an answer is one to the question with this `unique` (RFC 3261 §17.1.3). */
export function isSipAnswerTo(
  answer: Extract<SipMessage, { kind: 'answer' }>,
  unique: string,
): boolean {
  return (
    answer.branch === BRANCH_COOKIE + unique &&
    answer.callId === callIdOf(unique) &&
    answer.cseq === '1 OPTIONS'
  );
}

/** Status-Line and Request-Line (RFC 3261 §7.1, §7.2). */
const STATUS_LINE = /^SIP\/2\.0 ([1-6][0-9]{2}) [\t\x20-\x7e\x80-\xff]*$/;
const REQUEST_LINE = /^[A-Za-z0-9.!%*_+`'~-]+ [\x21-\x7e]+ SIP\/2\.0$/;
const FIELD_LINE = /^([A-Za-z0-9.!%*_+`'~-]+)[ \t]*:[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;

/** RFC 3261 §7.3.3: the short names. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  v: 'via',
  i: 'call-id',
  l: 'content-length',
};

/**
 * Reads the message at the beginning of `bytes`: a datagram as a whole, or as much of a stream as
 * has come. Empty lines before it are skipped (RFC 3261 §7.5). Called for each datagram or piece.
 */
export function readSip(bytes: Uint8Array, transport: 'udp' | 'tcp'): SipMessage {
  let start = 0;
  while (bytes[start] === CR && bytes[start + 1] === LF) start += 2;
  const headEnd = endOfHead(bytes, start);
  if ((headEnd === -1 ? bytes.length : headEnd) - start > SIP_HEAD_BYTES_MAX) {
    return { kind: 'too-large', problem: `the head exceeds ${SIP_HEAD_BYTES_MAX} bytes` };
  }
  if (headEnd === -1) return unfinished(bytes, start, transport);
  const lines = asciiText(bytes, start, headEnd - 4).split('\r\n');
  const status = STATUS_LINE.exec(lines[0]!);
  if (status === null && !REQUEST_LINE.test(lines[0]!)) return bad('the first line is not SIP/2.0');
  const fields = fieldsOf(lines);
  if (typeof fields === 'string') return bad(fields);
  const size = sizeOf(fields, bytes, headEnd, transport);
  if (typeof size !== 'number') return size;
  if (status === null) return { kind: 'request', size };
  const callId = fields.get('call-id') ?? '';
  const cseq = (fields.get('cseq') ?? '').replace(/[ \t]+/g, ' ');
  const branch = branchOf(fields.get('via') ?? '');
  return { kind: 'answer', status: Number(status[1]), branch, callId, cseq, size };
}

function endOfHead(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(LF, start); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (at - start >= 3 && bytes[at - 1] === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) {
      return at + 1;
    }
  }
  return -1;
}

/** Without the end of its head: garbage is told from a beginning at its first bytes. */
function unfinished(bytes: Uint8Array, start: number, transport: 'udp' | 'tcp'): SipMessage {
  if (transport === 'udp') return bad('a datagram holds no whole message');
  const text = asciiText(bytes, start, Math.min(bytes.length, start + 64));
  const isBeginning = /^(?:\r?$|[A-Za-z0-9.!%*_+`'~-]+(?:$|[ /]))/.test(text);
  return isBeginning ? { kind: 'more' } : bad('the first line is not SIP/2.0');
}

/** Fields by their long names in lower case; of Via the first. */
function fieldsOf(lines: readonly string[]): Map<string, string> | string {
  const fields = new Map<string, string>();
  let last = '';
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    if (/^[ \t]/.test(line) && last !== '') {
      // RFC 3261 §7.3.1: a field may go on in the next line.
      fields.set(last, `${fields.get(last)!} ${line.trim()}`);
      continue;
    }
    const field = FIELD_LINE.exec(line);
    if (field === null) return `field line ${i} is malformed`;
    const lower = field[1]!.toLowerCase();
    const name = SHORT_NAMES[lower] ?? lower;
    // A second line of the same name goes under a name that no field can have.
    last = fields.has(name) ? `${name} ${i}` : name;
    if (last !== name && /^(?:call-id|cseq|content-length)$/.test(name)) {
      return `${name} is given more than once`;
    }
    fields.set(last, field[2]!.trimEnd());
  }
  return fields;
}

/** Bytes of the whole message, or why there is none (RFC 3261 §18.3). */
function sizeOf(
  fields: ReadonlyMap<string, string>,
  bytes: Uint8Array,
  headEnd: number,
  transport: 'udp' | 'tcp',
): number | SipMessage {
  const text = fields.get('content-length');
  if (text === undefined) {
    return transport === 'udp' ? bytes.length : bad('a message of a stream has no Content-Length');
  }
  if (!/^[0-9]{1,9}$/.test(text)) return bad('Content-Length is not a plain number');
  const size = headEnd + Number(text);
  if (size > SIP_MESSAGE_BYTES_MAX) {
    return { kind: 'too-large', problem: `a message exceeds ${SIP_MESSAGE_BYTES_MAX} bytes` };
  }
  if (size <= bytes.length) return size;
  return transport === 'udp' ? bad('a datagram is shorter than its message') : { kind: 'more' };
}

/** The branch of the top Via, which may share its line with others. */
function branchOf(via: string): string {
  const [top = ''] = via.split(',', 1);
  return /;[ \t]*branch[ \t]*=[ \t]*([A-Za-z0-9.!%*_+`'~-]+)/i.exec(top)?.[1] ?? '';
}

function bad(problem: string): SipMessage {
  return { kind: 'bad', problem };
}
