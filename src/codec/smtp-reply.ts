import { CR, LF, asciiText } from './ascii.ts';

/** Bytes of one line of a reply, its end counted; twice what RFC 5321 §4.5.3.1.5 allows. */
export const SMTP_LINE_BYTES_MAX = 1024;
/** Bytes of one reply, all lines together. */
export const SMTP_REPLY_BYTES_MAX = 8 * 1024;

/** One reply of a server. */
export type SmtpReply = {
  /** 200 … 599. */
  readonly code: number;
  /** The texts of its lines, without code and end. */
  readonly lines: readonly string[];
  /** Bytes that it takes. */
  readonly size: number;
};

/** `more` where bytes are missing. */
export type SmtpResult =
  | { readonly kind: 'reply'; readonly reply: SmtpReply }
  | { readonly kind: 'more' }
  | { readonly kind: 'too-large'; readonly problem: string }
  | { readonly kind: 'bad'; readonly problem: string };

/** `220 text`, `220-text` or a bare `220` (RFC 5321 §4.2). */
const LINE = /^([2-5][0-9]{2})(?:([ -])([\t\x20-\x7e\x80-\xff]*))?$/;

/**
 * Reads the reply at the beginning of `bytes`, of one line or several (RFC 5321 §4.2.1): every line
 * ends in CR LF and all have the same code. Called for each piece of a reply that comes in.
 */
export function readSmtpReply(bytes: Uint8Array): SmtpResult {
  const lines: string[] = [];
  let start = 0;
  let code = '';
  for (;;) {
    const end = bytes.indexOf(LF, start);
    const length = (end === -1 ? bytes.length : end + 1) - start;
    if (length > SMTP_LINE_BYTES_MAX) {
      return { kind: 'too-large', problem: `a line exceeds ${SMTP_LINE_BYTES_MAX} bytes` };
    }
    if (end === -1) return isBeginning(bytes, start) ? { kind: 'more' } : bad(NO_REPLY);
    if (end === start || bytes[end - 1] !== CR) return bad('a line ends in a bare LF');
    const line = LINE.exec(asciiText(bytes, start, end - 1));
    if (line === null) return bad(NO_REPLY);
    if (code !== '' && line[1] !== code) return bad('the lines of a reply have different codes');
    code = line[1]!;
    lines.push(line[3] ?? '');
    start = end + 1;
    if (start > SMTP_REPLY_BYTES_MAX) {
      return { kind: 'too-large', problem: `a reply exceeds ${SMTP_REPLY_BYTES_MAX} bytes` };
    }
    if (line[2] !== '-') {
      return { kind: 'reply', reply: { code: Number(code), lines, size: start } };
    }
  }
}

const NO_REPLY = 'a line is no reply of SMTP';

function bad(problem: string): SmtpResult {
  return { kind: 'bad', problem };
}

/** Tells garbage from the beginning of a line at its first bytes. */
function isBeginning(bytes: Uint8Array, start: number): boolean {
  return /^(?:[2-5](?:[0-9](?:[0-9](?:[ \r-]|$)|$)|$)|$)/.test(
    asciiText(bytes, start, Math.min(bytes.length, start + 4)),
  );
}
