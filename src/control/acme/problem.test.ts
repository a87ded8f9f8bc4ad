import assert from 'node:assert/strict';
import test from 'node:test';
import { challengeError, printable, readProblem, requestError } from './problem.ts';

const URN = 'urn:ietf:params:acme:error:';

test('readProblem takes problem documents, and nothing else', () => {
  const read = readProblem({ type: `${URN}caa`, detail: 'no' });
  assert.deepEqual(read, { type: 'caa', detail: 'no' });
  assert.deepEqual(readProblem({ type: 'about:blank' }), { type: '', detail: '' });
  for (const value of [null, 'x', 7, [], {}, { detail: 'x' }])
    assert.equal(readProblem(value), null);
});

test('readProblem has the details of its parts (RFC 8555 §6.7.1)', () => {
  const subproblems = [{ type: `${URN}dns`, detail: 'a' }, { type: `${URN}dns`, detail: 'b' }, 7];
  const read = readProblem({ type: `${URN}malformed`, detail: 'two names', subproblems });
  assert.equal(read!.detail, 'two names a b');
});

test('printable lets nobody write more than a line', () => {
  assert.equal(printable('a\r\nb\u001b[31m\u2028c'), 'a b [31m c');
  assert.equal(printable('x'.repeat(9_000)).length, 501);
});

test('challengeError says what the authority met, by code', () => {
  const code = (type: string): string => {
    return challengeError('a.test', 'http-01', { type: `${URN}${type}`, detail: 'd' }).code;
  };
  assert.equal(code('dns'), 'BAL_ACME_DNS');
  assert.equal(code('connection'), 'BAL_ACME_CONNECTION');
  assert.equal(code('unauthorized'), 'BAL_ACME_CHALLENGE');
  assert.equal(code('incorrectResponse'), 'BAL_ACME_CHALLENGE');
  assert.equal(code('caa'), 'BAL_ACME_CAA');
  assert.equal(code('never-heard'), 'BAL_ACME_REFUSED');
  const { message } = challengeError('a.test', 'http-01', undefined);
  assert.match(message, /"a\.test" by http-01: no reason is given/);
});

test('requestError tells the order from the directory', () => {
  const of = (status: number, type: string | null): string => {
    const body = type === null ? null : { type: `${URN}${type}`, detail: 'd' };
    const { code, scope } = requestError({
      url: 'https://ca.test/x',
      status,
      body,
      retryAfterMs: 0,
    });
    return `${code} ${scope}`;
  };
  assert.equal(of(429, 'rateLimited'), 'BAL_ACME_RATE_LIMIT both');
  assert.equal(of(429, null), 'BAL_ACME_RATE_LIMIT both');
  assert.equal(of(500, 'serverInternal'), 'BAL_ACME_SERVER directory');
  assert.equal(of(502, null), 'BAL_ACME_SERVER directory');
  assert.equal(of(403, 'rejectedIdentifier'), 'BAL_ACME_REFUSED order');
  assert.equal(of(403, 'unauthorized'), 'BAL_ACME_ACCOUNT order');
  assert.equal(of(404, null), 'BAL_ACME_ANSWER directory');
});
