import assert from 'node:assert/strict';
import test from 'node:test';
import { TEST_POLICY } from '../codec/head-testkit.ts';
import { RequestHead } from '../codec/http1-head.ts';
import { parseRequestHead } from '../codec/http1-request.ts';
import { httpChallengeAnswer, setHttpChallenges } from './http-challenges.ts';

/** What the request line is answered with; null where routes decide. */
function answerTo(method: string, target: string): string | null {
  const bytes = Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
  const head = new RequestHead();
  assert.ok(parseRequestHead(bytes, 0, bytes.length, TEST_POLICY, head) > 0);
  const answer = httpChallengeAnswer(bytes, head);
  return answer === null ? null : Buffer.from(answer).toString();
}

test('httpChallengeAnswer answers GET and HEAD of known tokens alone (RFC 8555 §8.3)', () => {
  setHttpChallenges([
    { token: 'tok-1', answer: 'tok-1.key' },
    { token: 'tok_2', answer: 'tok_2.key' },
  ]);
  assert.equal(answerTo('GET', '/.well-known/acme-challenge/tok-1'), 'tok-1.key');
  assert.equal(answerTo('HEAD', '/.well-known/acme-challenge/tok_2'), 'tok_2.key');
  assert.equal(answerTo('GET', '//.well-known/x/../acme-challenge/tok-1?a=b'), 'tok-1.key');
  assert.equal(answerTo('POST', '/.well-known/acme-challenge/tok-1'), null);
  assert.equal(answerTo('GET', '/.well-known/acme-challenge/tok-3'), null);
  assert.equal(answerTo('GET', '/.well-known/acme-challenge/'), null);
  assert.equal(answerTo('GET', '/.well-known/acme-challenge'), null);
  assert.equal(answerTo('GET', '/.well-known/acme-challenge/tok-1/'), null);
  assert.equal(answerTo('GET', '/'), null);
});

test('setHttpChallenges takes the place of all that were there', () => {
  setHttpChallenges([{ token: 'old', answer: 'old.key' }]);
  setHttpChallenges([{ token: 'new', answer: 'new.key' }]);
  assert.equal(answerTo('GET', '/.well-known/acme-challenge/old'), null);
  assert.equal(answerTo('GET', '/.well-known/acme-challenge/new'), 'new.key');
  setHttpChallenges([]);
  assert.equal(answerTo('GET', '/.well-known/acme-challenge/new'), null);
});
