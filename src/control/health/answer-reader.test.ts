import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANSWER_HEAD_BYTES_MAX, AnswerReader, MATCH_BYTES_MAX } from './answer-reader.ts';
import type { AnswerVerdict } from './answer-reader.ts';
import type { HttpStep } from '../../config/plan-check.ts';
import type { ProbeReason } from './probe.ts';
import { httpStep } from './test-plan.ts';

const PLAN = httpStep({
  statuses: [
    [200, 299],
    [401, 401],
  ],
});
const TEXT: HttpStep = { ...PLAN, body: { kind: 'text', value: 'all good' } };
const REGEX: HttpStep = { ...PLAN, body: { kind: 'regex', value: '^all g..d$' } };
const HEAD: HttpStep = { ...TEXT, method: 'HEAD' };

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

/** Feeds the answer in one piece, then the end where no verdict has come. */
function read(plan: HttpStep, answer: string): AnswerVerdict {
  const reader = new AnswerReader(plan);
  return reader.push(Buffer.from(answer, 'latin1')) ?? reader.end();
}

const TABLE: readonly (readonly [string, HttpStep, string, ProbeReason])[] = [
  ['passes an accepted status', PLAN, `${OK}\r\n`, 'check-passed'],
  ['passes a status without a reason phrase', PLAN, 'HTTP/1.1 204 \r\n\r\n', 'check-passed'],
  ['passes the end of a range', PLAN, 'HTTP/1.0 401 No\r\n\r\n', 'check-passed'],
  ['fails a status outside', PLAN, 'HTTP/1.1 503 No\r\n\r\n', 'status'],
  ['fails a redirect', PLAN, 'HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n', 'status'],
  ['skips interim answers', PLAN, `HTTP/1.1 103 Hints\r\nA: b\r\n\r\n${OK}\r\n`, 'check-passed'],
  ['judges by the final status', PLAN, 'HTTP/1.1 100 C\r\n\r\nHTTP/1.1 500 E\r\n\r\n', 'status'],
  ['fails 101', PLAN, 'HTTP/1.1 101 Switching\r\n\r\n', 'protocol'],
  ['fails garbage', PLAN, 'SSH-2.0-OpenSSH_9.2\r\n', 'protocol'],
  ['fails HTTP/2', PLAN, 'HTTP/2 200\r\n\r\n', 'protocol'],
  ['fails a bare LF', PLAN, 'HTTP/1.1 200 OK\nA: b\r\n\r\n', 'protocol'],
  ['fails white space before the colon', PLAN, `${OK}A : b\r\n\r\n`, 'protocol'],
  ['fails a folded field', PLAN, `${OK}A: b\r\n c\r\n\r\n`, 'protocol'],
  ['fails a NUL in a value', PLAN, `${OK}A: b\0c\r\n\r\n`, 'protocol'],
  [
    'fails two lengths (RFC 9112 §6.3)',
    PLAN,
    `${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\n`,
    'protocol',
  ],
  ['fails a signed length', PLAN, `${OK}Content-Length: +5\r\n\r\n`, 'protocol'],
  ['fails gzip, chunked', PLAN, `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`, 'protocol'],
  ['fails an empty connection', PLAN, '', 'closed'],
  ['fails an end within the head', PLAN, OK, 'closed'],
  ['fails a head without end', PLAN, OK + 'A: b\r\n'.repeat(ANSWER_HEAD_BYTES_MAX), 'too-large'],
  [
    'fails interim answers without end',
    PLAN,
    'HTTP/1.1 100 C\r\n\r\n'.repeat(ANSWER_HEAD_BYTES_MAX),
    'too-large',
  ],
  [
    'passes a match within a length',
    TEXT,
    `${OK}Content-Length: 9\r\n\r\nall good!`,
    'check-passed',
  ],
  ['fails a match past the length', TEXT, `${OK}Content-Length: 3\r\n\r\nall good!`, 'body'],
  ['passes a match up to the close', TEXT, `${OK}\r\nhm all good`, 'check-passed'],
  ['fails a truncated body', TEXT, `${OK}Content-Length: 20\r\n\r\nall good`, 'protocol'],
  [
    'passes a match over chunks',
    TEXT,
    `${CHUNKED}4\r\nall \r\n4;x=y\r\ngood\r\n0\r\n`,
    'check-passed',
  ],
  ['fails chunks without a match', TEXT, `${CHUNKED}3\r\nall\r\n0\r\n`, 'body'],
  ['fails a broken chunk size', TEXT, `${CHUNKED}0x4\r\nall \r\n0\r\n`, 'protocol'],
  ['fails a bare LF in chunks', TEXT, `${CHUNKED}4\nall \r\n0\r\n`, 'protocol'],
  ['fails data past a chunk', TEXT, `${CHUNKED}3\r\nall good\r\n0\r\n`, 'protocol'],
  ['fails an endless chunk line', TEXT, `${CHUNKED}1;${'x'.repeat(70_000)}`, 'protocol'],
  ['fails an end within chunks', TEXT, `${CHUNKED}8\r\nall good\r\n`, 'protocol'],
  ['passes an anchored regular expression', REGEX, `${OK}\r\nall gold`, 'check-passed'],
  ['fails a longer body against anchors', REGEX, `${OK}\r\nall good!`, 'body'],
  ['gives HEAD no body', HEAD, `${OK}Content-Length: 8\r\n\r\n`, 'body'],
  ['looks no further than 64 KiB', TEXT, `${OK}\r\n${'x'.repeat(MATCH_BYTES_MAX)}all good`, 'body'],
  [
    'looks as far as 64 KiB',
    TEXT,
    `${OK}\r\n${'x'.repeat(MATCH_BYTES_MAX - 8)}all good`,
    'check-passed',
  ],
];

for (const [name, plan, answer, reason] of TABLE) {
  test(`AnswerReader ${name}: ${reason}`, () => {
    assert.equal(read(plan, answer).reason, reason);
  });
}

test('AnswerReader gives its verdict at the first byte that decides, before the end', () => {
  const reader = new AnswerReader(TEXT);
  assert.equal(reader.push(Buffer.from(`${OK}Content-Length: 8\r\n\r\nall goo`)), null);
  assert.equal(reader.push(Buffer.from('d'))?.reason, 'check-passed');
});

test('AnswerReader says which status came and which were expected', () => {
  const { detail } = read(PLAN, 'HTTP/1.1 503 No\r\n\r\n');
  assert.equal(detail, 'status 503, expected 200-299, 401');
});

test('AnswerReader gives the same verdict however the answer is split', () => {
  for (const [name, plan, answer] of TABLE) {
    if (answer.length > 200) continue;
    const whole = read(plan, answer);
    for (let at = 0; at <= answer.length; at++) {
      assert.deepEqual(readPieces(plan, [answer.slice(0, at), answer.slice(at)]), whole, name);
    }
    assert.deepEqual(readPieces(plan, [...answer]), whole, name);
  }
});

function readPieces(plan: HttpStep, pieces: readonly string[]): AnswerVerdict {
  const reader = new AnswerReader(plan);
  for (const piece of pieces) {
    if (piece === '') continue;
    const verdict = reader.push(Buffer.from(piece, 'latin1'));
    if (verdict !== null) return verdict;
  }
  return reader.end();
}
