import type { HttpStep } from '../../config/plan-check.ts';
import { parseAnswerHead } from './answer-head.ts';
import type { AnswerHead } from './answer-head.ts';
import { ChunkDecoder } from './chunk-decoder.ts';
import type { ProbeReason } from './probe.ts';
import { isAccepted, statusFault } from './status-ranges.ts';

/** Bytes of the head of an answer, interim answers (1xx) counted in. */
export const ANSWER_HEAD_BYTES_MAX = 16 * 1024;
/** Bytes of the decoded body that a body match looks at. */
export const MATCH_BYTES_MAX = 64 * 1024;

export type AnswerVerdict = { readonly reason: ProbeReason; readonly detail: string };

const EMPTY = Buffer.alloc(0);

/**
 * Reads one answer piece by piece and says, as early as it is certain, whether the check passes.
 * Bounded: it keeps at most one head and 64 KiB of body. Made once per request of an http probe.
 */
export class AnswerReader {
  readonly #step: HttpStep;
  #headText = '';
  #headBytes = 0;
  #head: AnswerHead | null = null;
  #left = 0;
  readonly #chunks = new ChunkDecoder();
  #body = EMPTY;
  #bodyBytes = 0;

  constructor(step: HttpStep) {
    this.#step = step;
  }

  /** Takes the next bytes; null while the verdict is open. Not to be called after it. */
  push(chunk: Buffer): AnswerVerdict | null {
    if (this.#head !== null) return this.#pushBody(chunk);
    return this.#pushHead(chunk);
  }

  /** The server has closed its side: always a verdict. */
  end(): AnswerVerdict {
    if (this.#head === null) {
      if (this.#headBytes === 0) return fail('closed', 'closed without an answer');
      return fail('closed', 'closed within the head of the answer');
    }
    if (this.#head.framing === 'close') return this.#matchBody();
    return fail('protocol', 'closed within the body');
  }

  #pushHead(chunk: Buffer): AnswerVerdict | null {
    this.#headText += chunk.toString('latin1');
    this.#headBytes += chunk.length;
    for (;;) {
      if (!couldBeHttp(this.#headText)) return fail('protocol', 'the answer is not HTTP/1');
      const end = this.#headText.indexOf('\r\n\r\n');
      const rest = end === -1 ? this.#headText.length : this.#headText.length - end - 4;
      const used = this.#headBytes - (end === -1 ? 0 : rest);
      if (used > ANSWER_HEAD_BYTES_MAX) {
        return fail('too-large', `the head exceeds ${ANSWER_HEAD_BYTES_MAX} bytes`);
      }
      if (end === -1) return null;
      const head = parseAnswerHead(this.#headText.slice(0, end), this.#step.method);
      if (typeof head === 'string') return fail('protocol', head);
      if (head.status === 101) return fail('protocol', 'the server switched protocols unasked');
      this.#headText = this.#headText.slice(end + 4);
      // Interim answers (RFC 9110 §15.2) come before the one that counts.
      if (head.status >= 200) return this.#takeHead(head, chunk.subarray(chunk.length - rest));
    }
  }

  #takeHead(head: AnswerHead, rest: Buffer): AnswerVerdict | null {
    if (!isAccepted(head.status, this.#step.statuses)) {
      return fail('status', statusFault(head.status, this.#step.statuses));
    }
    if (this.#step.body === null) return pass(`status ${head.status}`);
    this.#head = head;
    this.#headText = '';
    this.#left = head.length;
    const isEmpty = head.framing === 'none' || (head.framing === 'length' && head.length === 0);
    return isEmpty ? this.#matchBody() : this.#pushBody(rest);
  }

  #pushBody(chunk: Buffer): AnswerVerdict | null {
    const head = this.#head!;
    let isComplete = false;
    if (head.framing === 'chunked') {
      this.#chunks.push(chunk, (piece) => this.#keep(piece));
      if (this.#chunks.error !== '') return fail('protocol', this.#chunks.error);
      isComplete = this.#chunks.isDone;
    } else {
      const piece = head.framing === 'length' ? chunk.subarray(0, this.#left) : chunk;
      this.#keep(piece);
      this.#left -= piece.length;
      isComplete = head.framing === 'length' && this.#left === 0;
    }
    if (isComplete || this.#bodyBytes >= MATCH_BYTES_MAX) return this.#matchBody();
    return null;
  }

  #keep(piece: Buffer): void {
    if (this.#body === EMPTY) this.#body = Buffer.allocUnsafe(MATCH_BYTES_MAX);
    this.#bodyBytes += piece.copy(this.#body, this.#bodyBytes);
  }

  #matchBody(): AnswerVerdict {
    const { status } = this.#head!;
    const expected = this.#step.body;
    if (expected === null) return pass(`status ${status}`);
    const bytes = this.#body.subarray(0, this.#bodyBytes);
    const isMatch =
      expected.kind === 'text'
        ? bytes.includes(expected.value, 0, 'utf8')
        : new RegExp(expected.value).test(bytes.toString('utf8'));
    if (isMatch) return pass(`status ${status}, body matches`);
    return fail('body', `status ${status}, no match in ${bytes.length} bytes of body`);
  }
}

function pass(detail: string): AnswerVerdict {
  return { reason: 'check-passed', detail };
}

function fail(reason: ProbeReason, detail: string): AnswerVerdict {
  return { reason, detail };
}

/** Tells garbage from the beginning of an answer at its first bytes, so that it fails at once. */
function couldBeHttp(text: string): boolean {
  const expected = 'HTTP/1.';
  const length = Math.min(text.length, expected.length);
  return text.slice(0, length) === expected.slice(0, length);
}
