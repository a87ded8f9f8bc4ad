/** Hazards of what a server answers. */
import { delay } from '../../kit/wait.ts';
import { badAnswer, get, message, OK, served } from '../hazard-case.ts';
import type { Expectation, HazardCase } from '../hazard-case.ts';

const GET = get();

const LENGTHS = 'Dup CL differ, +5, -1, 0x5, empty, >2^63';
const NO_BODY = 'HEAD/204/304/1xx/CONNECT-2xx bodies';
const NO_BODY_RFC = 'RFC 9112 §6.3(1)(2), §11.1; RFC 9110 §8.6, §9.3.2';

/** Lines of an answer with the body `ok`. */
const answerWith = (...lines: string[]): string => message(['HTTP/1.1 200 OK', ...lines], 'ok');

/** Answers that are no valid HTTP: what they are called, and their bytes. */
const BROKEN: readonly (readonly [string, string, string, string])[] = [
  [
    LENGTHS,
    'RFC 9112 §6.3(5)',
    'two different Content-Length fields of an answer',
    answerWith('Content-Length: 2', 'Content-Length: 3'),
  ],
  [
    LENGTHS,
    'RFC 9112 §6.3(5)',
    'Content-Length: +2 of an answer',
    answerWith('Content-Length: +2'),
  ],
  [
    LENGTHS,
    'RFC 9112 §6.3(5)',
    'Content-Length: -1 of an answer',
    answerWith('Content-Length: -1'),
  ],
  [
    'WS before colon (req)',
    'RFC 9112 §5.1',
    'a space before a colon of an answer',
    answerWith('Content-Length : 2'),
  ],
  [
    'obs-fold (req)',
    'RFC 9112 §5.2',
    'a folded field of an answer',
    answerWith('X-A: a', ' b', 'Content-Length: 2'),
  ],
  [
    'Bare CR; NUL in value',
    'RFC 9112 §2.2',
    'a CR within a field of an answer',
    answerWith('X-A: a\rb', 'Content-Length: 2'),
  ],
  [
    'Bare CR; NUL in value',
    'RFC 9110 §5.5',
    'a NUL within a field of an answer',
    answerWith('X-A: a\0b', 'Content-Length: 2'),
  ],
  [
    'TE not ending in chunked (req)',
    'RFC 9112 §6.1',
    'an unknown transfer coding of an answer',
    answerWith('Transfer-Encoding: gzip, chunked'),
  ],
  [
    'HTTP/0.9, /1.2, /2.0, lower-case',
    'RFC 9112 §2.3',
    'an answer that is no HTTP',
    'hello\r\n\r\n',
  ],
  [
    'HTTP/0.9, /1.2, /2.0, lower-case',
    'RFC 9112 §4',
    'a status of two digits',
    message(['HTTP/1.1 20 OK', 'Content-Length: 2'], 'ok'),
  ],
];

const cut = (more: Partial<Expectation> = {}): Expectation => ({
  answers: ['200 cut'],
  ending: 'closed',
  server: GET,
  ...more,
});

