/** Answers that Ballast gives by itself: refusals, failures, redirects, fixed texts. */
import { REASON, REASONS } from '../base/reasons.ts';
import { METHOD } from '../codec/http1-head.ts';
import type { RequestHead } from '../codec/http1-head.ts';
import { GATHER_AT, bytes, putText } from './buffers.ts';
import { FAILED, writeTo } from './connection.ts';
import { dropUpstream } from './dispatch.ts';
import { leaveQueue } from './wait-queue.ts';
import type { Exchange } from './exchange.ts';
import { abortExchange, countServerFault, endExchange } from './exchange-end.ts';
import { byteText } from './json-text.ts';
import { redirectLocation } from './redirect.ts';
import { statusText } from './status-text.ts';

type OwnAnswer = {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** Further field lines, each ending in CRLF. */
  readonly lines: string;
};

const EMPTY = new Uint8Array(0);
const ALLOWED = 'Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n';

/** Ends an exchange that has failed: with an answer where one can still be given, else by a cut. */
export function failExchange(x: Exchange, reason: number): void {
  if (x.isAnswerStarted || REASONS[reason]!.status === 0) {
    abortExchange(x, reason);
    return;
  }
  countServerFault(x, reason);
  leaveQueue(x);
  dropUpstream(x);
  answerOwn(x, reason);
}

/** Answers with the status of `reason`, and the page for it. */
export function answerOwn(x: Exchange, reason: number): void {
  x.reason = reason;
  const row = REASONS[reason]!;
  const page = x.listener!.pages.get(row.status);
  const text = `${row.status} ${statusText(row.status)}\n${row.word}: ${row.meaning}\n`;
  answer(x, {
    status: row.status,
    contentType: page?.contentType ?? 'text/plain; charset=utf-8',
    body: page?.body ?? Buffer.from(text),
    lines: row.status === 405 ? ALLOWED : '',
  });
}

/** RFC 9110 §7.6.2: OPTIONS that may go no further is answered for this stop. */
export function answerLastStop(x: Exchange): void {
  x.reason = REASON.routed;
  answer(x, { status: 200, contentType: '', body: EMPTY, lines: ALLOWED });
}

/** RFC 8555 §8.3: the answer to a challenge, for the CA that asks. */
export function answerChallenge(x: Exchange, body: Uint8Array): void {
  x.reason = REASON.routed;
  answer(x, { status: 200, contentType: 'application/octet-stream', body, lines: '' });
}

/** Answers as the route says: with a redirect or with a text of its own. */
export function answerRoute(x: Exchange, head: RequestHead): void {
  x.reason = REASON.routed;
  const route = x.route!;
  const { action } = route.plan;
  const edits = route.responseEdits?.lines ?? '';
  if (action.kind === 'redirect') {
    const location = redirectLocation(x, head, action.to);
    answer(x, {
      status: action.status,
      contentType: '',
      body: EMPTY,
      lines: `Location: ${location}\r\n${edits}`,
    });
  } else if (action.kind === 'respond') {
    const fields = action.fields.map((pair) => `${pair.name}: ${pair.value}\r\n`).join('');
    answer(x, {
      status: action.status,
      contentType: '',
      body: route.body,
      lines: byteText(fields) + edits,
    });
  }
}

/** The gather region holds head and body: the configuration allows bodies of 128 KiB at most. */
function answer(x: Exchange, own: OwnAnswer): void {
  const d = x.downstream!;
  x.status = own.status;
  // A body that nobody has read cannot be told from the next request.
  if (!x.isRequestDone) x.closeDownstream = true;
  const hasBody = own.status >= 200 && own.status !== 204 && own.status !== 304;
  const length = own.body.length;
  let lines = `HTTP/1.1 ${own.status} ${statusText(own.status)}\r\nDate: ${dateText()}\r\n`;
  if (hasBody) lines += `Content-Length: ${length}\r\n`;
  if (own.contentType !== '') lines += `Content-Type: ${own.contentType}\r\n`;
  const { reasonHeader } = x.listener!.plan;
  if (reasonHeader && x.reason !== REASON.routed) {
    lines += `Ballast-Reason: ${REASONS[x.reason]!.word}\r\n`;
  }
  lines += own.lines + (x.listener!.hstsText ?? '');
  if (x.closeDownstream) lines += 'Connection: close\r\n';
  else if (x.minor !== 1) lines += 'Connection: keep-alive\r\n';
  let end = putText(GATHER_AT, `${lines}\r\n`);
  if (hasBody && x.method !== METHOD.head) {
    bytes.set(own.body, end);
    end += length;
  }
  x.isAnswerStarted = true;
  x.isAnswerDone = true;
  if (writeTo(d, GATHER_AT, end - GATHER_AT) === FAILED) {
    abortExchange(x, x.reason === REASON.routed ? REASON.clientClosed : x.reason);
    return;
  }
  endExchange(x);
}

let dateSecond = 0;
let date = '';

/** RFC 9110 §5.6.7. */
function dateText(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = new Date(now).toUTCString();
  }
  return date;
}
