/** Hazards of the request line: method, target, version. */
import { get, getTarget, message, refused, served } from '../hazard-case.ts';
import type { HazardCase } from '../hazard-case.ts';

const DOTS = 'Dot segments, %2e, %2f, `//`';
const DOTS_RFC = 'RFC 3986 §6.2.2; RFC 9110 §4.2.3';
const FORMS = 'authority-form/`*`/fragment/space';
const FORMS_RFC = 'RFC 9112 §3, §3.2.1-4';
const VERSIONS = 'HTTP/0.9, /1.2, /2.0, lower-case';
const VERSIONS_RFC = 'RFC 9112 §2.3; RFC 9110 §2.5, §6.2';

/** Target as sent, target as the server must get it. */
const CANONICAL: readonly (readonly [string, string])[] = [
  ['/a/../b', '/b'],
  ['/a/./b/', '/a/b/'],
  ['/a/%2e%2e/b', '/b'],
  ['/a/.%2E/b', '/b'],
  ['//a///b', '/a/b'],
  ['/%41%7e', '/A~'],
  ['/a%c3%a9?x=%2e%2e/', '/a%C3%A9?x=%2e%2e/'],
  ['/a/..', '/'],
  ['/a;x/../b', '/b'],
  ['/a?b=/../c', '/a?b=/../c'],
  ['/%2541', '/%2541'],
];

/** Paths that are refused, and why. */
const REFUSED_PATHS: readonly (readonly [string, string])[] = [
  ['/../etc/passwd', 'bad-path'],
  ['/%2e%2e/etc/passwd', 'bad-path'],
  ['/a/../../b', 'bad-path'],
  ['/a%2fb', 'encoded-slash'],
  ['/a/..%2f..%2fb', 'encoded-slash'],
  ['/a%5cb', 'encoded-slash'],
  ['/%zz', 'bad-path'],
  ['/%4', 'bad-path'],
  ['/a%00b', 'bad-path'],
];

export const targetCases: readonly HazardCase[] = [
  {
    row: 'Absolute-form vs Host mismatch',
    section: 'RFC 9112 §3.2.2',
    name: "the target's authority is used and Host made anew",
    send: message(['GET http://b/x HTTP/1.1', 'Host: a']),
    ballast: served(message(['GET /x HTTP/1.1', 'Host: b'])),
  },
  {
    row: 'Absolute-form vs Host mismatch',
    section: 'RFC 9112 §3.2.2',
    name: 'absolute-form without a path',
    send: message(['GET http://a HTTP/1.1', 'Host: a']),
    ballast: served(get()),
  },
  {
    row: 'Absolute-form vs Host mismatch',
    section: 'RFC 9110 §4.2.4',
    name: 'absolute-form with user information',
    send: message(['GET http://u:p@a/x HTTP/1.1', 'Host: a']),
    ballast: refused('bad-target'),
  },
  {
    row: FORMS,
    section: FORMS_RFC,
    name: 'CONNECT with authority-form',
    send: message(['CONNECT a:443 HTTP/1.1', 'Host: a:443']),
    ballast: refused('connect-not-allowed'),
  },
  {
    row: FORMS,
    section: FORMS_RFC,
    name: 'GET with authority-form',
    send: getTarget('a:80'),
    ballast: refused('bad-target'),
  },
  {
    row: FORMS,
    section: FORMS_RFC,
    name: 'GET *',
    send: getTarget('*'),
    ballast: refused('bad-target'),
  },
  {
    row: FORMS,
    section: FORMS_RFC,
    name: 'OPTIONS * is passed on',
    send: message(['OPTIONS * HTTP/1.1', 'Host: a']),
    ballast: served(message(['OPTIONS * HTTP/1.1', 'Host: a'])),
  },
  {
    row: FORMS,
    section: FORMS_RFC,
    name: 'a fragment in the target',
    send: getTarget('/a#b'),
    ballast: refused('bad-target'),
  },
  {
    row: FORMS,
    section: FORMS_RFC,
    name: 'a space in the target',
    send: getTarget('/a b'),
    ballast: refused('bad-version'),
  },
  {
    row: FORMS,
    section: FORMS_RFC,
    name: 'two spaces before the target',
    send: message(['GET  / HTTP/1.1', 'Host: a']),
    ballast: refused('bad-request-line'),
  },
  {
    row: FORMS,
    section: FORMS_RFC,
    name: 'a tab in the target',
    send: getTarget('/a\tb'),
    ballast: refused('bad-target'),
  },
  {
    row: FORMS,
    section: 'RFC 9110 §9.1',
    name: 'a method that is no token',
    send: message(['G@T / HTTP/1.1', 'Host: a']),
    ballast: refused('bad-method'),
  },
  ...CANONICAL.map(([sent, got]): HazardCase => ({
    row: DOTS,
    section: DOTS_RFC,
    name: `the target ${sent}`,
    send: getTarget(sent),
    ballast: served(getTarget(got)),
  })),
  ...REFUSED_PATHS.map(([sent, reason]): HazardCase => ({
    row: DOTS,
    section: DOTS_RFC,
    name: `the target ${sent}`,
    send: getTarget(sent),
    ballast: refused(reason),
  })),
  {
    row: VERSIONS,
    section: VERSIONS_RFC,
    name: 'HTTP/0.9: GET / and nothing more',
    send: 'GET /\r\n\r\n',
    ballast: refused('bad-request-line'),
  },
  {
    row: VERSIONS,
    section: VERSIONS_RFC,
    name: 'HTTP/1.2 is served as HTTP/1.1',
    send: message(['GET / HTTP/1.2', 'Host: a']),
    ballast: served(get()),
  },
  {
    row: VERSIONS,
    section: VERSIONS_RFC,
    name: 'HTTP/2.0',
    send: message(['GET / HTTP/2.0', 'Host: a']),
    ballast: refused('unsupported-version'),
  },
  {
    row: VERSIONS,
    section: 'RFC 9113 §3.4',
    name: 'the preface of HTTP/2',
    send: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ballast: refused('unsupported-version'),
  },
  ...['http/1.1', 'HTTP/1.10', 'HTTP/1', 'HTTP/01.1', 'HTTP/1.1 ', 'XTTP/1.1'].map(
    (version): HazardCase => ({
      row: VERSIONS,
      section: VERSIONS_RFC,
      name: `the version "${version}"`,
      send: message([`GET / ${version}`, 'Host: a']),
      ballast: refused('bad-version'),
    }),
  ),
  {
    row: 'Via / loop, Max-Forwards, TRACE',
    section: 'RFC 9110 §7.6.2',
    name: 'OPTIONS with Max-Forwards: 0 is answered by the proxy itself',
    send: message(['OPTIONS / HTTP/1.1', 'Host: a', 'Max-Forwards: 0']),
    ballast: { answers: ['200'], ending: 'open', server: '' },
  },
  {
    row: 'Via / loop, Max-Forwards, TRACE',
    section: 'RFC 9110 §7.6.2',
    name: 'OPTIONS with Max-Forwards: 3 is passed on with 2',
    send: message(['OPTIONS / HTTP/1.1', 'Host: a', 'Max-Forwards: 3']),
    ballast: served(message(['OPTIONS / HTTP/1.1', 'Host: a', 'Max-Forwards: 2'])),
  },
  {
    row: 'Via / loop, Max-Forwards, TRACE',
    section: 'RFC 9110 §9.3.8',
    name: 'TRACE',
    send: message(['TRACE / HTTP/1.1', 'Host: a', 'Cookie: secret']),
    ballast: refused('trace-not-allowed'),
  },
];
