/** A small strict HTTP/1 reader for tests: it knows exactly where a message ends. */

export type MessageKind =
  | 'request'
  | 'response'
  /** An answer to HEAD: no body whatever the fields say. */
  | 'head-response';

export type Message = {
  /** Request line or status line. */
  readonly line: string;
  /** 0 for a request. */
  readonly status: number;
  readonly method: string;
  readonly target: string;
  /** Names in lower case, in the order received. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** Fields after a chunked body. */
  readonly trailers: readonly (readonly [string, string])[];
  readonly isChunked: boolean;
  /** The head as received, with its empty line. */
  readonly head: string;
  /** Bytes of the whole message. */
  readonly size: number;
};

/** The value of the first field called `name` (lower case), or undefined. */
export function field(message: Message, name: string): string | undefined {
  return message.fields.find(([key]) => key === name)?.[1];
}

/** All values of the fields called `name` (lower case). */
export function fieldValues(message: Message, name: string): string[] {
  return message.fields.filter(([key]) => key === name).map(([, value]) => value);
}

function parseFields(lines: readonly string[]): [string, string][] {
  return lines.map((line) => {
    const colon = line.indexOf(':');
    if (colon <= 0) throw new Error(`not a field line: ${JSON.stringify(line)}`);
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
}

type Body = { body: Buffer; trailers: [string, string][]; end: number };

function readChunked(bytes: Buffer, start: number): Body | undefined {
  const parts: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
    if (lineEnd < 0) return undefined;
    const line = bytes.toString('latin1', at, lineEnd);
    const match = /^([0-9a-fA-F]+)(;.*)?$/.exec(line);
    if (match === null) throw new Error(`not a chunk size: ${JSON.stringify(line)}`);
    const size = Number.parseInt(match[1]!, 16);
    at = lineEnd + 2;
    if (size === 0) break;
    if (bytes.length < at + size + 2) return undefined;
    parts.push(bytes.subarray(at, at + size));
    at += size + 2;
    if (bytes.toString('latin1', at - 2, at) !== '\r\n') throw new Error('chunk without CRLF');
  }
  const lines: string[] = [];
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
    if (lineEnd < 0) return undefined;
    const line = bytes.toString('latin1', at, lineEnd);
    at = lineEnd + 2;
    if (line === '') break;
    lines.push(line);
  }
  return { body: Buffer.concat(parts), trailers: parseFields(lines), end: at };
}

function hasNoBody(kind: MessageKind, status: number): boolean {
  if (kind === 'head-response') return true;
  return kind === 'response' && (status < 200 || status === 204 || status === 304);
}

function readBody(bytes: Buffer, start: number, rule: BodyRule): Body | undefined {
  if (rule.none) return { body: Buffer.alloc(0), trailers: [], end: start };
  if (rule.chunked) return readChunked(bytes, start);
  if (rule.length !== undefined) {
    const end = start + rule.length;
    if (bytes.length < end) return undefined;
    return { body: bytes.subarray(start, end), trailers: [], end };
  }
  if (rule.untilClose) {
    if (!rule.isClosed) return undefined;
    return { body: bytes.subarray(start), trailers: [], end: bytes.length };
  }
  return { body: Buffer.alloc(0), trailers: [], end: start };
}

type BodyRule = {
  none: boolean;
  chunked: boolean;
  length: number | undefined;
  untilClose: boolean;
  isClosed: boolean;
};

/**
 * Reads one message from the start of `bytes`; undefined where it is not complete yet. `isClosed`
 * ends an answer that lasts until the connection closes. Throws on broken framing.
 */
export function readMessage(
  bytes: Buffer,
  kind: MessageKind,
  isClosed: boolean,
): Message | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n', 0, 'latin1');
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd + 4);
  const [line = '', ...lines] = head.slice(0, -4).split('\r\n');
  const fields = parseFields(lines);
  const find = (name: string): string | undefined => fields.find(([key]) => key === name)?.[1];
  const words = line.split(' ');
  const status = kind === 'request' ? 0 : Number(words[1]);
  if (Number.isNaN(status)) throw new Error(`not a status line: ${JSON.stringify(line)}`);
  const chunked = find('transfer-encoding') === 'chunked';
  const length = find('content-length');
  const body = readBody(bytes, headEnd + 4, {
    none: hasNoBody(kind, status),
    chunked,
    length: length === undefined ? undefined : Number(length),
    untilClose: kind === 'response',
    isClosed,
  });
  if (body === undefined) return undefined;
  return {
    line,
    status,
    method: kind === 'request' ? words[0]! : '',
    target: kind === 'request' ? (words[1] ?? '') : '',
    fields,
    body: body.body,
    trailers: body.trailers,
    isChunked: chunked,
    head,
    size: body.end,
  };
}