export const responseCases: readonly HazardCase[] = [
  ...BROKEN.map(([row, section, name, answer]): HazardCase => ({
    row,
    section,
    name,
    send: GET,
    answer,
    answerThenClose: true,
    ballast: badAnswer(),
  })),
  {
    row: '101 unsolicited / websocket key',
    section: 'RFC 9110 §15.2.2, §7.8',
    name: 'a server switches protocols unasked',
    send: GET,
    answer: message(['HTTP/1.1 101 Switching', 'Connection: upgrade', 'Upgrade: websocket']),
    ballast: badAnswer('unsolicited-upgrade'),
  },
  {
    row: '101 unsolicited / websocket key',
    section: 'RFC 6455 §4.1',
    name: 'a websocket upgrade without a key is not passed on as an upgrade',
    send: get('Connection: Upgrade', 'Upgrade: websocket'),
    ballast: served(GET),
  },
  {
    row: '1xx (103 etc.)',
    section: 'RFC 9110 §15.2',
    name: '103 Early Hints is relayed before the answer',
    send: GET,
    answer: `${message(['HTTP/1.1 103 Early Hints', 'Link: </a>'])}${OK}`,
    ballast: served(GET, { answers: ['103', '200 ok'] }),
  },
  {
    row: '1xx (103 etc.)',
    section: 'RFC 9110 §15.2',
    name: 'a 1xx is not sent to a client of HTTP/1.0',
    send: message(['GET / HTTP/1.0', 'Host: a']),
    answer: `${message(['HTTP/1.1 103 Early Hints', 'Link: </a>'])}${OK}`,
    ballast: served(GET, { answers: ['200 ok'], ending: 'closed' }),
  },
  {
    row: '1xx (103 etc.)',
    section: 'RFC 9110 §15.2',
    name: 'a server that sends 1xx without end is refused',
    send: GET,
    answer: message(['HTTP/1.1 102 Processing']).repeat(2_000),
    onlyBallast: 'the others relay them all',
    ballast: {
      answers: [...Array.from({ length: 16 }, () => '102'), '502'],
      reason: 'server-bad-answer',
      ending: 'open',
      server: GET,
    },
  },
  {
    row: NO_BODY,
    section: NO_BODY_RFC,
    name: 'the answer to HEAD keeps its Content-Length and has no body',
    send: message(['HEAD / HTTP/1.1', 'Host: a']),
    isHead: true,
    answer: message(['HTTP/1.1 200 OK', 'Content-Length: 1000']),
    ballast: served(message(['HEAD / HTTP/1.1', 'Host: a']), {
      answers: ['200'],
      client: [/content-length: 1000/i],
    }),
  },
  {
    row: NO_BODY,
    section: NO_BODY_RFC,
    name: 'a 204 loses its Content-Length and its body is not passed on',
    send: GET,
    answer: message(['HTTP/1.1 204 No Content', 'Content-Length: 3'], 'bad'),
    ballast: served(GET, { answers: ['204'], clientNot: [/content-length/i, /bad/] }),
  },
  {
    row: NO_BODY,
    section: NO_BODY_RFC,
    name: 'a 304 has no body whatever its Content-Length',
    send: GET,
    answer: message(['HTTP/1.1 304 Not Modified', 'Content-Length: 1000']),
    ballast: served(GET, { answers: ['304'] }),
  },
  {
    row: NO_BODY,
    section: NO_BODY_RFC,
    name: 'a 204 with Transfer-Encoding loses it',
    send: GET,
    answer: message(['HTTP/1.1 204 No Content', 'Transfer-Encoding: chunked']),
    ballast: served(GET, { answers: ['204'], clientNot: [/transfer-encoding/i] }),
  },
  {
    row: 'Extra bytes after response',
    section: 'RFC 9112 §6.3, §11.1',
    name: 'bytes behind an answer are dropped and that connection is not used again',
    send: GET,
    answer: `${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`,
    ballast: served(GET, { clientNot: [/evil/], connections: 2 }),
  },
  {
    row: 'Truncated response',
    section: 'RFC 9112 §8',
    name: 'a length-framed answer that ends too early',
    send: GET,
    answer: message(['HTTP/1.1 200 OK', 'Content-Length: 100'], 'short'),
    answerThenClose: true,
    ballast: cut(),
  },
  {
    row: 'Truncated response',
    section: 'RFC 9112 §8',
    name: 'a chunked answer that ends too early',
    send: GET,
    answer: message(['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n'),
    answerThenClose: true,
    ballast: cut({ clientNot: [/\r\n0\r\n\r\n$/] }),
  },
  {
    row: 'Truncated response',
    section: 'RFC 9112 §7.1',
    name: 'a chunked answer whose chunks break before anything was sent on',
    send: GET,
    answer: message(['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'], '5\r\nhello\r\nzz\r\n'),
    ballast: badAnswer(),
  },
  {
    row: 'Truncated response',
    section: 'RFC 9112 §7.1',
    name: 'a chunked answer whose chunks break after a part was sent on',
    send: GET,
    script: async (connection) => {
      await connection.readUntil('\r\n\r\n');
      const head = ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'];
      await connection.write(message(head, '5\r\nhello\r\n'));
      // Nothing tells the server when its bytes have been passed on.
      await delay(300);
      await connection.write('zz\r\n');
    },
    ballast: cut({ client: [/hello/], clientNot: [/\r\n0\r\n\r\n$/] }),
  },
  {
    row: 'CL/TE in responses both; 1.0+chunked',
    section: 'RFC 9112 §6.1, §6.3(3)',
    name: 'chunked wins, Content-Length is dropped, the connection is not used again',
    send: GET,
    answer: message(
      ['HTTP/1.1 200 OK', 'Content-Length: 100', 'Transfer-Encoding: chunked'],
      '2\r\nok\r\n0\r\n\r\n',
    ),
    ballast: served(GET, { clientNot: [/content-length: 100/i], connections: 2 }),
  },
  {
    row: 'CL/TE in responses both; 1.0+chunked',
    section: 'RFC 9112 §6.1',
    name: 'a chunked answer of HTTP/1.0',
    send: GET,
    answer: message(['HTTP/1.0 200 OK', 'Transfer-Encoding: chunked'], '2\r\nok\r\n0\r\n\r\n'),
    answerThenClose: true,
    ballast: badAnswer(),
  },
  {
    row: 'Server half-close / FIN',
    section: 'RFC 9112 §6.3(8), §8',
    name: 'an answer without a length lasts until the server closes',
    send: GET,
    answer: message(['HTTP/1.1 200 OK'], 'ok'),
    answerThenClose: true,
    ballast: served(GET, { ending: 'closed' }),
  },
  {
    row: 'Trailer carrying CL/TE/Host/auth',
    section: 'RFC 9110 §6.5.1',
    name: 'forbidden trailer fields of an answer are dropped',
    send: get('TE: trailers', 'Connection: TE'),
    answer: message(
      ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'],
      '2\r\nok\r\n0\r\nContent-Length: 9\r\nSet-Cookie: a=b\r\nX-Sum: 1\r\n\r\n',
    ),
    ballast: served(/^GET \/ HTTP\/1\.1\r\nHost: a\r\n/, {
      client: [/\r\n0\r\n(.*\r\n)*X-Sum: 1\r\n/i],
      clientNot: [/Content-Length: 9/i],
    }),
  },
  {
    row: 'Server half-close / FIN',
    section: 'RFC 9112 §6.3(8), §8',
    name: 'a server that closes without an answer',
    send: GET,
    answer: '',
    answerThenClose: true,
    ballast: badAnswer('server-closed'),
  },
  {
    row: 'Retry',
    section: 'RFC 9110 §9.2.2; RFC 9112 §9.3.1',
    name: 'a POST that reached a server is not sent again',
    send: message(['POST / HTTP/1.1', 'Host: a', 'Content-Length: 5'], 'hello'),
    answer: '',
    answerThenClose: true,
    ballast: badAnswer('server-closed', {
      server: message(['POST / HTTP/1.1', 'Host: a', 'Content-Length: 5'], 'hello'),
    }),
  },
];
