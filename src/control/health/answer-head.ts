/** How the end of an answer's body is found (RFC 9112 §6.3). */
export type Framing = 'none' | 'length' | 'chunked' | 'close';

/** The parts of an answer's head that a check needs. */
export type AnswerHead = {
  readonly status: number;
  readonly framing: Framing;
  /** Bytes of the body with framing `length`, else 0. */
  readonly length: number;
};

const STATUS_LINE = /^HTTP\/1\.([0-9]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;

/**
 * Parses the head of an answer: `text` is latin1, without the empty line at its end. Returns what
 * is wrong as a string. As strict as the data plane: what users would get as 502 must not pass.
 */
export function parseAnswerHead(text: string, method: string): AnswerHead | string {
  const lines = text.split('\r\n');
  const statusLine = STATUS_LINE.exec(lines[0]!);
  if (statusLine === null) return 'the status line is not HTTP/1';
  const status = Number(statusLine[2]);
  let length = -1;
  let codings = '';
  for (let i = 1; i < lines.length; i++) {
    const field = FIELD_LINE.exec(lines[i]!);
    if (field === null) return `field line ${i} is malformed`;
    const name = field[1]!.toLowerCase();
    const value = field[2]!.trimEnd();
    if (name === 'content-length') {
      if (!/^[0-9]{1,15}$/.test(value)) return 'Content-Length is not a plain number';
      if (length !== -1) return 'Content-Length is given more than once';
      length = Number(value);
    } else if (name === 'transfer-encoding') {
      codings += codings === '' ? value : `, ${value}`;
    }
  }
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') {
    return { status, framing: 'none', length: 0 };
  }
  if (codings !== '') {
    if (codings.toLowerCase() !== 'chunked') return 'Transfer-Encoding is not chunked';
    if (statusLine[1] === '0') return 'an HTTP/1.0 answer has a Transfer-Encoding';
    return { status, framing: 'chunked', length: 0 };
  }
  if (length === -1) return { status, framing: 'close', length: 0 };
  return { status, framing: 'length', length };
}
