/** What parseRequestHead makes of good requests; the hazards have a file of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequestText } from './head-testkit.ts';
import type { HeadSummary } from './head-testkit.ts';
import { METHOD } from './http1-head.ts';
import type { RequestPolicy } from './http1-head.ts';

const H = 'Host: a.example\r\n';

type Row = {
  readonly title: string;
  readonly input: string;
  readonly policy?: Partial<RequestPolicy>;
  readonly expect: Partial<HeadSummary>;
};

const rows: readonly Row[] = [
  {
    title: 'reads method, path, query and Host (RFC 9112 §3)',
    input: 'GET /a/b?x=1&y=%2f HTTP/1.1\r\nHost: a.example:8080\r\nAccept:  */*\t \r\n\r\n',
    expect: {
      result: 'ok',
      method: METHOD.get,
      version: 1,
      path: '/a/b',
      query: 'x=1&y=%2f',
      host: 'a.example:8080',
      hostName: 'a.example',
      flags: [],
      body: 'none',
      fields: ['Host: a.example:8080', 'Accept: */*'],
    },
  },
  {
    title: 'ends where the head ends, not where the bytes end',
    input: `GET / HTTP/1.1\r\n${H}\r\nGET /next`,
    expect: { result: 'ok', size: 35, path: '/' },
  },
  {
    title: 'ignores one empty line before the request line (RFC 9112 §2.2)',
    input: `\r\nPOST / HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\n`,
    expect: { result: 'ok', method: METHOD.post, body: 'length', contentLength: 5 },
  },
  {
    title: 'says that nothing follows Content-Length: 0 (RFC 9112 §6.3)',
    input: `PUT / HTTP/1.1\r\n${H}Content-Length: 0\r\n\r\n`,
    expect: { result: 'ok', body: 'none', contentLength: 0, flags: ['length'] },
  },
  {
    title: 'takes Content-Length up to 2^53 - 1 (RFC 9110 §8.6)',
    input: `PUT / HTTP/1.1\r\n${H}Content-Length: 9007199254740991\r\n\r\n`,
    expect: { result: 'ok', body: 'length', contentLength: Number.MAX_SAFE_INTEGER },
  },
  {
    title: 'takes Transfer-Encoding: chunked in any case (RFC 9112 §7)',
    input: `POST / HTTP/1.1\r\n${H}transfer-encoding: CHunked \r\n\r\n`,
    expect: {
      result: 'ok',
      body: 'chunked',
      flags: ['chunked', 'drops'],
      fields: ['Host: a.example', '-transfer-encoding: CHunked'],
    },
  },
  {
    title: 'treats methods as case-sensitive tokens (RFC 9110 §9.1)',
    input: `get / HTTP/1.1\r\n${H}\r\n`,
    expect: { result: 'ok', method: METHOD.other },
  },
  {
    title: 'reads empty values, with and without white space (RFC 9112 §5)',
    input: `GET / HTTP/1.1\r\n${H}A:\r\nB: \t \r\nC:\t\r\n\r\n`,
    expect: { result: 'ok', fields: ['Host: a.example', 'A: ', 'B: ', 'C: '] },
  },
  {
    title: 'passes unknown methods on',
    input: `PROPFIND / HTTP/1.1\r\n${H}\r\n`,
    expect: { result: 'ok', method: METHOD.other },
  },
  {
    title: 'closes after HTTP/1.0 and needs no Host there (RFC 9112 §9.3)',
    input: 'GET / HTTP/1.0\r\n\r\n',
    expect: { result: 'ok', version: 0, host: null, hostName: null, flags: ['close'] },
  },
  {
    title: 'keeps HTTP/1.0 alive where asked',
    input: 'GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n',
    expect: { result: 'ok', flags: ['keepAlive', 'drops'] },
  },
  {
    title: 'reads Connection: close among other options (RFC 9112 §9.6)',
    input: `GET / HTTP/1.1\r\n${H}Connection: foo ,, Close\r\n\r\n`,
    expect: { result: 'ok', flags: ['close', 'drops'] },
  },
  {
    title: 'takes an IPv6 literal as Host (RFC 3986 §3.2.2)',
    input: 'GET / HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n\r\n',
    expect: { result: 'ok', host: '[2001:db8::1]:8443', hostName: '[2001:db8::1]' },
  },
  {
    title: 'leaves a trailing dot out of the host name',
    input: 'GET / HTTP/1.1\r\nHost: a.example.:80\r\n\r\n',
    expect: { result: 'ok', host: 'a.example.:80', hostName: 'a.example' },
  },
  {
    title: 'keeps unusual field names where the policy says so',
    input: `GET / HTTP/1.1\r\n${H}X_Y: 1\r\n\r\n`,
    policy: { unusualFieldNames: 'keep' },
    expect: { result: 'ok', flags: ['unusualNames'], fields: ['Host: a.example', 'X_Y: 1'] },
  },
  {
    title: 'recognises Expect: 100-continue (RFC 9110 §10.1.1)',
    input: `PUT / HTTP/1.1\r\n${H}Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n`,
    expect: { result: 'ok', flags: ['expectContinue', 'length'] },
  },
  {
    title: 'ignores Expect in HTTP/1.0 and does not pass it on (RFC 9110 §10.1.1)',
    input: 'PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n',
    expect: {
      result: 'ok',
      flags: ['close', 'length', 'drops'],
      fields: ['-Expect: 100-continue', 'Content-Length: 1'],
    },
  },
  {
    title: 'recognises a WebSocket upgrade (RFC 6455 §4.1)',
    input: `GET / HTTP/1.1\r\n${H}Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n`,
    expect: {
      result: 'ok',
      flags: ['keepAlive', 'upgrade', 'webSocket', 'drops'],
      upgrade: 'WebSocket',
    },
  },
  {
    title: 'recognises TE: trailers (RFC 9110 §10.1.4)',
    input: `GET / HTTP/1.1\r\n${H}Connection: TE\r\nTE: trailers\r\n\r\n`,
    expect: { result: 'ok', flags: ['drops', 'trailers'] },
  },
  {
    title: 'takes OPTIONS * (RFC 9112 §3.2.4)',
    input: `OPTIONS * HTTP/1.1\r\n${H}\r\n`,
    expect: { result: 'ok', method: METHOD.options, path: '*', flags: [] },
  },
  {
    title: 'gives an absolute-form without a path "/" (RFC 9112 §3.2.1)',
    input: `GET HTTP://B.example:81?q HTTP/1.1\r\n${H}\r\n`,
    expect: { result: 'ok', path: '/', query: 'q', host: 'B.example:81', hostName: 'B.example' },
  },
  {
    title: 'gives OPTIONS in absolute-form without a path "*" (RFC 9112 §3.2.4)',
    input: `OPTIONS https://b.example HTTP/1.1\r\n${H}\r\n`,
    expect: { result: 'ok', path: '*', query: null, host: 'b.example' },
  },
  {
    title: 'gives another method in absolute-form without a path and a query "/"',
    input: `GET http://b.example HTTP/1.1\r\n${H}\r\n`,
    expect: { result: 'ok', path: '/', query: null, host: 'b.example' },
  },
  {
    title: 'gives OPTIONS in absolute-form with only a query "/" (RFC 9112 §3.2.4)',
    input: `OPTIONS http://b.example?q HTTP/1.1\r\n${H}\r\n`,
    expect: { result: 'ok', path: '/', query: 'q' },
  },
  {
    title: 'leaves an empty query empty',
    input: `GET /? HTTP/1.1\r\n${H}\r\n`,
    expect: { result: 'ok', path: '/', query: '' },
  },
  {
    title: 'does not touch the query when it settles the path',
    input: `GET /a/./%7eb?x=/../%7e HTTP/1.1\r\n${H}\r\n`,
    expect: { result: 'ok', path: '/a/~b', query: 'x=/../%7e', flags: ['targetChanged'] },
  },
  {
    title: 'says nothing of a change where the path was canonical',
    input: `GET /.well-known/x%2Dy/..z/%C3 HTTP/1.1\r\n${H}\r\n`.replace('%2D', '-'),
    expect: { result: 'ok', path: '/.well-known/x-y/..z/%C3', flags: [] },
  },
  {
    title: 'says so where only the case of an escape changed',
    input: `GET /%c3 HTTP/1.1\r\n${H}\r\n`,
    expect: { result: 'ok', path: '/%C3', flags: ['targetChanged'] },
  },
];

for (const method of ['XET', 'GXT', 'GEX', 'GETX', 'GE', 'G']) {
  test(`parseRequestHead takes ${method} for another method than GET`, () => {
    assert.equal(parseRequestText(`${method} / HTTP/1.1\r\n${H}\r\n`).method, METHOD.other);
  });
}

for (const { title, input, policy, expect } of rows) {
  test(`parseRequestHead ${title}`, () => {
    const summary = parseRequestText(input, policy);
    const picked = Object.keys(expect).map((key) => [key, summary[key as keyof HeadSummary]]);
    assert.deepEqual(Object.fromEntries(picked), expect);
  });

  test(`parseRequestHead ${title}: every prefix is incomplete`, () => {
    const size = parseRequestText(input, policy).size;
    for (let end = 0; end < size; end++) {
      assert.equal(parseRequestText(input.slice(0, end), policy).result, 'incomplete', `at ${end}`);
    }
  });
}
