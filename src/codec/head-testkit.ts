import { REASONS } from '../base/reasons.ts';
import { asciiBytes, asciiText } from './ascii.ts';
import { BODY, FIELD_STRIDE, HEAD_FLAG, METHOD, RequestHead, ResponseHead } from './http1-head.ts';
import type { RequestPolicy } from './http1-head.ts';
import { parseRequestHead } from './http1-request.ts';
import { parseResponseHead } from './http1-response.ts';

/** The policy that tests parse with where they do not say otherwise. */
export const TEST_POLICY: RequestPolicy = {
  headBytes: 16_384,
  uriBytes: 4096,
  fields: 100,
  allowEncodedSlash: false,
  mergeSlashes: true,
  unusualFieldNames: 'drop',
};

/** A parsed head in words, for comparing. */
export type HeadSummary = {
  /** `ok`, `incomplete`, or the word of the reason. */
  readonly result: string;
  /** Bytes of the head. */
  readonly size: number;
  readonly method: number;
  readonly version: number;
  readonly host: string | null;
  readonly hostName: string | null;
  readonly path: string;
  readonly query: string | null;
  readonly status: number;
  readonly reason: string;
  readonly flags: readonly string[];
  readonly body: string;
  readonly contentLength: number;
  readonly upgrade: string | null;
  /** `name: value`, those with a drop mark after a "-". */
  readonly fields: readonly string[];
};

/** Bytes before and after a message in its buffer: what must not be read. */
const MARGIN = 7;

const EMPTY: HeadSummary = {
  result: '',
  size: 0,
  method: 0,
  version: 0,
  host: null,
  hostName: null,
  path: '',
  query: null,
  status: 0,
  reason: '',
  flags: [],
  body: '',
  contentLength: -1,
  upgrade: null,
  fields: [],
};

const keyOf = (table: Readonly<Record<string, number>>, value: number): string =>
  Object.keys(table).find((key) => table[key] === value) ?? `?${value}`;

/** Heads that every parse of a test run uses again, as a worker does. */
const usedRequest = new RequestHead();
const usedResponse = new ResponseHead();

/**
 * Parses a request given as text with one character per byte, amid bytes `filler`: once with a new
 * head and once with a used one, which must come to the same.
 */
export function parseRequestText(
  text: string,
  policy: Partial<RequestPolicy> = {},
  filler = 0x41,
): HeadSummary {
  return same(
    requestInto(new RequestHead(), text, policy, filler),
    requestInto(usedRequest, text, policy, filler),
  );
}

function same(fresh: HeadSummary, used: HeadSummary): HeadSummary {
  if (JSON.stringify(fresh) === JSON.stringify(used)) return fresh;
  throw new Error(`a used head differs: ${JSON.stringify(used)} from ${JSON.stringify(fresh)}`);
}

function requestInto(
  head: RequestHead,
  text: string,
  policy: Partial<RequestPolicy>,
  filler: number,
): HeadSummary {
  const bytes = embed(text, filler);
  const end = MARGIN + text.length;
  const result = parseRequestHead(bytes, MARGIN, end, { ...TEST_POLICY, ...policy }, head);
  if (result <= 0) return refusal(result);
  return {
    ...EMPTY,
    ...common(bytes, head, result),
    method: head.method,
    host: slice(bytes, head.hostStart, head.hostEnd),
    hostName: slice(bytes, head.hostStart, head.hostNameEnd),
    path: slice(bytes, head.pathStart, head.pathEnd) ?? '',
    query: slice(bytes, head.queryStart, head.queryEnd),
  };
}

/** The same for an answer; `limits` as for requests. */
export function parseResponseText(
  text: string,
  requestMethod: number = METHOD.get,
  limits: Partial<RequestPolicy> = {},
  filler = 0x41,
): HeadSummary {
  const policy = { ...TEST_POLICY, ...limits };
  const bytes = embed(text, filler);
  const parse = (head: ResponseHead): HeadSummary =>
    responseInto(head, bytes, { policy, requestMethod });
  return same(parse(new ResponseHead()), parse(usedResponse));
}

function responseInto(
  head: ResponseHead,
  bytes: Uint8Array,
  { policy, requestMethod }: { policy: RequestPolicy; requestMethod: number },
): HeadSummary {
  const end = bytes.length - MARGIN;
  const result = parseResponseHead(bytes, MARGIN, end, policy, requestMethod, head);
  if (result <= 0) return refusal(result);
  return {
    ...EMPTY,
    ...common(bytes, head, result),
    status: head.status,
    reason: slice(bytes, head.reasonStart, head.reasonEnd) ?? '',
  };
}

function embed(text: string, filler: number): Uint8Array {
  const bytes = new Uint8Array(text.length + 2 * MARGIN).fill(filler);
  bytes.set(asciiBytes(text), MARGIN);
  return bytes;
}

function refusal(result: number): HeadSummary {
  return { ...EMPTY, result: result === 0 ? 'incomplete' : REASONS[-result]!.word };
}

function common(
  bytes: Uint8Array,
  head: RequestHead | ResponseHead,
  result: number,
): Partial<HeadSummary> {
  const fields: string[] = [];
  for (let at = 0; at < head.fieldCount * FIELD_STRIDE; at += FIELD_STRIDE) {
    const [nameStart, nameEnd, valueStart, valueEnd, , drop] = head.fields.subarray(at, at + 6);
    const name = asciiText(bytes, nameStart!, nameEnd!);
    const value = asciiText(bytes, valueStart!, valueEnd!);
    fields.push(`${drop === 1 ? '-' : ''}${name}: ${value}`);
  }
  return {
    result: result === head.end ? 'ok' : 'end differs',
    size: result - MARGIN,
    version: head.minor,
    flags: Object.entries(HEAD_FLAG)
      .filter(([, bit]) => (head.flags & bit) !== 0)
      .map(([name]) => name),
    body: keyOf(BODY, head.body),
    contentLength: head.contentLength,
    upgrade: slice(bytes, head.upgradeStart, head.upgradeEnd),
    fields,
  };
}

function slice(bytes: Uint8Array, start: number, end: number): string | null {
  return start < 0 ? null : asciiText(bytes, start, end);
}
