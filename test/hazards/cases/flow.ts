/** Hazards of who speaks when. */
import { get, message, OK, post, served } from '../hazard-case.ts';
import type { HazardCase } from '../hazard-case.ts';

const EXPECTING = post(['Expect: 100-continue', 'Content-Length: 5'], '');

export const flowCases: readonly HazardCase[] = [
  {
    row: 'Expect: 100-continue',
    section: 'RFC 9110 §10.1.1, §15.2.1',
    name: "the server's 100 is relayed, then the body passed on",
    send: `${EXPECTING}hello`,
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      await connection.write(message(['HTTP/1.1 100 Continue']));
      await connection.readBytes(5);
      await connection.write(OK);
    },
    ballast: served(`${EXPECTING}hello`, { answers: ['100', '200 ok'] }),
  },
  {
    row: 'Expect: 100-continue',
    section: 'RFC 9110 §10.1.1',
    name: 'a final answer in place of 100 is relayed and the connection closed',
    send: EXPECTING,
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      await connection.write(message(['HTTP/1.1 417 No', 'Content-Length: 0']));
    },
    ballast: served(EXPECTING, { answers: ['417'], ending: 'closed' }),
  },
  {
    row: 'Expect: 100-continue',
    section: 'RFC 9110 §10.1.1',
    name: 'another expectation is refused',
    send: post(['Expect: magic', 'Content-Length: 5'], 'hello'),
    ballast: {
      answers: ['417'],
      reason: 'expectation-failed',
      ending: 'closed',
      server: '',
    },
  },
  {
    row: 'Early response (413/401 while uploading)',
    section: 'RFC 9112 §9.3, §9.6; RFC 9110 §10.1.1',
    name: 'an answer that comes before the body is sent on and the connection closed',
    send: post(['Content-Length: 100000'], 'x'.repeat(1_000)),
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      await connection.write(message(['HTTP/1.1 413 Large', 'Content-Length: 0']));
    },
    ballast: { answers: ['413'], ending: 'closed', server: /^POST [^]*Content-Length: 100000/ },
  },
  {
    row: 'Client half-close',
    section: 'RFC 9112 §9.6',
    name: 'a client that ends its direction after its request is served',
    send: get(),
    halfClose: true,
    peersRace: true,
    ballast: { answers: ['200 ok'], ending: 'closed', server: get() },
  },
  {
    row: 'Client half-close',
    section: 'RFC 9112 §8',
    name: 'a client that ends its direction within its body has made no request',
    send: post(['Content-Length: 100'], 'short'),
    halfClose: true,
    onlyBallast: 'whether the server sees anything depends on timing there',
    ballast: { answers: [], ending: 'closed', server: /^(POST [^]*short)?$/ },
  },
  {
    row: 'Pipelining',
    section: 'RFC 9112 §9.3.2',
    name: 'three requests at once are answered in order',
    send: ['/1', '/2', '/3'].map((path) => message([`GET ${path} HTTP/1.1`, 'Host: a'])).join(''),
    script: async (connection) => {
      for (let i = 0; i < 3; i++) {
        const { target } = await connection.readMessage('request');
        await connection.write(message(['HTTP/1.1 200 OK', 'Content-Length: 2'], target));
      }
    },
    ballast: {
      answers: ['200 /1', '200 /2', '200 /3'],
      ending: 'open',
      server: ['/1', '/2', '/3']
        .map((path) => message([`GET ${path} HTTP/1.1`, 'Host: a']))
        .join(''),
    },
  },
  {
    row: 'Pipelining',
    section: 'RFC 9112 §9.3.2',
    name: 'a request behind a refused one is not served',
    send: `${message(['GET / HTTP/1.1', 'Host: a', 'Host: b'])}${get()}`,
    ballast: { answers: ['400'], reason: 'duplicate-host', ending: 'closed', server: '' },
  },
  {
    row: 'Slowloris head/body/read, tiny windows',
    section: 'RFC 9110 §15.5.9',
    name: 'a head that does not arrive in time',
    send: 'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ',
    listener: { timeouts: { head: '500ms' } },
    ballast: { answers: ['408'], reason: 'head-timeout', ending: 'closed', server: '' },
  },
  {
    row: 'Slowloris head/body/read, tiny windows',
    section: 'RFC 9110 §15.5.9',
    name: 'a body that makes no progress',
    send: post(['Content-Length: 100'], 'abc'),
    listener: { timeouts: { bodyIdle: '500ms' } },
    ballast: {
      answers: ['408'],
      reason: 'body-timeout',
      ending: 'closed',
      server: /^(POST [^]*)?$/,
    },
  },
  {
    row: 'Via / loop, Max-Forwards, TRACE',
    section: 'RFC 9110 §7.6.3',
    name: 'Via is added to the request and to the answer where configured',
    send: get('Via: 1.0 fred'),
    listener: { forwarded: { via: 'edge' } },
    onlyBallast: 'off there by default',
    ballast: served(
      /^GET \/ HTTP\/1\.1\r\nHost: a\r\n(Via: 1\.0 fred, 1\.1 edge|Via: 1\.0 fred\r\nVia: 1\.1 edge)\r\n\r\n$/i,
      {
        client: [/\r\nVia: 1\.1 edge\r\n/i],
      },
    ),
  },
  {
    row: 'Via / loop, Max-Forwards, TRACE',
    section: 'RFC 9110 §7.6.3',
    name: 'a request that has passed through too often is a loop',
    send: get(`Via: ${Array.from({ length: 30 }, () => '1.1 edge').join(', ')}`),
    listener: { forwarded: { via: 'edge' } },
    onlyBallast: 'off there by default',
    ballast: { answers: ['508'], reason: 'loop-detected', ending: 'open', server: '' },
  },
];
